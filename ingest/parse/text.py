"""Plain text enters, normalised text with its blocks leaves: what its author laid out by hand is recognised."""

import re
from collections.abc import Iterator

from ingest.frontmatter import split_front_matter
from ingest.metadata import title_field
from ingest.parse.blocks import TextBuilder
from ingest.parse.document import Parsed, title_of
from ingest.parse.inline import clean_line

WRAPPED_CHARS = 60
"""A line at least this long was wrapped by its editor; a shorter one was ended by its author."""

MAX_HEADING_CHARS = 70

_STEP = re.compile(r"(\s{0,3})(?:[Ss]tep\s+)?(\d{1,3})[.):]\s+(?=\S)")
_ITEM = re.compile(r"(\s{0,3})[-*•]\s+(?=\S)")
_UNDERLINE = re.compile(r"={3,}|-{3,}")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})\s*([\w+#-]*)\s*")
_INDENTED = re.compile(r"(?: {4}|\t)")


def parse_text(source: str) -> Parsed:
    """Parse plain text: paragraphs, numbered steps, items, indented or fenced code, underlined or capital headings.

    Args:
        source: Decoded text with Unix line ends.

    Returns:
        Its normalised text and blocks, its title if it leads with one, and its front matter.
    """
    front = split_front_matter(source)
    reader = _Reader(front.body.split("\n"), title_field(front.fields))
    reader.read()
    text, blocks = reader.builder.build()
    return Parsed(text, blocks, title_of(reader.builder), front.fields, front.malformed, front.warnings)


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str], title: str | None) -> None:
        self.builder = TextBuilder(title)
        self._lines = lines
        self._at = 0
        self._paragraph: list[str] = []
        self._in_list = False
        self._in_item = False
        self._never_closed: set[str] = set()

    def read(self) -> None:
        """Write every block."""
        while self._at < len(self._lines):
            if not self._blank() and not self._fence() and not self._indented_code():
                self._heading_or_text()
        self._end_list()

    def _heading_or_text(self) -> None:
        line = self._lines[self._at]
        level = self._heading_level(line)
        if level:
            self._end_list()
            # A line that is marked as a heading is one even where it begins the text.
            self.builder.heading(level, clean_line(line).rstrip(":"))
            self._at += 1 if line.isupper() and not self._underlined() else 2
            return
        self._at += 1
        marker = _STEP.match(line) or _ITEM.match(line)
        if marker:
            self._flush()
            self._begin_item(int(marker[2]) if marker.re is _STEP else None)
            self._paragraph.append(line[marker.end() :])
            return
        if self._in_list and not self._paragraph and not line.startswith((" ", "\t")):
            self._end_list()
        self._paragraph.append(line)

    def _blank(self) -> bool:
        if self._lines[self._at].strip():
            return False
        self._flush()
        self._at += 1
        return True

    def _fence(self) -> bool:
        opening = _FENCE.fullmatch(self._lines[self._at])
        if opening is None:
            return False
        if opening[1] in self._never_closed:
            return False
        closes = (number for number in range(self._at + 1, len(self._lines)) if self._closes(number, opening[1]))
        end = next(closes, None)
        if end is None:
            # Nor is any below: without this, a text of openings would be read through once for each.
            self._never_closed.add(opening[1])
            return False
        self._flush()
        self.builder.code("\n".join(self._lines[self._at + 1 : end]) + "\n", opening[2])
        self._at = end + 1
        return True

    def _closes(self, number: int, fence: str) -> bool:
        line = self._lines[number].strip()
        return line.startswith(fence) and not line.strip(fence[0])

    def _indented_code(self) -> bool:
        """Take lines set in by four or more after a blank line, unless they go on with an item."""
        if self._paragraph or self._in_list or not _INDENTED.match(self._lines[self._at]):
            return False
        block = list(self._indented_lines())
        self._at += len(block)
        while not block[-1].strip():
            block.pop()
        self.builder.code("\n".join(_INDENTED.sub("", line, count=1) for line in block) + "\n")
        return True

    def _indented_lines(self) -> Iterator[str]:
        for line in self._lines[self._at :]:
            if line.strip() and not _INDENTED.match(line):
                return
            yield line

    def _heading_level(self, line: str) -> int:
        """Return 1 or 2 for a heading, else 0; a heading stands alone or is underlined."""
        if self._paragraph or line.startswith((" ", "\t")) or len(line) > MAX_HEADING_CHARS:
            return 0
        if self._underlined():
            return 1 if self._lines[self._at + 1].startswith("=") else 2
        alone = self._at + 1 >= len(self._lines) or not self._lines[self._at + 1].strip() or line.rstrip().endswith(":")
        letters = sum(character.isalpha() for character in line)
        spelled_out = (
            not line.rstrip().endswith((".", "!", "?", ",")) and not _STEP.match(line) and not _ITEM.match(line)
        )
        return 2 if alone and letters >= 4 and line.isupper() and spelled_out else 0

    def _underlined(self) -> bool:
        following = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        return bool(_UNDERLINE.fullmatch(following.rstrip())) and any(map(str.isalnum, self._lines[self._at]))

    def _begin_item(self, number: int | None) -> None:
        if not self._in_list:
            self.builder.open_list()
            self._in_list = True
        if self._in_item:
            self.builder.close_item()
        self.builder.open_item(number)
        self._in_item = True

    def _end_list(self) -> None:
        self._flush()
        if self._in_item:
            self.builder.close_item()
        if self._in_list:
            self.builder.close_list()
        self._in_list = self._in_item = False

    def _flush(self) -> None:
        """Write the paragraph gathered so far, joining lines that only an editor broke."""
        text = ""
        for line in self._paragraph:
            cleaned = clean_line(line)
            text += cleaned if not text else f"{' ' if self._wrapped else chr(10)}{cleaned}"
            self._wrapped = len(line) >= WRAPPED_CHARS
        self.builder.paragraph("\n".join(part for part in text.split("\n") if part))
        self._paragraph = []

    _wrapped = False
