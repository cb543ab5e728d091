"""A Word, PowerPoint or Excel file enters, normalised text with its blocks leaves. Sole importer of unstructured."""

import os
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from ingest.errors import ParseError
from ingest.parse.blocks import TextBuilder
from ingest.parse.document import Parsed, title_of
from ingest.parse.extra import extra_missing, quiet
from ingest.parse.html import feed_fragment
from ingest.parse.inline import clean_line

MAX_UNPACKED_BYTES = 128 * 1024 * 1024
"""What an archive may unpack to. Parsing takes some ten times that in memory."""

MAX_CELLS = 1_000_000
"""One cell in the last corner of a sheet makes pandas lay out seventeen thousand million."""

MODEL: Final = "en_core_web_sm"
"""The language model that unstructured downloads from GitHub on first use, unless it is installed."""

_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_CELL = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "docx": {},
    "pptx": {"include_slide_notes": True},
    "xlsx": {"find_subtable": False},
}
_LABEL = re.compile(r"(\d{1,3})[.):]\s+(?=\S)")
_TRACKING_OFF = ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS")
_VERB_ENDING = re.compile(r"[a-z]{2,}(?:ing|ed|ize|ise)")
# fmt: off
_VERBS = frozenset({
    "add", "ask", "apply", "call", "change", "check", "choose", "clear", "click", "close", "confirm", "connect",
    "contact", "copy", "create", "delete", "disable", "disconnect", "enable", "ensure", "enter", "export", "find",
    "fix", "follow", "get", "give", "go", "has", "have", "hold", "import", "install", "is", "are", "keep", "make",
    "move", "must", "open", "paste", "plug", "press", "pull", "push", "put", "read", "reboot", "remove", "replace",
    "reset", "restart", "run", "save", "see", "select", "send", "set", "should", "show", "sign", "start", "stop",
    "switch", "take", "tell", "test", "try", "turn", "type", "unplug", "update", "use", "verify", "wait", "was",
    "were", "will", "write",
})
# fmt: on


def parse_document(content: bytes) -> Parsed:
    """Parse a Word document: headings by style, steps by the numbers that Word shows, tables.

    Args:
        content: The bytes of a `.docx` file.

    Returns:
        Its normalised text and blocks, and its title.

    Raises:
        ParseError: It is damaged, encrypted, too large or holds no text, or unstructured is not installed.
    """
    return _parse("docx", content)


def parse_slides(content: bytes) -> Parsed:
    """Parse a presentation: a heading per slide, items, tables and notes; raises as `parse_document` does."""
    return _parse("pptx", content)


def parse_workbook(content: bytes) -> Parsed:
    """Parse a workbook: a heading per sheet and its tables; raises as `parse_document` does."""
    return _parse("xlsx", content)


def _parse(kind: str, content: bytes) -> Parsed:
    _check_archive(kind, content)
    elements = _elements(kind, content)
    writer = _Writer(kind)
    for element in elements:
        writer.add(element)
    text, blocks = writer.finish()
    if not text.strip():
        raise ParseError(f"the .{kind} file gave no text; is it a scan? Write its text out, or leave it out")
    original = "\n".join(element.text for element in elements)
    return Parsed(text, blocks, title_of(writer.builder), original=original)


def _check_archive(kind: str, content: bytes) -> None:
    if content.startswith(_OLE_MAGIC):
        # Office wraps what it encrypts, and what it wrote before 2007, in the same container.
        raise ParseError(f"the .{kind} file is encrypted or of an old format; save it without a password as .{kind}")
    try:
        with ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > MAX_UNPACKED_BYTES:
                raise ParseError(
                    f"the .{kind} file unpacks to {unpacked:,} bytes, the limit is {MAX_UNPACKED_BYTES:,}; split it"
                )
            for entry in entries:
                if kind == "xlsx" and _SHEET.fullmatch(entry.filename):
                    _check_sheet(entry.filename, archive.read(entry))
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ParseError(f"the .{kind} file is damaged ({error}); open it and save it again") from error


def _check_sheet(name: str, xml: bytes) -> None:
    columns = rows = 0
    for cell in _CELL.finditer(xml):
        column = 0
        for letter in cell[1]:
            column = column * 26 + letter - 64
        columns, rows = max(columns, column), max(rows, int(cell[2]))
    if columns * rows > MAX_CELLS:
        raise ParseError(
            f"{name} spans {rows:,} rows by {columns:,} columns, the limit is {MAX_CELLS:,} cells; trim it"
        )


def _elements(kind: str, content: bytes) -> list[Any]:
    """Let unstructured take the file apart; whatever it meets in a damaged one is a `ParseError`."""
    try:
        partition = _partitioner(kind)
        _avoid_download()
    except ModuleNotFoundError as error:
        raise extra_missing("Office files", error) from error
    try:
        with quiet("unstructured"):
            elements: list[Any] = partition(file=BytesIO(content), **_OPTIONS[kind])
    except Exception as error:
        # Broad: five libraries below have errors of their own, with no common base.
        said = clean_line(str(error))[:200] or type(error).__name__
        raise ParseError(f"the .{kind} file cannot be read ({said}); open it and save it again") from error
    return elements


def _partitioner(kind: str) -> Callable[..., Any]:
    _require_no_tracking()
    if kind == "docx":
        from unstructured.partition.docx import partition_docx  # noqa: PLC0415 - an extra, and 2 s to load

        return partition_docx  # type: ignore[no-any-return] # untyped
    if kind == "pptx":
        from unstructured.partition.pptx import partition_pptx  # noqa: PLC0415 - as above

        return partition_pptx  # type: ignore[no-any-return] # untyped
    from unstructured.partition.xlsx import partition_xlsx  # noqa: PLC0415 - as above

    return partition_xlsx  # type: ignore[no-any-return] # untyped


def _require_no_tracking() -> None:
    """Refuse to load unstructured where it would report home on import.

    Entrypoints say so through `api.settings.prepare_environment`. Who uses these modules without one, or has emptied
    the variables, gets an error instead of a call home that nobody asked for.
    """
    if not any(os.environ.get(name, "").strip() for name in _TRACKING_OFF):  # noqa: TID251 - a guard, no setting is read
        raise ParseError(
            "unstructured reports home when it loads, unless told not to; set DO_NOT_TRACK=1, or call "
            "api.settings.prepare_environment() first"
        )


def _avoid_download() -> None:
    """Stand in for unstructured's language model, which it would fetch from GitHub; one that is installed wins.

    It only tells sentences from titles with it, and what we read as a heading comes from styles and slides. The name
    is private: a contract test fails where an upgrade moves it.
    """
    from unstructured.nlp import tokenize  # noqa: PLC0415 - an extra

    if find_spec(MODEL) is None and getattr(tokenize._get_nlp, "stands_in", None) is None:  # noqa: SLF001 - see above
        nlp = _rules()

        def stand_in() -> Any:  # noqa: ANN401 - spaCy's Language, which is not imported here
            return nlp

        stand_in.stands_in = MODEL  # type: ignore[attr-defined] # a mark on a function
        tokenize._get_nlp = stand_in  # noqa: SLF001 - see above


def _rules() -> Any:  # noqa: ANN401 - as above
    """Make a pipeline that ends sentences at full stops and knows the verbs of runbooks."""
    import spacy  # noqa: PLC0415 - comes with unstructured
    from spacy.language import Language  # noqa: PLC0415 - as above

    def tag_verbs(doc: Any) -> Any:  # noqa: ANN401 - spaCy's Doc
        for token in doc:
            word = token.lower_
            if word in _VERBS or _VERB_ENDING.fullmatch(word):
                token.tag_ = "VB"
        return doc

    Language.component("runcite_verbs", func=tag_verbs)
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("runcite_verbs")
    return nlp


class _Writer:
    """Turns unstructured's elements into blocks."""

    def __init__(self, kind: str) -> None:
        self.builder = TextBuilder()
        self._kind = kind
        self._depth = 0
        self._sheet: str | None = None

    def add(self, element: Any) -> None:  # noqa: ANN401 - an element of an untyped library
        """Write one element."""
        kind = element.category
        if kind in {"Header", "Footer", "PageBreak", "PageNumber", "Image"}:
            return
        data = element.metadata
        self._begin_sheet(getattr(data, "page_name", None))
        text = "\n".join(line for line in map(clean_line, element.text.split("\n")) if line)
        label = _LABEL.match(text)
        level = self._level(kind, data)
        if level:
            self._close_to(0)
            self.builder.heading(level, text)
        elif kind == "Table" and getattr(data, "text_as_html", None):
            self._close_to(0)
            feed_fragment(data.text_as_html, self.builder)
        elif kind == "ListItem" or label:
            self._item((getattr(data, "category_depth", 0) or 0) + 1, text, label)
        else:
            self._close_to(0)
            self.builder.paragraph(text)

    def finish(self) -> tuple[str, tuple[Any, ...]]:
        """Close what is open and return text and blocks."""
        self._close_to(0)
        return self.builder.build()

    def _begin_sheet(self, name: str | None) -> None:
        if name and name != self._sheet:
            self._sheet = name
            self._close_to(0)
            self.builder.heading(2, name)

    def _item(self, depth: int, text: str, label: re.Match[str] | None) -> None:
        depth = min(depth, self._depth + 1)
        self._close_to(depth)
        if self._depth == depth:
            self.builder.close_item()
        else:
            self.builder.open_list()
            self._depth = depth
        self.builder.open_item(int(label[1]) if label else None)
        self.builder.paragraph(text[label.end() :] if label else text)

    def _close_to(self, depth: int) -> None:
        while self._depth > depth:
            self.builder.close_item()
            self.builder.close_list()
            self._depth -= 1

    def _level(self, category: str, data: Any) -> int:  # noqa: ANN401 - as above
        """Return a heading's level, else 0: a style or a slide's title makes one, a guess from a line's words does not.

        Of a Word document only styles make a `Title`; of slides, the title's shape makes one of depth 0.
        """
        depth = getattr(data, "category_depth", None)
        if category != "Title" or depth is None or self._kind == "xlsx":
            return 0
        if self._kind == "docx":
            return min(int(depth) + 1, 6)
        return 2 if depth == 0 else 0
