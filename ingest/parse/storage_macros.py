"""Confluence macros enter, HTML elements leave in their place; what is unknown is kept, named and counted."""

from collections.abc import Callable, Mapping

from ingest.parse.hardened_xml import Element, attribute, become, child_of, name_of, new, text_of
from ingest.parse.storage_elements import drop, panel, target_of, to_block
from ingest.parse.storage_properties import Findings, is_included, read_properties

MACRO_TAGS = frozenset({"ac:structured-macro", "ac:macro"})

_NO_LANGUAGE = frozenset({"", "none", "plain", "text"})
_NOTHING = frozenset(
    [
        "anchor",
        "attachments",
        "blog-posts",
        "change-history",
        "children",
        "contentbylabel",
        "contributors",
        "create-from-template",
        "detailssummary",
        "gallery",
        "index",
        "labels-list",
        "listlabels",
        "livesearch",
        "navmap",
        "pagetree",
        "pagetreesearch",
        "popular-labels",
        "recently-updated",
        "related-labels",
        "space-details",
        "tasks-report-macro",
        "toc",
    ]
)
"""Macros that show what stands elsewhere."""


def convert_macro(macro: Element, findings: Findings) -> None:
    """Turn a macro into HTML elements where it stands.

    Args:
        macro: The macro; what is inside it is HTML already, except its own parts.
        findings: Takes up page properties and the names of unknown macros.
    """
    name = attribute(macro, "name").strip().lower()
    if name in _NOTHING and _body(macro) is None:
        drop(macro)
    elif name == "details":
        _page_properties(macro, findings)
    elif name in _MACROS:
        _MACROS[name](macro)
    else:
        findings.unknown_macros[name or "(no name)"] += 1
        _unknown(macro, name)


def _parameters(macro: Element) -> dict[str, Element]:
    return {attribute(child, "name").lower(): child for child in macro if name_of(child) == "ac:parameter"}


def _parameter(macro: Element, name: str) -> str:
    return text_of(_parameters(macro).get(name)).strip()


def _body(macro: Element) -> Element | None:
    return child_of(macro, "ac:rich-text-body", "ac:plain-text-body")


def _plain(macro: Element, language: str = "") -> Element:
    # The walker leaves the first newline of a <pre> out, as HTML does, so one is added for it.
    block = new("pre", "\n" + text_of(_body(macro)))
    if language.lower() not in _NO_LANGUAGE:
        block.set("class", f"language-{language}")
    return block


def _titled(macro: Element, title: str, body: Element) -> None:
    become(macro, "div", children=(new("p", title), body) if title else (body,))


def _rich(macro: Element) -> Element:
    body = _body(macro)
    if body is None:
        return new("div")
    if name_of(body) == "ac:plain-text-body":
        return _plain(macro)
    to_block(body)
    return body


def _code(macro: Element) -> None:
    _titled(macro, _parameter(macro, "title"), _plain(macro, _parameter(macro, "language")))


def _no_format(macro: Element) -> None:
    _titled(macro, _parameter(macro, "title"), _plain(macro))


def _kind_of_panel(macro: Element) -> None:
    panel(macro, attribute(macro, "name").upper(), _parameter(macro, "title"), _rich(macro))


def _frame(macro: Element) -> None:
    body, title = _rich(macro), _parameter(macro, "title")
    if next(body.iter("ol", "table"), None) is None:
        panel(macro, "", title, body)
    else:
        # A frame says nothing of its content, and steps inside a quotation would be none.
        _titled(macro, f"**{title}**" if title else "", body)


def _expand(macro: Element) -> None:
    title = _parameter(macro, "title")
    _titled(macro, f"**{title}**" if title else "", _rich(macro))


def _status(macro: Element) -> None:
    title = _parameter(macro, "title")
    become(macro, "span", f"[{title}]" if title else "")


def _include(macro: Element) -> None:
    parameters = _parameters(macro)
    source = parameters.get("", parameters.get("page", parameters.get("default-parameter")))
    link = None if source is None else child_of(source, "ac:link")
    title = target_of(link) if link is not None else ("" if source is None else target_of(source) or text_of(source))
    become(macro, "span", f"[Included page: {title.strip() or 'unknown'}]")


def _jira(macro: Element) -> None:
    key, query = _parameter(macro, "key"), _parameter(macro, "jqlquery")
    become(macro, "span", key or (f"[Jira: {query}]" if query else ""))


def _file(macro: Element) -> None:
    name = _parameters(macro).get("name")
    shown = "" if name is None else target_of(name) or text_of(name).strip()
    become(macro, "span", f"[attachment: {shown}]" if shown else "")


def _block(macro: Element) -> None:
    become(macro, "div", children=(_rich(macro),))


def _page_properties(macro: Element, findings: Findings) -> None:
    hidden = _parameter(macro, "hidden").lower() == "true"
    body = _rich(macro)
    if not is_included(macro):
        read_properties(body, findings)
    if hidden:
        drop(macro)
    else:
        become(macro, "div", children=(body,))


def _unknown(macro: Element, name: str) -> None:
    label = f"[macro: {name or 'unknown'}]"
    if _body(macro) is None:
        become(macro, "span", label)
    else:
        become(macro, "div", children=(new("p", label), _rich(macro)))


_MACROS: Mapping[str, Callable[[Element], None]] = {
    **dict.fromkeys(("code", "code-block", "codeblock"), _code),
    "noformat": _no_format,
    **dict.fromkeys(("info", "note", "warning", "tip"), _kind_of_panel),
    "panel": _frame,
    **dict.fromkeys(("expand", "ui-expand"), _expand),
    "status": _status,
    **dict.fromkeys(("include", "excerpt-include"), _include),
    **dict.fromkeys(("excerpt", "toc-zone", "section", "column"), _block),
    "jira": _jira,
    **dict.fromkeys(("view-file", "viewpdf", "viewdoc", "viewxls", "viewppt"), _file),
}
