"""The kinds of HTML elements, and the text of pages too deep for a tree. Needs no tree parser."""

from html.parser import HTMLParser

from ingest.parse.blocks import TextBuilder
from ingest.parse.inline import clean_line

DROPPED_TAGS = frozenset(
    [
        "script",
        "style",
        "nav",
        "template",
        "noscript",
        "head",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "select",
        "textarea",
        "canvas",
        "audio",
        "video",
    ]
)
"""Elements whose content is not for reading."""

BLOCK_TAGS = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "center",
        "details",
        "dialog",
        "div",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "main",
        "p",
        "section",
        "summary",
        "caption",
        "td",
        "th",
        "tr",
        "tbody",
        "thead",
        "tfoot",
        "legend",
        "table",
        "dd",
        "dt",
        "dl",
        "search",
    ]
)
"""Elements that end the paragraph before and after them."""

INLINE_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "br",
        "button",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "input",
        "ins",
        "kbd",
        "label",
        "mark",
        "meter",
        "output",
        "picture",
        "progress",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_OTHER_TAGS = frozenset(
    [
        "base",
        "blockquote",
        "col",
        "colgroup",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "link",
        "menu",
        "meta",
        "ol",
        "optgroup",
        "option",
        "param",
        "pre",
        "title",
        "track",
        "ul",
    ]
)
HTML_TAGS = DROPPED_TAGS | BLOCK_TAGS | INLINE_TAGS | _OTHER_TAGS
"""Every element of HTML; any other name in angle brackets is a placeholder someone typed."""


def write_flat(source: str, builder: TextBuilder) -> None:
    """Keep the text of a page too deep for a tree."""
    reader = _TextOnly()
    reader.feed(source)
    reader.close()
    for paragraph in "".join(reader.pieces).split("\n\n"):
        builder.paragraph(clean_line(paragraph))


class _TextOnly(HTMLParser):
    """Collects text, with a blank line wherever an element ends a paragraph."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._dropping: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - base signature
        """Begin dropping, or end a paragraph."""
        if self._dropping is None and tag in DROPPED_TAGS - {"head"}:
            self._dropping = tag
        elif tag not in INLINE_TAGS:
            self.pieces.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        """Stop dropping, or end a paragraph."""
        if tag == self._dropping:
            self._dropping = None
        elif tag not in INLINE_TAGS:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if self._dropping is None:
            self.pieces.append(data.replace("\n", " "))
