"""HTML enters, normalised text with its blocks leaves. The sole importer of lxml's HTML parser."""

import re
from collections.abc import Callable
from typing import TypeVar

import lxml.html
from lxml import etree

from ingest.frontmatter import split_front_matter
from ingest.metadata import both, title_field
from ingest.parse.blocks import TextBuilder
from ingest.parse.document import Parsed, title_of
from ingest.parse.html_flat import BLOCK_TAGS, DROPPED_TAGS, HTML_TAGS, write_flat
from ingest.parse.inline import InlineText, clean_line
from ingest.parse.numbering import Numbering, integer
from ingest.parse.tables import grid

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_STRUCK = frozenset({"del", "s", "strike"})
_LANGUAGE = re.compile(r"(?:^|\s)(?:language-|lang-|highlight-source-|brush:\s*)([\w+#-]+)")
_MAX_CELL_DEPTH = 4
_MAX_REPEATED_CHARS = 100_000
"""What cells that span rows may add to an article by being repeated; a page can be made of nothing else."""

_Action = Callable[[], None]
_T = TypeVar("_T")

HtmlElement = lxml.html.HtmlElement
"""An element of a parsed page; other packages name it by this, as lxml is imported here alone."""


def parse_html(source: str) -> Parsed:
    """Parse an HTML page.

    Args:
        source: Decoded text with Unix line ends.

    Returns:
        Its normalised text and blocks, its title, and its front matter and `<meta>` tags as fields.
    """
    front = split_front_matter(source)
    root, whole = html_tree(front.body)
    builder = TextBuilder(title_field(front.fields))
    if root is None or not whole:
        write_flat(front.body, builder)
    else:
        write_tree(root, builder)
    text, blocks = builder.build()
    flat = () if whole else ("the HTML is nested too deeply; its structure was dropped, its text kept",)
    fields = dict(front.fields)
    if root is not None:
        _add_meta_fields(root, fields)
    page_title = None if root is None else clean_line(root.findtext(".//title") or "") or None
    return Parsed(text, blocks, title_of(builder, page_title), fields, front.malformed, front.warnings + flat)


def feed_fragment(source: str, builder: TextBuilder) -> None:
    """Write a piece of HTML, such as a raw block inside Markdown, into a text under construction.

    Args:
        source: The piece; tags may be left open or closed elsewhere.
        builder: The text it belongs to.
    """
    root, whole = html_tree(source)
    if not whole:
        write_flat(source, builder)
    elif root is not None:
        write_tree(root, builder)


def write_tree(
    root: lxml.html.HtmlElement, builder: TextBuilder, new_inline: Callable[[], InlineText] = InlineText
) -> None:
    """Write a tree of HTML elements, such as another format was turned into, into a text under construction.

    Args:
        root: The element to write with all that is in it.
        builder: The text it belongs to.
        new_inline: Makes what collects running text.
    """
    _Walker(builder, new_inline).walk(root)


def html_tree(source: str) -> tuple[lxml.html.HtmlElement | None, bool]:
    """Parse hardened: no network, no unlimited trees. The flag says whether the whole source is in the tree."""
    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        # As bytes: lxml refuses text that begins with an XML declaration, as XHTML pages do.
        root = lxml.html.document_fromstring(source.encode(), parser=parser)
    except etree.ParserError:
        return None, True
    return root, not any(entry.level_name == "FATAL" for entry in parser.error_log)


def _add_meta_fields(root: lxml.html.HtmlElement, fields: dict[str, object]) -> None:
    for meta in root.iter("meta"):
        name, content = meta.get("name"), meta.get("content")
        if name and content is not None:
            fields[name] = both(fields.get(name, content), content)


class _Walker:
    """Walks an element tree with a stack of its own, because pages nest deeper than Python recurses."""

    def __init__(
        self,
        builder: TextBuilder,
        new_inline: Callable[[], InlineText],
        cell_depth: int = 0,
        repeatable: list[int] | None = None,
    ) -> None:
        self._builder = builder
        self._new_inline = new_inline
        self._inline = new_inline()
        self._cell_depth = cell_depth
        self._repeatable = repeatable or [_MAX_REPEATED_CHARS]
        self._lists: list[Numbering] = []
        self._stack: list[_Action] = []
        self._definitions: list[bool] = []
        self._enter: dict[str, Callable[[lxml.html.HtmlElement], None]] = {
            **dict.fromkeys(_HEADINGS, self._heading),
            **dict.fromkeys(BLOCK_TAGS, self._block),
            **dict.fromkeys(_STRUCK, self._struck),
            **dict.fromkeys(("code", "tt", "samp"), self._inline_code),
            **dict.fromkeys(("ol", "ul", "menu"), self._list),
            "br": lambda _: self._inline.line_break(),
            "img": lambda el: self._inline.image(el.get("alt", ""), el.get("src", "")),
            "input": self._checkbox,
            "a": self._link,
            "pre": self._code_block,
            "li": self._item,
            "blockquote": self._quote,
            "table": self._table,
            "dl": self._definition_list,
            "dt": self._definition_term,
        }

    def walk(self, root: lxml.html.HtmlElement) -> None:
        """Write everything below an element."""
        self._visit(root)
        while self._stack:
            self._stack.pop()()
        self._flush()

    def _visit(self, element: lxml.html.HtmlElement) -> None:
        tag = element.tag
        if not isinstance(tag, str) or tag in DROPPED_TAGS or tag == "title":
            return
        handler = self._enter.get(tag)
        if handler is not None:
            handler(element)
        else:
            if tag not in HTML_TAGS and ":" not in tag:
                self._inline.text(f"<{tag}>" if not len(element) and not element.text and not element.attrib else "")
            self._descend(element)

    def _descend(self, element: lxml.html.HtmlElement, leave: _Action | None = None) -> None:
        """Schedule an element's text and children, then what is to happen on leaving it."""
        if leave is not None:
            self._stack.append(leave)
        for child in reversed(element):
            if child.tail:
                self._stack.append(_bind(self._inline.text, child.tail))
            self._stack.append(_bind(self._visit, child))
        if element.text:
            self._inline.text(element.text)

    def _flush(self) -> None:
        self._builder.paragraph(self._inline.finish())

    def _block(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        self._descend(element, self._flush)

    def _heading(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        level = _HEADINGS[str(element.tag)]
        self._inline.forget_links()
        self._descend(element, lambda: self._builder.heading(level, self._inline.finish()))

    def _struck(self, element: lxml.html.HtmlElement) -> None:
        # A struck-out step is no longer to be done: dropping the marks would bring it back.
        self._inline.text("~~")
        self._descend(element, lambda: self._inline.text("~~"))

    def _inline_code(self, element: lxml.html.HtmlElement) -> None:
        content = _exact_text(element)
        if "\n" in content.strip("\n"):
            self._flush()
            self._builder.code(content, _language(element))
        else:
            self._inline.code(content)

    def _checkbox(self, element: lxml.html.HtmlElement) -> None:
        if element.get("type", "").lower() == "checkbox":
            self._inline.text("[x] " if "checked" in element.attrib else "[ ] ")

    def _link(self, element: lxml.html.HtmlElement) -> None:
        self._inline.open_link(element.get("href", ""))
        self._descend(element, self._inline.close_link)

    def _code_block(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        content = _exact_text(element)
        # HTML: a newline directly after <pre> is not part of its content.
        if element.text and element.text.startswith("\n"):
            content = content[1:]
        self._builder.code(content, _language(element))

    def _list(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        self._lists.append(Numbering(str(element.tag), element.attrib, len(element.findall("li"))))
        self._builder.open_list()
        self._descend(element, self._leave_list)

    def _leave_list(self) -> None:
        self._flush()
        self._lists.pop()
        self._builder.close_list()

    def _item(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        number = self._lists[-1].next(element.get("value")) if self._lists else None
        self._builder.open_item(number)
        self._descend(element, self._leave_item)

    def _leave_item(self) -> None:
        self._flush()
        self._builder.close_item()

    def _quote(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        self._builder.open_quote()
        self._descend(element, self._leave_quote)

    def _leave_quote(self) -> None:
        self._flush()
        self._builder.close_quote()

    def _definition_list(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        self._builder.open_list()
        self._definitions.append(False)
        self._descend(element, self._leave_definition_list)

    def _definition_term(self, element: lxml.html.HtmlElement) -> None:
        self._flush()
        if self._definitions:
            if self._definitions[-1]:
                self._builder.close_item()
            self._builder.open_item()
            self._definitions[-1] = True
        self._descend(element, self._flush)

    def _leave_definition_list(self) -> None:
        self._flush()
        if self._definitions.pop():
            self._builder.close_item()
        self._builder.close_list()

    def _table(self, element: lxml.html.HtmlElement) -> None:
        rows = grid(_cells(element))
        # A table that frames a page, or shows code, is layout: its cells are read as blocks.
        layout = max((len(row) for row in rows), default=0) < 2 or next(element.iter("pre"), None) is not None
        if layout or self._cell_depth >= _MAX_CELL_DEPTH:
            self._block(element)
            return
        self._flush()
        for caption in element.findall("caption"):
            self._builder.paragraph(self._cell_text(caption))
        texts = {id(cell): self._cell_text(cell) for row in rows for cell in row if cell is not None}
        written: set[int] = set()
        self._builder.table([[self._cell_once_more(cell, texts, written) for cell in row] for row in rows])

    def _cell_once_more(self, cell: lxml.html.HtmlElement | None, texts: dict[int, str], written: set[int]) -> str:
        if cell is None:
            return ""
        text = texts[id(cell)]
        if id(cell) in written:
            self._repeatable[0] -= len(text)
            return text if self._repeatable[0] >= 0 else ""
        written.add(id(cell))
        return text

    def _cell_text(self, cell: lxml.html.HtmlElement) -> str:
        """Write a cell on one line: its blocks one after the other."""
        builder = TextBuilder(title="")
        inner = _Walker(builder, self._new_inline, self._cell_depth + 1, self._repeatable)
        inner._walk_inside(cell)
        return clean_line(builder.build()[0])

    def _walk_inside(self, element: lxml.html.HtmlElement) -> None:
        self._descend(element)
        while self._stack:
            self._stack.pop()()
        self._flush()


def _bind(function: Callable[[_T], None], argument: _T) -> _Action:
    return lambda: function(argument)


def _cells(table: lxml.html.HtmlElement) -> list[list[tuple[lxml.html.HtmlElement, int, int]]]:
    """List a table's cells by row with their spans; tables inside its cells are not looked into."""
    # DokuWiki puts the rows below its head straight into the table.
    rows = [*table.findall("thead/tr"), *table.findall("tr"), *table.findall("tbody/tr"), *table.findall("tfoot/tr")]
    return [
        [
            (cell, integer(cell.get("rowspan"), 1), integer(cell.get("colspan"), 1))
            for cell in row
            if cell.tag in {"td", "th"}
        ]
        for row in rows
    ]


def _exact_text(element: lxml.html.HtmlElement) -> str:
    """Return an element's text byte for byte, line breaks included."""
    pieces: list[str] = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            pieces.append("\n" if node.tag == "br" else node.text or "")
        elif node is not element:
            pieces.append(node.tail or "")
    return "".join(pieces)


def _language(element: lxml.html.HtmlElement) -> str:
    """Return the language a code block names on itself, its only child or its wrapper."""
    parent = element.getparent()
    for node in (element, *element.findall("code")[:1], *([] if parent is None else [parent])):
        match = _LANGUAGE.search(node.get("class", ""))
        if match:
            return match[1]
    return ""
