"""An HTML body enters, the text that a mail program shows of it leaves; what it quotes is marked by `>`."""

import re

from ingest.parse.blocks import TextBuilder
from ingest.parse.html import HtmlElement, html_tree
from ingest.parse.html_flat import BLOCK_TAGS, DROPPED_TAGS, write_flat

_HIDDEN = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|font-size\s{0,3}:\s{0,3}0(?![.\d]*[1-9])"
    r"|opacity\s{0,3}:\s{0,3}0(?![.\d]*[1-9])"
    r"|mso-hide\s{0,3}:\s{0,3}all|max-height\s{0,3}:\s{0,3}0(?![.\d]*[1-9])",
    re.IGNORECASE,
)
_BREAKING = BLOCK_TAGS | {"li", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
MAX_QUOTE_DEPTH = 8
"""Quotes nested deeper are written at this depth."""

_GAPS = frozenset({"p", "blockquote", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "hr"})


def html_to_text(source: str) -> str:
    """Render HTML as text.

    Args:
        source: A page or a piece of one.

    Returns:
        What is shown: scripts, styles and hidden elements dropped, blocks on lines of their own, quoted mails behind
        `>`, as plain mails have them, and two-column rows as `label: value`, as forms have them.
    """
    root, whole = html_tree(source)
    if root is None:
        return ""
    if not whole:
        builder = TextBuilder("")
        write_flat(source, builder)
        return builder.build()[0]
    return _Renderer().render(root)


class _Renderer:
    """Writes an element tree, with a stack of its own, because mails nest deeper than Python recurses."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""
        self._quote = 0
        self._pre = 0

    def render(self, root: HtmlElement) -> str:
        stack: list[tuple[HtmlElement, bool]] = [(root, True)]
        while stack:
            element, entering = stack.pop()
            if not entering:
                self._leave(element)
                self._write(element.tail)
            elif _is_dropped(element):
                self._write(element.tail)
            else:
                self._enter(element)
                self._write(element.text)
                stack.append((element, False))
                stack += ((child, True) for child in reversed(element))
        self._end_line()
        return _EMPTY_LINES.sub("\n\n", "\n".join(self._lines)).strip()

    def _enter(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag == "br":
            self._end_line(keep_empty=True)
        elif tag in ("td", "th"):
            row = element.getparent()
            is_pair = row is not None and len(row) == 2 and not self._line.rstrip().endswith(":")
            if self._line.strip():
                self._line += ": " if is_pair else " "
        elif tag in _BREAKING:
            self._end_block(tag)
        if tag == "li":
            self._line = "- "
        elif tag == "pre":
            self._pre += 1
        if _is_quote(element):
            self._end_line()
            self._quote += 1

    def _leave(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag in _BREAKING and tag not in ("td", "th"):
            self._end_block(tag)
        if tag == "pre":
            self._pre -= 1
        if _is_quote(element):
            self._end_line()
            self._quote -= 1

    def _write(self, text: str | None) -> None:
        if not text:
            return
        if self._pre:
            first, *rest = text.split("\n")
            self._line += first
            for line in rest:
                self._end_line(keep_empty=True)
                self._line = line
            return
        folded = _SPACES.sub(" ", text)
        self._line += folded.lstrip() if not self._line or self._line.endswith(" ") else folded

    def _end_block(self, tag: str) -> None:
        self._end_line()
        if tag in _GAPS and self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._prefix().rstrip())

    def _end_line(self, *, keep_empty: bool = False) -> None:
        line = self._line.rstrip()
        if line.strip("- ") or keep_empty:
            self._lines.append((self._prefix() + line).rstrip())
        self._line = ""

    def _prefix(self) -> str:
        return "> " * min(self._quote, MAX_QUOTE_DEPTH)


def _is_dropped(element: HtmlElement) -> bool:
    return (
        not isinstance(element.tag, str)
        or element.tag in DROPPED_TAGS
        or element.get("hidden") is not None
        or (element.tag == "input" and element.get("type") == "hidden")
        or bool(_HIDDEN.search(element.get("style") or ""))
    )


def _is_quote(element: HtmlElement) -> bool:
    return element.tag == "blockquote" or "yahoo_quoted" in (element.get("class") or "")
