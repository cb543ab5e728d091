"""An article's original enters; what in it speaks to a model rather than to a person leaves."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator

from ingest.lint.original import Original, Passage, finding
from ingest.lint.phrases import CERTAIN, MARKERS, POSSIBLE
from ingest.models import Finding
from ingest.parse.inline import strip_invisible

_MARKUP = re.compile(r"[\s*_`>~|\"“”„«»#]+")


def check_instructions(original: Original) -> Iterator[Finding]:
    """Find instructions addressed to a model.

    What can only be meant for a model is quarantined. What may be meant for a model or for a person is quarantined
    where persons cannot see it, and a warning where they can.

    Args:
        original: The article and what it was read from.

    Yields:
        A finding per kind of instruction, at its first place.
    """
    seen: set[str] = set()
    for passage in (*original.hidden, original.whole, original.read):
        for what, evidence, line, certain in _instructions(passage):
            if what in seen:
                continue
            seen.add(what)
            if certain or passage.hidden:
                where = f", in {passage.hidden}" if passage.hidden else ""
                yield finding("instruction", "quarantine", f"{what}{where}", evidence, line)
            else:
                yield finding("suspicious-instruction", "warning", what, evidence, line)


def _instructions(passage: Passage) -> Iterator[tuple[str, str, int | None, bool]]:
    """Give what each instruction does, its words, its line, and whether it is certainly one."""
    marker = next(MARKERS.matches(passage.text.lower()), None)
    if marker is not None:
        yield MARKERS.what, marker[0], passage.line_of(marker.start()), True
    folded = _Folded(passage)
    certain = [(phrase.what, match) for phrase in CERTAIN for match in phrase.matches(folded.text)]
    possible = [(phrase.what, match) for phrase in POSSIBLE for match in phrase.matches(folded.text)]
    known = {folded.line_of(match.start()) for _, match in certain}
    for what, match in certain:
        yield what, match[0], folded.line_of(match.start()), True
    for what, match in possible:
        if folded.line_of(match.start()) not in known:
            yield what, match[0], folded.line_of(match.start()), False


class _Folded:
    """A passage on one line, so that neither case, markup, line breaks nor invisible characters hide its words."""

    def __init__(self, passage: Passage) -> None:
        self._passage_line = passage.line
        self._starts: list[int] = []
        self._lines: list[int] = []
        parts: list[str] = []
        length = 0
        for number, line in enumerate(passage.text.split("\n")):
            plain = line if line.isascii() else unicodedata.normalize("NFKC", strip_invisible(line))
            words = _MARKUP.sub(" ", plain.lower()).strip()
            if words:
                self._starts.append(length)
                self._lines.append(number)
                parts.append(words)
                length += len(words) + 1
        self.text = " ".join(parts)

    def line_of(self, offset: int) -> int | None:
        """Say which line of the original a character of `text` is in."""
        if self._passage_line is None:
            return None
        return self._passage_line + self._lines[bisect_right(self._starts, offset) - 1]
