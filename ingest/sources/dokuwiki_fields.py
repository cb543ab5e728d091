"""A DokuWiki page's source enters; what the table at its head states about the page leaves."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from ingest.metadata import both

# `^ Owner | netops |`, under at most one heading and blank lines: what stands there is for the head of the page.
_HEAD = re.compile(r"\s*(?:={2,6}[^\n]*={2,6}[ \t]*\n\s*)?((?:\^[^|^\n]+\|[^|^\n]*\|[ \t]*(?:\n|\Z))+)")
_ROW = re.compile(r"\^([^|^\n]+)\|([^|^\n]*)\|")
_TAGS = re.compile(r"\{\{tag>([^}\n]*)\}\}")
_MEDIA = re.compile(r"\{\{(?!tag>)([^{}|\n]{1,300})(?:\|[^{}\n]{0,300})?\}\}")
_LINK = re.compile(r"\[\[([^\]|]*)(?:\|([^\]]*))?\]\]")
_POINTERS: Final = frozenset({"superseded_by", "replaced_by"})
_MARKS = re.compile(r"\*\*|//|__|''")
_TABLE = re.compile(r'<div class="table[^>]*>\s*<table\b.*?</table>\s*</div>', re.DOTALL)


def read_fields(source: str, articles: Mapping[str, str]) -> dict[str, object]:
    """Read a page's statements about itself.

    Args:
        source: The page as it was written.
        articles: Article ids by page id, to follow `superseded by`.

    Returns:
        Fields for `RawDocument.fields`: the rows of a table of names and values at the head of the page, and the words
        of `{{tag>…}}` as tags. Empty where there is no such table and no tag.
    """
    fields: dict[str, object] = {}
    shown, targets = _head(source, _label), _head(source, _target)
    rows = zip(_ROW.findall(shown[1]), _ROW.findall(targets[1]), strict=True) if shown and targets else ()
    for (name, value), (_, target) in rows:
        key = "_".join(_plain(name).lower().split())
        said = _plain(value)
        if key in _POINTERS and said:
            page_id = target.partition("#")[0].strip().strip(":").lower()
            fields[key] = articles.get(page_id, page_id)
        elif said:
            fields[key] = both(fields.get(key, said), said)
    tags = [word for words in _TAGS.findall(source) for word in words.split()]
    if tags:
        fields["tags"] = tags
    return fields


def media_links(source: str, page_id: str) -> list[str]:
    """List the ids of the media files that a page shows or links to.

    Args:
        source: The page as it was written.
        page_id: The page's id, from whose namespace a file without one is named.
    """
    namespace = page_id.rpartition(":")[0]
    found = []
    for written in _MEDIA.findall(source):
        name = "_".join(written.partition("?")[0].partition("#")[0].strip().lower().split())
        if not name or "//" in name:
            continue
        relative = name.startswith(".") or ":" not in name
        parts = [*(namespace.split(":") if relative else []), *name.lstrip(".").split(":")]
        # `..:` is the namespace above.
        if name.startswith(".."):
            parts = [*namespace.split(":")[:-1], *name.lstrip(".").split(":")]
        found.append(":".join(part for part in parts if part))
    return list(dict.fromkeys(found))


def has_table(source: str) -> bool:
    """Tell whether a page begins with a table of names and values."""
    return _head(source, _label) is not None


def without_table(html: str) -> str:
    """Leave the first table out of a page: its statements are metadata, and a new date is not a new text."""
    return _TABLE.sub("", html, count=1)


def _head(source: str, link_text: Callable[[re.Match[str]], str]) -> re.Match[str] | None:
    """Find the table at the head of a page. Links go first: the bar within one ends no cell."""
    return _HEAD.match(_LINK.sub(link_text, source))


def _label(link: re.Match[str]) -> str:
    return link[2] or link[1]


def _target(link: re.Match[str]) -> str:
    return link[1]


def _plain(text: str) -> str:
    return _MARKS.sub("", text).strip()
