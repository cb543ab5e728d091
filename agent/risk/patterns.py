"""Patterns as people write them enter, compiled; folded text enters, the first pattern that matches leaves.

RE2 runs them all: its time grows with the text alone, so that no pattern and no ticket can stall a decision.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import re2

from agent.errors import PatternError
from agent.risk.fold import fold_letters

MAX_PATTERN_CHARS = 3000

GAP = " ... "
"""In a pattern: up to six words of the same sentence."""

_GAP = r" (?:[^ \n]+ ){0,6}"
_START = r"(?:^|[ \n@$.:/\\*+#%&=_-])"
_END = r"(?:$|[ \n@$.:/\\*+#%&=_-])"
"""What folding leaves between words; an ASCII class keeps the automaton small."""

_ESCAPE = re.compile(r"(\\[pP](?:\{\w+\}|\w)|\\.)")
"""What stands for something else than its letters, and so is not folded."""

_MEMORY_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern as the policy holds it."""

    text: str
    language: str = "en"


def check_pattern(text: str) -> None:
    """Refuse a pattern that cannot be used.

    Args:
        text: As a person wrote it.

    Raises:
        PatternError: It is no RE2 expression, too long, or matches any text.
    """
    if not text.strip() or len(text) > MAX_PATTERN_CHARS:
        raise PatternError(f"the pattern {text[:60]!r} cannot be used; expected 1 to {MAX_PATTERN_CHARS} characters")
    # By itself first: inside its bounds an unmatched bracket could close theirs.
    _compile(_folded(text), text)
    if _compile(_bounded(text), text).search(" zq "):
        raise PatternError(f"the pattern {text!r} matches any text; name at least one word")


class PatternSet:
    """Patterns that are looked for together. Safe to use from several threads."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Compile the patterns; raises `PatternError` where one cannot be."""
        self._patterns = tuple(patterns)
        self._expressions = [_bounded(pattern.text) for pattern in patterns]
        self._any = _compile("|".join(self._expressions), "the patterns together") if patterns else None

    def find(self, text: str) -> Pattern | None:
        """Return the first pattern, in their order, that a folded text holds.

        Args:
            text: Folded sentences, a line each.
        """
        if self._any is None or not self._any.search(text):
            return None
        for pattern, expression in zip(self._patterns, self._expressions, strict=True):
            if _compile(expression, pattern.text).search(text):
                return pattern
        return None

    def blank(self, text: str) -> str:
        """Take what matches out of a folded text."""
        return text if self._any is None else str(self._any.sub(" ", text))


def _compile(expression: str, text: str) -> "re2._Regexp[str]":
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise PatternError(
            f"the pattern {text[:80]!r} is no RE2 expression: {reason[:160]}; see "
            "https://github.com/google/re2/wiki/Syntax, which knows no backreferences and no look-around"
        ) from error


def _bounded(text: str) -> str:
    """Let a pattern match whole words only, but in scripts that set no spaces, or endings, between words."""
    folded = _folded(text)
    if any("\u0600" <= letter <= "\u0eff" or "\u3040" <= letter <= "\ud7ff" for letter in folded):
        return f"(?:{folded})"
    return f"(?:{_START}(?:{folded}){_END})"


def _folded(text: str) -> str:
    return "".join(_fold_literal(part) for part in _ESCAPE.split(text)).replace(GAP, _GAP)


def _fold_literal(part: str) -> str:
    return part if part.startswith("\\") else fold_letters(part).replace("'", "").replace("’", "")
