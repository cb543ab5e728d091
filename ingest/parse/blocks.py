"""Headings, paragraphs, steps, code and tables enter in reading order; normalised text with exact spans leaves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.models import Block, BlockKind
from ingest.parse.inline import clean_line

MAX_DEPTH = 12
"""Lists and quotes nested deeper are written at this depth: no reader follows further, and indentation is quadratic."""

_TICKS = re.compile("`{3,}")


@dataclass(slots=True)
class _Container:
    """A list item or quote that is open: what its first line and its other lines begin with."""

    kind: BlockKind
    marker: str
    indent: str
    number: int | None = None
    used: bool = False


class TextBuilder:
    """Accumulates the blocks of one article into its normalised text.

    Blocks are separated by a blank line, items of one list by a newline. Code stands at the left margin wherever it is
    nested, because its bytes are quoted and run.

    Attributes:
        title: The title known so far; a first heading that only repeats it is left out of the text.
        first_heading: The first level-1 heading met, wherever it stands.
        top_headings: How many level-1 headings were met.
    """

    def __init__(self, title: str | None = None) -> None:
        self.title = title
        self.first_heading: str | None = None
        self.top_headings = 0
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._sections: list[tuple[int, str]] = []
        self._containers: list[_Container] = []
        self._flattened = 0
        self._tight = False
        self._outer_start = 0

    def heading(self, level: int, text: str) -> None:
        """Add a heading; inside a list item or quote it is a paragraph.

        Args:
            level: 1 to 6.
            text: Its text.
        """
        text = clean_line(text)
        if not text or self._containers:
            self.paragraph(text)
            return
        if level == 1:
            self.top_headings += 1
            self.first_heading = self.first_heading or text
            if not self._length and (self.title is None or self.title.casefold() == text.casefold()):
                self.title = text
                return
        while self._sections and self._sections[-1][0] >= level:
            self._sections.pop()
        self._sections.append((level, text))
        marker = "#" * level + " "
        start = self._write([marker + text]) + len(marker)
        self._blocks.append(Block("heading", start, self._length, self._section(), level=level))

    def paragraph(self, text: str) -> None:
        """Add a paragraph.

        Args:
            text: Its normalised text; newlines are hard breaks.
        """
        if text:
            self._add("paragraph", text.split("\n"))

    def code(self, content: str, language: str = "") -> None:
        """Add a code block, byte for byte.

        Args:
            content: The code; a newline is added at the end where there is none.
            language: Its language, if known.
        """
        if not content.strip():
            return
        fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(content)), default=0))
        body = content if content.endswith("\n") else content + "\n"
        language = clean_line(language).replace("`", "").split(" ", 1)[0]
        self._add("code", [fence + language, body + fence], verbatim=True)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Add a table, one line per row.

        Args:
            rows: Normalised cell texts.
        """
        lines = ["| " + " | ".join(clean_line(cell) for cell in row) + " |" for row in rows if any(row)]
        if lines:
            self._add("table", [" ".join(line.split(" ")).rstrip() for line in lines])

    def open_list(self) -> None:
        """Begin a list; one nested in an item follows its text closely."""
        self._tight = bool(self._containers) and self._containers[-1].used

    def close_list(self) -> None:
        """End a list."""
        self._tight = False

    def open_item(self, number: int | None = None) -> None:
        """Begin a list item.

        Args:
            number: The author's number for a step of an ordered list, else `None`.
        """
        marker = "- " if number is None else f"{number}. "
        self._open(_Container("item" if number is None else "step", marker, " " * len(marker), number))

    def close_item(self) -> None:
        """End the innermost list item."""
        self._close()
        self._tight = True

    def open_quote(self) -> None:
        """Begin a quotation."""
        self._open(_Container("quote", "> ", "> "))

    def close_quote(self) -> None:
        """End the innermost quotation."""
        self._close()

    def build(self) -> tuple[str, tuple[Block, ...]]:
        """Close what is open and return the text with its blocks.

        Returns:
            The normalised text, and its blocks in reading order.
        """
        while self._containers:
            self._close()
        return "".join(self._parts), tuple(self._blocks)

    def _open(self, container: _Container) -> None:
        if len(self._containers) >= MAX_DEPTH:
            self._flattened += 1
        else:
            self._containers.append(container)

    def _close(self) -> None:
        if self._flattened:
            self._flattened -= 1
            return
        if not self._containers:
            return
        closed = self._containers.pop()
        if not self._containers and closed.used:
            # A quote's span holds its markers, like a table's; a step's or item's leaves the first one out.
            start = self._outer_start + (0 if closed.kind == "quote" else len(closed.marker))
            self._blocks.append(Block(closed.kind, start, self._length, self._section(), number=closed.number))

    def _add(self, kind: BlockKind, lines: list[str], *, verbatim: bool = False) -> None:
        nested = bool(self._containers)
        start = self._write(lines, verbatim=verbatim)
        if not nested:
            self._blocks.append(Block(kind, start, self._length, self._section()))

    def _write(self, lines: list[str], *, verbatim: bool = False) -> int:
        """Append lines below what is there, with the markers and indents of what is open; return where they start."""
        unused = [container for container in self._containers if not container.used]
        first = "".join(c.indent if c.used else c.marker for c in self._containers)
        rest = "".join(container.indent for container in self._containers)
        if verbatim:
            rest = ""
            # The opening fence shares a line with a marker that still waits, else it stands at the margin too.
            first = first if unused else ""
        if self._parts:
            self._append("\n" if self._tight else "\n\n")
        self._tight = False
        start = self._length
        if self._containers and not self._containers[0].used:
            self._outer_start = start
        for container in unused:
            container.used = True
        body = [first + lines[0], *(rest + line for line in lines[1:])]
        self._append("\n".join(body))
        return start

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _section(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._sections)
