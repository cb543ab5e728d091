"""XML of unknown origin enters, trees and streams of elements leave: no network, no DTD, no expanded entities.

The sole importer of lxml besides the HTML parser; what converts these trees uses the functions here.
"""

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import IO, Literal

from lxml import etree

from ingest.errors import ParseError

Element = etree._Element  # noqa: SLF001 - lxml has no public name for the type of its elements

_MAX_PREFIXES = 100
MAX_CHILD_BYTES = 64 * 1024 * 1024
"""What one child of a streamed document may take: it is held in memory whole."""

_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_REFERENCE = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{0,40});)?")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SECTION = re.compile(r"<!\[CDATA\[|<!--|<[!?]")
_PREFIX = re.compile(r"<([A-Za-z_][\w.-]*):|\s([A-Za-z_][\w.-]*):[\w.-]+\s*=")
_SELF_CLOSED = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)/>")
_VOID = frozenset({"br", "hr", "img", "input", "col", "meta", "link", "wbr", "area", "base", "source"})
_BREAKING = frozenset({"p", "li", "br", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})


def to_xml(source: str) -> str:
    """Make a fragment fit for an XML parser: CDATA and stray `&` escaped, HTML's entities replaced.

    Args:
        source: A fragment, such as Confluence's storage format.

    Returns:
        The fragment without CDATA, comments or entities other than XML's own five; no character of its text is lost
        but those that XML cannot hold.
    """
    return _REFERENCE.sub(_character, _escape_sections(_NOT_XML.sub("", source)))


def parse_fragment(fragment: str) -> Element:
    """Parse a fragment that `to_xml` prepared, declaring whatever prefixes it uses.

    Args:
        fragment: Any number of elements, with text between them.

    Returns:
        A `div` around them; elements in a namespace without prefix are in none.

    Raises:
        ParseError: It is not well-formed, or nested too deeply.
    """
    used = {name for pair in _PREFIX.findall(fragment) for name in pair if name} - {"xml", "xmlns"}
    declared = "".join(f' xmlns:{name}="urn:prefix:{name}"' for name in sorted(used)[:_MAX_PREFIXES])
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(f"<div{declared}>{fragment}</div>".encode(), parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"not well-formed XML ({str(error.msg)[:120]})") from error
    for element in root.iter(etree.Element):
        tag = str(element.tag)
        if tag.startswith("{") and element.prefix is None:
            element.tag = tag.rpartition("}")[2]
    return root


def open_empty_elements(fragment: str) -> str:
    """Write `<x/>` as `<x></x>`: an HTML parser takes it for an opening tag and nests all that follows."""
    return _SELF_CLOSED.sub(lambda m: m[0] if m[1].lower() in _VOID else f"<{m[1]}{m[2]}></{m[1]}>", fragment)


def stream_children(stream: IO[bytes], name: str) -> Iterator[Element]:
    """Read a large document one child of its root at a time.

    Args:
        stream: The document.
        name: The tag of the children.

    Yields:
        Each child, complete; it is emptied before the next.

    Raises:
        ParseError: It is not well-formed, has a child too large, or declares a document type, which can hold entities
            that explode.
    """
    metered = _Metered(stream)
    events = etree.iterparse(
        metered, events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
    )
    depth = 0
    try:
        for event, element in events:
            if event == "start":
                if depth == 0 and element.getroottree().docinfo.internalDTD is not None:
                    raise ParseError("declares a document type, expected none")
                depth += 1
                continue
            depth -= 1
            if depth == 1:
                if element.tag == name:
                    yield element
                _forget(element)
                metered.since_child = 0
    except etree.XMLSyntaxError as error:
        raise ParseError(f"is not well-formed XML ({str(error.msg)[:120]})") from error


def serialise(element: Element, method: Literal["xml", "html"] = "xml") -> str:
    """Write what is inside an element; prefixes that the element declares are declared again."""
    inside = html.escape(element.text or "", quote=False)
    return inside + "".join(etree.tostring(child, encoding="unicode", method=method) for child in element)


def name_of(element: Element) -> str:
    """Return an element's name with its prefix, such as `ac:link`."""
    tag = str(element.tag)
    local = tag.rpartition("}")[2]
    return f"{element.prefix}:{local}" if tag.startswith("{") and element.prefix else local


def attribute(element: Element, name: str) -> str:
    """Return the attribute of a local name, whatever its prefix; empty where there is none."""
    for key, value in element.attrib.items():
        if re.split("[}:]", str(key))[-1] == name:
            return str(value)
    return ""


def child_of(element: Element, *names: str) -> Element | None:
    """Return the first child of one of these names."""
    return next((child for child in element if name_of(child) in names), None)


def text_of(element: Element | None) -> str:
    """Return all text inside an element, byte for byte."""
    return "" if element is None else "".join(map(str, element.itertext()))


def lines_of(element: Element) -> str:
    """Return the text inside an element, a line for each of its blocks."""
    pieces = [element.text or ""]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is element:
            continue
        if name_of(node) in _BREAKING:
            pieces.append("\n")
        pieces.append((node.text if event == "start" else node.tail) or "")
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def new(tag: str, text: str = "", **attributes: str) -> Element:
    """Make an element."""
    element = etree.Element(tag, dict(attributes))
    element.text = text
    return element


def become(element: Element, tag: str, text: str = "", children: tuple[Element, ...] = ()) -> None:
    """Turn an element into another where it stands; the text behind it stays.

    Args:
        element: The element; its attributes and whatever is not named here go.
        tag: Its new name.
        text: Its new text.
        children: What it holds instead, often taken from inside it.
    """
    for child in list(element):
        element.remove(child)
    element.attrib.clear()
    element.tag = tag
    element.text = text
    for child in children:
        child.tail = None
        element.append(child)


def put_first(element: Element, text: str) -> None:
    """Put text before all other text of an element, in its first paragraph where it begins with one."""
    while not (element.text or "").strip() and len(element) and name_of(element[0]) in {"p", "div", "span"}:
        element = element[0]
    element.text = text + (element.text or "").lstrip()


class _Metered:
    """Reads a stream for as long as its children end in time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.since_child = 0
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises:
            ParseError: Too much was read since the last child ended.
        """
        content = self._stream.read(size)
        self.since_child += len(content)
        if self.since_child > MAX_CHILD_BYTES:
            raise ParseError(f"holds an element of more than {MAX_CHILD_BYTES:,} bytes")
        return content


def _escape_sections(source: str) -> str:
    """Write CDATA sections as escaped text and leave comments out; of what is never closed, CDATA goes to the end.

    Declarations and instructions are no part of a fragment: they become text, so that no parser obeys them.
    """
    pieces: list[str] = []
    done = 0
    # Looked for once: a text of openings would else be read through for each.
    last_comment_end = source.rfind("-->")
    for match in _SECTION.finditer(source):
        if match.start() < done:
            continue
        pieces.append(source[done : match.start()])
        done = match.end()
        if match[0] == "<![CDATA[":
            end = source.find("]]>", done)
            end = len(source) if end < 0 else end
            pieces.append(html.escape(source[done:end]))
            done = end + len("]]>")
        elif match[0] == "<!--" and last_comment_end >= done:
            done = source.index("-->", done) + len("-->")
        else:
            pieces.append(html.escape(match[0]))
    return "".join([*pieces, source[done:]])


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        if name in _XML_ENTITIES:
            return match[0]
        return html.escape(html5[f"{name};"]) if f"{name};" in html5 else f"&amp;{name};"
    if decimal is None and hexadecimal is None:
        return "&amp;"
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return match[0] if code <= 0x10FFFF and not _NOT_XML.match(chr(code)) else ""


def _forget(element: Element) -> None:
    """Free an element and those before it, which the root would else keep."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
