"""A page's wikitext and categories enter; what they state about the page leaves, named as front matter is."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ingest.metadata import both, read_metadata
from ingest.models import Status

TEMPLATE = "Runbook"

_STATUS_OF_CATEGORY: Mapping[str, Status] = {
    **dict.fromkeys(("draft", "drafts"), "draft"),
    **dict.fromkeys(("archived", "archive", "retired", "obsolete", "outdated", "deprecated", "historical"), "archived"),
}
_STRICTNESS: tuple[Status, ...] = ("published", "draft", "archived", "quarantined")

# What is written between these is shown or hidden as it stands; a template in it is not one.
_OPAQUE = re.compile(r"<!--.*?(?:-->|\Z)|<(nowiki|pre|syntaxhighlight|source)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.I)
_BRACKETS = re.compile(r"\{\{|\}\}|\[\[|\]\]|\|")
_LINK = re.compile(r"\[\[:?([^\[\]|]*)(?:\|([^\[\]]*))?\]\]")
_SPACES = re.compile(r"[\s_]+")
_POINTERS: Final = frozenset({"superseded by", "replaced by"})


def page_fields(
    wikitext: str, categories: Iterable[str], template: str, articles: Mapping[str, str]
) -> dict[str, object]:
    """Read a page's statements about itself.

    Args:
        wikitext: Its source.
        categories: Its categories, without the name of the namespace.
        template: Name of the template whose arguments are statements.
        articles: Article ids by page title, to follow `superseded by`.

    Returns:
        Fields for `RawDocument.fields`: the template's arguments, categories as labels, the strictest status.
    """
    fields: dict[str, object] = {}
    for name, value in _arguments(wikitext, template):
        target = _LINK.search(value)
        if _plain(name).lower() in _POINTERS:
            title = _normal(target[1] if target else value)
            said: object = articles.get(title, title)
        else:
            said = _LINK.sub(lambda link: link[2] or link[1], value)
        fields[name] = both(fields.get(name, said), said)
    labels = list(categories)
    if labels:
        fields["labels"] = labels
    status = _strictest(labels)
    if status is not None and _STRICTNESS.index(_stated_status(fields)) < _STRICTNESS.index(status):
        for name in [name for name in fields if _plain(name).lower() == "status"]:
            del fields[name]
        fields["status"] = status
    return fields


def _stated_status(fields: Mapping[str, object]) -> Status:
    return read_metadata(fields).metadata.status


def _strictest(categories: Iterable[str]) -> Status | None:
    told = [_STATUS_OF_CATEGORY.get(_plain(category).lower()) for category in categories]
    return max((status for status in told if status), key=_STRICTNESS.index, default=None)


def _arguments(wikitext: str, template: str) -> list[tuple[str, str]]:
    """List the named arguments of every use of a template; empty ones say nothing."""
    text = _OPAQUE.sub("", wikitext)
    found: list[tuple[str, str]] = []
    opening = re.compile(rf"\{{\{{\s*(?:Template:)?{_title_pattern(template)}\s*(?=\||\}}\}})", re.I)
    for use in opening.finditer(text):
        for part in _parts(text, use.end()):
            name, equals, value = part.partition("=")
            if equals and name.strip() and value.strip():
                found.append((_plain(name), value.strip()))
    return found


def _parts(text: str, start: int) -> list[str]:
    """Cut a template's arguments at the bars that belong to itself, up to its closing braces."""
    parts: list[str] = []
    depth, begin = 0, start
    for mark in _BRACKETS.finditer(text, start):
        if mark[0] in {"{{", "[["}:
            depth += 1
        elif depth == 0 and mark[0] in {"|", "}}"}:
            parts.append(text[begin : mark.start()])
            begin = mark.end()
            if mark[0] == "}}":
                return parts[1:]
        elif mark[0] in {"}}", "]]"} and depth:
            depth -= 1
    # Never closed: what was begun last reaches to the end of the page and is no argument.
    return parts[1:]


def _title_pattern(title: str) -> str:
    return r"[\s_]+".join(re.escape(word) for word in _plain(title).split(" "))


def _plain(name: str) -> str:
    return _SPACES.sub(" ", name).strip()


def _normal(title: str) -> str:
    """Write a title as the wiki does: spaces for underscores, a capital first."""
    plain = _plain(title.partition("#")[0])
    return plain[:1].upper() + plain[1:]
