"""An article's original enters; what no reader sees leaves: characters that smuggle data or were pasted, hidden text.

Innocent, and not reported: soft hyphens, variation selectors after emoji and ideographs, joiners between emoji or in
scripts that are written with them, direction marks in text with letters written from right to left, a mark at the
head of a file.
"""

import re
import unicodedata
from collections.abc import Iterator

from ingest.lint.original import COMMENT, Original, Passage, finding
from ingest.models import Finding

HIDDEN_RUN = 8
"""So many invisible characters in a row carry a byte; nobody pastes them by accident."""

HIDDEN_IN_LINE = 16
"""So many of several kinds in one line spell something; pasting leaves few, and all of one kind."""

# Flags of regions are a black flag followed by tag letters and a closing tag:
# https://unicode.org/reports/tr51/#def_emoji_tag_sequence
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f")
_ZERO_WIDTH = "\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff"
_SMUGGLED = (
    ("text in invisible tag characters", re.compile("[\U000e0000-\U000e007f]+")),
    ("data in a row of variation selectors", re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")),
    (
        "data in a row of zero-width characters",
        re.compile(f"[{_ZERO_WIDTH}\u200c-\u200f]{{{HIDDEN_RUN},}}"),
    ),
    ("a character that turns text round, so that it reads other than it is", re.compile("[\u202d\u202e]")),
)
_STRAY = re.compile(
    f"[{_ZERO_WIDTH}]"
    "|(?<=[A-Za-z\u00c0-\u024f\u0370-\u04ff])[\ufe00-\ufe0f]"
    "|(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
    # Joiners belong between emoji, and in every script with joined or conjunct letters.
    "|(?<![\u0600-\u1cff\u2190-\u27bf\u2b00-\u2bff\ua8e0-\ua9ff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202c\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_MAX_NAMES = 3


def check_invisible(original: Original) -> Iterator[Finding]:
    """Find what no reader sees.

    Args:
        original: The article and what it was read from.

    Yields:
        For each way of smuggling, a quarantine; for stray characters and for hidden text, a warning each.
    """
    passages = [passage for passage in original.hidden if passage.hidden != COMMENT]
    if passages:
        count = sum(len(passage.text.split()) for passage in passages)
        detail = f"{count} words that its page does not show, and its readers here would see"
        yield finding("hidden-text", "warning", detail, passages[0].text, passages[0].line)
    if not original.whole.text.isascii():
        yield from _characters(original.whole)


def _characters(passage: Passage) -> Iterator[Finding]:
    # A file may begin with a mark. Flags are blanked in place, so that offsets stay.
    text = _FLAG.sub(lambda flag: " " * len(flag[0]), re.sub("^\ufeff", " ", passage.text))
    for what, pattern in _SMUGGLED:
        found = list(pattern.finditer(text))
        if found:
            evidence = "".join(match[0] for match in found)
            yield finding("hidden-data", "quarantine", what, evidence, passage.line_of(found[0].start()))
    directed = _RIGHT_TO_LEFT.search(text) is not None
    lines = enumerate(text.split("\n"))
    by_line = {number: strays for number, line in lines if (strays := _strays(line, directed=directed))}
    if by_line:
        yield _stray_finding(by_line, passage)


def _strays(line: str, *, directed: bool) -> str:
    if line.isascii():
        return ""
    found = _STRAY.findall(line)
    return "".join(found if directed else found + _DIRECTION.findall(line))


def _stray_finding(by_line: dict[int, str], passage: Passage) -> Finding:
    evidence = "".join(by_line.values())
    first = None if passage.line is None else passage.line + min(by_line)
    if any(len(found) >= HIDDEN_IN_LINE and len(set(found)) > 1 for found in by_line.values()):
        return finding("hidden-data", "quarantine", "data in invisible characters among the letters", evidence, first)
    names = sorted({unicodedata.name(char, f"U+{ord(char):04X}").lower() for char in evidence})
    listed = ", ".join(names[:_MAX_NAMES]) + (", …" if len(names) > _MAX_NAMES else "")
    count = f"{len(evidence)} invisible character{'s' if len(evidence) > 1 else ''}"
    return finding("invisible-characters", "warning", f"{count}: {listed}", evidence, first)
