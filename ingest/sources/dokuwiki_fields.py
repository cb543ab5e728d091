"""A DokuWiki page's source enters; what the table at its head states about the page leaves."""

import re

from ingest.metadata import both

# `^ Owner | netops |`, under at most one heading and blank lines: what stands there is for the head of the page.
_HEAD = re.compile(r"\s*(?:={2,6}[^\n]*={2,6}[ \t]*\n\s*)?((?:\^[^|^\n]+\|[^|^\n]*\|[ \t]*(?:\n|\Z))+)")
_ROW = re.compile(r"\^([^|^\n]+)\|([^|^\n]*)\|")
_TAGS = re.compile(r"\{\{tag>([^}\n]*)\}\}")
_LINK = re.compile(r"\[\[([^\]|]*)(?:\|([^\]]*))?\]\]")
_MARKS = re.compile(r"\*\*|//|__|''")
_TABLE = re.compile(r'<div class="table[^>]*>\s*<table\b.*?</table>\s*</div>', re.DOTALL)


def read_fields(source: str) -> dict[str, object]:
    """Read a page's statements about itself.

    Args:
        source: The page as it was written.

    Returns:
        Fields for `RawDocument.fields`: the rows of a table of names and values at the head of the page, and the words
        of `{{tag>…}}` as tags. Empty where there is no such table and no tag.
    """
    fields: dict[str, object] = {}
    head = _head(source)
    for name, value in _ROW.findall(head[1]) if head else ():
        key = "_".join(_plain(name).lower().split())
        said = _plain(value)
        if said:
            fields[key] = both(fields.get(key, said), said)
    tags = [word for words in _TAGS.findall(source) for word in words.split()]
    if tags:
        fields["tags"] = tags
    return fields


def has_table(source: str) -> bool:
    """Tell whether a page begins with a table of names and values."""
    return _head(source) is not None


def without_table(html: str) -> str:
    """Leave the first table out of a page: its statements are metadata, and a new date is not a new text."""
    return _TABLE.sub("", html, count=1)


def _head(source: str) -> re.Match[str] | None:
    """Find the table at the head of a page. Links go first: the bar within one ends no cell."""
    return _HEAD.match(_LINK.sub(lambda link: link[2] or link[1], source))


def _plain(text: str) -> str:
    return _MARKS.sub("", text).strip()
