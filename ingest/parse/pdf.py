"""A PDF enters, normalised text with its blocks leaves. The sole importer of pypdf.

pypdf and not `unstructured[pdf]`, which brings torchvision, OpenCV and models, and gives an empty list without them:
pypdf is one pure Python wheel without dependencies.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO

from ingest.errors import ParseError
from ingest.parse.blocks import TextBuilder
from ingest.parse.document import Parsed, title_of
from ingest.parse.extra import extra_missing, quiet
from ingest.parse.inline import clean_line

MAX_PAGES = 300
"""A runbook has a few; a manual of hundreds is no runbook and takes minutes."""

MAX_SECONDS = 60.0
"""pypdf bounds each page; a file of pages that each take seconds was made to."""

MAX_HEADING_CHARS = 120
_HEADING_RATIO = 1.15
"""A line whose type is this much larger than the body's is a heading; 12 over 10 points is the least in common use."""

_STEP = re.compile(r"(?:[Ss]tep\s+)?(\d{1,3})[.):]\s+(?=\S)")
_ITEM = re.compile(r"[-*•▪◦●‣–]\s+(?=\S)")
_MONO = re.compile("mono|courier|consol|menlo|typewriter|source ?code|inconsolata", re.IGNORECASE)
_ENDS_SENTENCE = (".", "!", "?", ":", ";")


@dataclass(slots=True)
class _Line:
    """One line of a page.

    Attributes:
        text: What it says.
        size: Size of its largest type in points.
        y: Height of its baseline on the page.
        page: Number of its page, from 0.
        mono: Whether all of it is in a typewriter's type, as code is.
    """

    text: str
    size: float
    y: float
    page: int
    mono: bool = True


def parse_pdf(content: bytes) -> Parsed:
    """Parse a PDF that holds text: headings by the size of their type, steps and items by their markers.

    Args:
        content: The file's bytes.

    Returns:
        Its normalised text and blocks, and the title it states or leads with.

    Raises:
        ParseError: It is damaged, encrypted, too long or holds no text, or pypdf is not installed.
    """
    lines, stated = _extract(content)
    if not lines:
        raise ParseError("the PDF gave no text; is it a scan? Run OCR over it (such as ocrmypdf), or leave it out")
    original = "\n".join(line.text for line in lines)
    lines = _without_page_furniture(lines)
    body = _body_size(lines)
    larger = sorted({round(line.size, 1) for line in lines if line.size > body * _HEADING_RATIO}, reverse=True)
    writer = _Writer(TextBuilder(), {size: min(level, 6) for level, size in enumerate(larger, 1)})
    for line in lines:
        writer.add(line)
    writer.end()
    text, blocks = writer.builder.build()
    return Parsed(text, blocks, title_of(writer.builder, stated), original=original)


def _extract(content: bytes) -> tuple[list[_Line], str | None]:
    """Read every page's lines; every way in which pypdf fails on a hostile file is a `ParseError`."""
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - an extra
        from pypdf.errors import PyPdfError  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise extra_missing("PDF files", error) from error
    try:
        with quiet("pypdf"):
            reader = PdfReader(BytesIO(content))
            _require_readable(encrypted=reader.is_encrypted and not reader.decrypt(""))
            _require_short(len(reader.pages))
            lines = _lines(reader.pages)
            title = reader.metadata.title if reader.metadata else None
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        # pypdf meets broken objects as whatever they are not; none of them is a fault of ours.
        raise ParseError(f"the PDF cannot be read ({clean_line(str(error))[:200]}); export it again") from error
    except (NotImplementedError, RecursionError, ImportError) as error:
        # ImportError: AES needs a cryptography package.
        raise ParseError(f"the PDF cannot be read ({clean_line(str(error))[:200]}); save an open copy of it") from error
    return lines, clean_line(title or "") or None


def _lines(pages: Iterable[object]) -> list[_Line]:
    started = time.monotonic()
    lines: list[_Line] = []
    for number, page in enumerate(pages):
        if time.monotonic() - started > MAX_SECONDS:
            raise ParseError(f"the PDF takes more than {MAX_SECONDS:.0f} s to read; export it again, or split it")
        lines += _Page(number).read(page)
    return lines


def _require_readable(*, encrypted: bool) -> None:
    if encrypted:
        raise ParseError("the PDF is encrypted, expected one without a password; save an open copy of it")


def _require_short(pages: int) -> None:
    if pages > MAX_PAGES:
        raise ParseError(f"the PDF has {pages} pages, the limit is {MAX_PAGES}; split it")


class _Page:
    """Gathers one page's lines with the size of their type."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._lines: list[_Line] = []
        self._y: float | None = None

    def read(self, page: object) -> list[_Line]:
        """Return its lines from top to bottom as the file orders them."""
        page.extract_text(visitor_text=self._visit)  # type: ignore[attr-defined] # pypdf is not imported here
        return [line for line in self._lines if line.text.strip()]

    def _visit(self, text: str, _cm: object, tm: list[float], font: Mapping[str, object] | None, size: float) -> None:
        height = size * (abs(tm[3]) or abs(tm[0]) or 1.0) if size else 0.0
        for position, piece in enumerate(text.split("\n")):
            if position or not self._lines:
                self._lines.append(_Line("", 0.0, tm[5], self._number))
            line = self._lines[-1]
            if piece.strip():
                line.size = max(line.size, height)
                line.y = tm[5]
                line.mono = line.mono and bool(_MONO.search(str((font or {}).get("/BaseFont", ""))))
            line.text += piece


def _without_page_furniture(lines: list[_Line]) -> list[_Line]:
    """Leave out page numbers, and what stands first or last on most of three or more pages."""
    pages = {line.page for line in lines}
    edges: Counter[str] = Counter()
    ends: dict[int, set[int]] = {}
    for page in pages:
        own = [index for index, line in enumerate(lines) if line.page == page]
        ends[page] = {own[0], own[-1]}
        edges.update({_without_digits(lines[index].text) for index in ends[page]})
    repeated = {text for text, count in edges.items() if len(pages) >= 3 and count > len(pages) / 2}
    kept = [
        line
        for index, line in enumerate(lines)
        if not (index in ends[line.page] and _is_furniture(line.text, repeated, len(pages)))
    ]
    return kept or lines


def _is_furniture(text: str, repeated: set[str], pages: int) -> bool:
    bare = _without_digits(text)
    return bare in repeated or (pages > 1 and bare in {"", "page", "page of", "of", "/", "- -"})


def _without_digits(text: str) -> str:
    return " ".join(re.sub(r"\d+", " ", text).split()).casefold()


def _body_size(lines: list[_Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] or 1.0


@dataclass(slots=True)
class _Writer:
    """Turns lines into blocks."""

    builder: TextBuilder
    levels: dict[float, int]
    _pieces: list[str] = field(default_factory=list)
    _code: list[str] = field(default_factory=list)
    _last: _Line | None = None
    _heading: int = 0
    _in_list: bool = False
    _in_item: bool = False

    def add(self, line: _Line) -> None:
        """Take one line: code, a heading, the beginning of a step, item or paragraph, or the rest of one."""
        if line.mono:
            self._flush_text()
            self._code.append(line.text.rstrip())
            self._last = line
            return
        self._flush_code()
        text = clean_line(line.text)
        level = self.levels.get(round(line.size, 1), 0) if len(text) <= MAX_HEADING_CHARS else 0
        marker = _STEP.match(text) or _ITEM.match(text)
        if level and not (marker and marker.re is _ITEM):
            self._add_heading(level, text, line)
        elif marker:
            self._flush()
            self._open_item(int(marker[1]) if marker.re is _STEP else None)
            self._pieces.append(text[marker.end() :])
        else:
            if self._heading or self._begins_paragraph(line):
                self._flush()
                if self._in_item:
                    self.end()
            self._pieces.append(text)
        self._last = line

    def end(self) -> None:
        """Write what is gathered and close the list."""
        self._flush()
        if self._in_item:
            self.builder.close_item()
        if self._in_list:
            self.builder.close_list()
        self._in_item = self._in_list = False

    def _add_heading(self, level: int, text: str, line: _Line) -> None:
        goes_on = self._heading == level and self._last is not None and self._near(line)
        if not goes_on:
            self.end()
        self._heading = level
        self._pieces.append(text)

    def _open_item(self, number: int | None) -> None:
        if not self._in_list:
            self.builder.open_list()
        if self._in_item:
            self.builder.close_item()
        self._in_list = self._in_item = True
        self.builder.open_item(number)

    def _begins_paragraph(self, line: _Line) -> bool:
        """Tell whether a gap stands above the line, or a page break after the end of a sentence."""
        if self._last is None:
            return False
        if line.page != self._last.page:
            return not self._pieces or self._pieces[-1].endswith(_ENDS_SENTENCE)
        return not self._near(line)

    def _near(self, line: _Line) -> bool:
        if self._last is None or line.page != self._last.page:
            return False
        return abs(self._last.y - line.y) <= 1.6 * max(line.size, self._last.size, 1.0)

    def _flush(self) -> None:
        self._flush_text()
        self._flush_code()

    def _flush_code(self) -> None:
        self.builder.code("\n".join(self._code))
        self._code = []

    def _flush_text(self) -> None:
        text = _joined(self._pieces)
        if self._heading:
            self.builder.heading(self._heading, text)
        else:
            self.builder.paragraph(text)
        self._pieces, self._heading = [], 0


def _joined(lines: list[str]) -> str:
    """Join lines that the page's width broke; a word is joined over a soft hyphen alone, `e-` may be `e-mail`."""
    return clean_line(" ".join(lines).replace("\u00ad ", ""))
