"""Markdown enters, normalised text with its blocks leaves. The sole importer of markdown-it."""

import re
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.frontmatter import split_front_matter
from ingest.metadata import title_field
from ingest.parse.blocks import TextBuilder
from ingest.parse.document import Parsed, title_of
from ingest.parse.html import feed_fragment
from ingest.parse.html_flat import HTML_TAGS
from ingest.parse.inline import InlineText

MAX_NESTING = 60
"""Markdown nested deeper is cut off by markdown-it; its own default of 20 is met by quoted mail threads."""

_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


@cache
def _engine() -> MarkdownIt:
    options = {"html": True, "maxNesting": MAX_NESTING}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def parse_markdown(source: str) -> Parsed:
    """Parse a Markdown document.

    Args:
        source: Decoded text with Unix line ends.

    Returns:
        Its normalised text and blocks, its title, and its front matter.
    """
    front = split_front_matter(source)
    writer = _Writer(TextBuilder(title_field(front.fields)))
    for token in _engine().parse(front.body):
        writer.take(token)
    text, blocks = writer.builder.build()
    return Parsed(text, blocks, title_of(writer.builder), front.fields, front.malformed, front.warnings)


class _Writer:
    """Turns the flat token stream into builder calls."""

    def __init__(self, builder: TextBuilder) -> None:
        self.builder = builder
        self._heading = 0
        self._row: list[str] | None = None
        self._rows: list[list[str]] = []
        self._numbers: list[int | None] = []
        self._actions: dict[str, Callable[[Token], None]] = {
            "heading_open": self._open_heading,
            "heading_close": self._close_heading,
            "inline": self._inline,
            "fence": lambda token: builder.code(token.content, token.info.strip().split(" ", 1)[0].strip("{}.")),
            "code_block": lambda token: builder.code(token.content),
            "html_block": lambda token: feed_fragment(token.content, builder),
            "bullet_list_open": self._open_list,
            "ordered_list_open": self._open_list,
            "bullet_list_close": self._close_list,
            "ordered_list_close": self._close_list,
            "list_item_open": self._open_item,
            "list_item_close": lambda _: builder.close_item(),
            "blockquote_open": lambda _: builder.open_quote(),
            "blockquote_close": lambda _: builder.close_quote(),
            "tr_open": self._open_row,
            "table_close": self._close_table,
        }

    def take(self, token: Token) -> None:
        """Handle one token; those that carry no text of their own have no action."""
        action = self._actions.get(token.type)
        if action is not None:
            action(token)

    def _open_heading(self, token: Token) -> None:
        self._heading = int(token.tag[1:])

    def _close_heading(self, _: Token) -> None:
        self._heading = 0

    def _inline(self, token: Token) -> None:
        text = inline_text(token.children or [], heading=bool(self._heading))
        if self._row is not None:
            self._row.append(text)
        elif self._heading:
            self.builder.heading(self._heading, text)
        else:
            self.builder.paragraph(text)

    def _open_list(self, token: Token) -> None:
        start = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None
        self._numbers.append(start)
        self.builder.open_list()

    def _close_list(self, _: Token) -> None:
        self._numbers.pop()
        self.builder.close_list()

    def _open_item(self, token: Token) -> None:
        number = self._numbers[-1]
        # The author's own number where every item is numbered by hand; "1. 1. 1." means counting on.
        if number is not None:
            written = int(token.info) if token.info.isdigit() else number
            number = max(number, written)
            self._numbers[-1] = number + 1
        self.builder.open_item(number)

    def _open_row(self, _: Token) -> None:
        self._row = []
        self._rows.append(self._row)

    def _close_table(self, _: Token) -> None:
        self.builder.table(self._rows)
        self._rows, self._row = [], None


def inline_text(tokens: list[Token], *, heading: bool = False) -> str:
    """Write inline tokens as normalised text.

    Args:
        tokens: The children of an `inline` token.
        heading: Whether they are a heading, which is repeated above every chunk and so goes without URLs.

    Returns:
        Text with code in backticks, links with their URL, and emphasis marks dropped.
    """
    inline = InlineText()
    if heading:
        inline.forget_links()
    for token in tokens:
        action = _INLINE.get(token.type)
        if action is not None:
            action(inline, token)
    return inline.finish()


def _html_inline(inline: InlineText, token: Token) -> None:
    name = _TAG_NAME.match(token.content)
    if name is None:
        return
    tag = name[1].lower()
    closing = token.content.startswith("</")
    if tag == "br":
        inline.line_break()
    elif tag == "a" and closing:
        inline.close_link()
    elif tag == "a":
        href = _HREF.search(token.content)
        inline.open_link(href[1] if href else "")
    elif tag in {"del", "s", "strike"}:
        inline.text("~~")
    elif tag not in HTML_TAGS:
        # `ssh admin@<hostname>` is a placeholder that the reader needs, not markup.
        inline.text(token.content)


# A struck-out step is no longer to be done: dropping the marks would bring it back.
_INLINE: dict[str, Callable[[InlineText, Token], None]] = {
    "text": lambda inline, token: inline.text(token.content),
    "text_special": lambda inline, token: inline.text(token.content),
    "code_inline": lambda inline, token: inline.code(token.content),
    "softbreak": lambda inline, _: inline.text(" "),
    "hardbreak": lambda inline, _: inline.line_break(),
    "link_open": lambda inline, token: inline.open_link(str(token.attrs.get("href", ""))),
    "link_close": lambda inline, _: inline.close_link(),
    "image": lambda inline, token: inline.image(token.content, str(token.attrs.get("src", ""))),
    "s_open": lambda inline, _: inline.text("~~"),
    "s_close": lambda inline, _: inline.text("~~"),
    "html_inline": _html_inline,
}
