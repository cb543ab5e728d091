"""A page's storage format enters; the same with what it includes of other pages, and which pages those are, leaves."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.errors import ParseError
from ingest.parse.hardened_xml import (
    Element,
    attribute,
    child_of,
    name_of,
    open_empty_elements,
    parse_fragment,
    serialise,
    text_of,
    to_xml,
)
from ingest.parse.html import html_tree
from ingest.parse.storage_properties import INCLUDED_MARK

MAX_DEPTH = 5
"""Pages that include pages that include pages: Confluence's own users rarely go beyond two."""

MAX_INCLUDES = 200
MAX_CHARS = 5 * 1024 * 1024
"""What one page may include; without a limit, ten pages that each include the next ten times would fill a disk."""

Fetch = Callable[[str, str | None], tuple[str, str, str] | None]
"""Given a title and a space key (`None` for the page's own space): page id, version and storage format of the page, or
`None` where there is none that everyone who may read the including page may read too."""

# What an include macro holds is a link and settings, never another macro. CDATA first: code may show a macro.
_MACRO = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)"
    r"""|<ac:(structured-macro|macro)\b[^<>]*\bac:name="(include|excerpt-include)"[^<>]*>"""
    r"(?:(?!</?ac:(?:structured-)?macro\b).)*</ac:\1>",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Dependency:
    """A page that another includes: when it changes, so does the other.

    Attributes:
        page_id: Its id.
        version: The version that was included.
    """

    page_id: str
    version: str


def expand_includes(storage: str, fetch: Fetch, *, page_id: str | None = None) -> tuple[str, tuple[Dependency, ...]]:
    """Put the content of included pages in the place of the macros that include them.

    What cannot be fetched, leads back to a page it stands in, or goes beyond the limits stays a macro, which is written
    as `[Included page: X]`.

    Args:
        storage: The page's storage format.
        fetch: Finds the pages.
        page_id: The page's own id, so that it is never put into itself.

    Returns:
        The storage format with its includes, and the pages that went in, each once, in the order of their ids.
    """
    expansion = _Expansion(fetch)
    expanded = expansion.expand(storage, (page_id,) if page_id else (), None)
    return expanded, tuple(sorted(expansion.used, key=lambda page: (page.page_id, page.version)))


def included_titles(storage: str) -> Iterator[tuple[str, str | None]]:
    """List title and space key of every page that a page includes."""
    for match in _MACRO.finditer(storage):
        target = _target(match)
        if target is not None:
            yield target


class _Expansion:
    """Expands one page, keeping count."""

    def __init__(self, fetch: Fetch) -> None:
        self.used: set[Dependency] = set()
        self._fetch = fetch
        self._includes_left = MAX_INCLUDES
        self._chars_left = MAX_CHARS

    def expand(self, storage: str, inside: tuple[str, ...], space: str | None) -> str:
        """Expand a page that stands in the pages `inside`, outermost first; links without a space mean `space`."""
        return _MACRO.sub(lambda match: self._expand_one(match, inside, space) or match[0], storage)

    def _expand_one(self, match: re.Match[str], inside: tuple[str, ...], space: str | None) -> str | None:
        target = _target(match)
        if target is None or len(inside) > MAX_DEPTH or self._includes_left <= 0:
            return None
        self._includes_left -= 1
        title, named_space = target[0], target[1] or space
        page = self._fetch(title, named_space)
        if page is None or page[0] in inside:
            return None
        page_id, version, storage = page
        if len(storage) > self._chars_left:
            return None
        self._chars_left -= len(storage)
        content = _sound(storage, excerpt=match[2] == "excerpt-include")
        if content is None:
            return None
        self.used.add(Dependency(page_id, version))
        content = self.expand(content, (*inside, page_id), named_space)
        return f'<div {INCLUDED_MARK}="{html.escape(title)}">{content}</div>'


def _target(match: re.Match[str]) -> tuple[str, str | None] | None:
    if match[2] is None:
        return None
    try:
        root = parse_fragment(to_xml(match[0]))
    except ParseError:
        return None
    page = next((element for element in root.iter() if name_of(element) in {"ri:page", "ri:blog-post"}), None)
    if page is None or not attribute(page, "content-title"):
        return None
    return attribute(page, "content-title"), attribute(page, "space-key") or None


def _sound(storage: str, *, excerpt: bool) -> str | None:
    """Make a page, or its excerpt, well-formed, so that putting it into another cannot break that one."""
    fragment = to_xml(storage)
    root: Element | None
    try:
        root = parse_fragment(fragment)
        whole = fragment
    except ParseError:
        root, complete = html_tree(open_empty_elements(fragment))
        if root is None or not complete:
            return None
        whole = serialise(root)
    return _excerpt(root) if excerpt else whole


def _excerpt(root: Element) -> str | None:
    macros = (element for element in root.iter() if name_of(element) in {"ac:structured-macro", "ac:macro"})
    macro = next((macro for macro in macros if attribute(macro, "name") == "excerpt"), None)
    body = None if macro is None else child_of(macro, "ac:rich-text-body")
    return None if body is None or not text_of(body).strip() else serialise(body)
