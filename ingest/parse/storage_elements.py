"""Elements of Confluence's own that are no macros enter, HTML elements leave in their place."""

from collections.abc import Callable, Mapping

from ingest.parse.hardened_xml import Element, attribute, become, child_of, name_of, new, put_first, text_of

UNKNOWN_USER = "@user"
"""How a mention reads whose name nobody gave."""

POINTS_TO = "data-page"
"""Attribute of what was a link to a page: its id, or its title behind its space's key if that is given."""

_PANEL_TYPES = frozenset({"info", "note", "warning", "tip", "success", "error"})


_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "ri:page": ("content-title",),
    "ri:blog-post": ("content-title",),
    "ri:attachment": ("filename",),
    "ri:url": ("value",),
    "ri:space": ("space-key",),
    "ri:shortcut": ("parameter", "key"),
}


def drop(element: Element) -> None:
    """Leave nothing of an element."""
    become(element, "span")


def keep_inside(element: Element) -> None:
    """Keep what is inside an element as part of the line."""
    _rename(element, "span")


def to_block(element: Element) -> None:
    """Keep what is inside an element as a block of its own."""
    _rename(element, "div")


def panel(element: Element, kind: str, title: str, body: Element | None) -> None:
    """Turn an element into a quotation that says what kind of panel it is, for a warning is not a hint.

    Args:
        element: The element.
        kind: Its kind in capitals; empty for a plain frame.
        title: Its title, if any.
        body: What it holds.
    """
    label = ": ".join(part for part in (kind, title) if part)
    body = new("div") if body is None else body
    body.tag = "div"
    if label:
        put_first(body, f"**{label}** ")
    become(element, "blockquote", children=(body,))


def target_of(link: Element) -> str:
    """Name what a link or image leads to."""
    for child in link:
        kind = name_of(child)
        if kind == "ri:user":
            name = attribute(child, "display-name")
            return f"@{name}" if name else UNKNOWN_USER
        for naming in _NAMED_BY.get(kind, ()):
            if attribute(child, naming):
                return attribute(child, naming)
    return attribute(link, "anchor")


def _rename(element: Element, tag: str) -> None:
    element.attrib.clear()
    element.tag = tag


def _link(element: Element) -> None:
    parent = element.getparent()
    if parent is not None and name_of(parent) in {"ac:parameter", "ac:default-parameter"}:
        # Read by the macro that the parameter belongs to.
        return
    body = child_of(element, "ac:plain-text-link-body", "ac:link-body")
    target = target_of(element)
    url = child_of(element, "ri:url")
    page = _page_of(element)
    if body is None or not (len(body) or (body.text or "").strip()):
        body = new("span", target)
    body.tag = "span"
    body.attrib.clear()
    become(element, "span" if url is None else "a", children=(body,))
    if url is not None:
        element.set("href", target)
    if page:
        element.set(POINTS_TO, page)


def _page_of(link: Element) -> str:
    entity = child_of(link, "ri:content-entity")
    if entity is not None:
        return attribute(entity, "content-id")
    page = child_of(link, "ri:page", "ri:blog-post")
    if page is None:
        return ""
    space, title = attribute(page, "space-key"), attribute(page, "content-title")
    return f"{space}:{title}" if space and title else title


def _image(element: Element) -> None:
    label = attribute(element, "alt") or attribute(element, "title")
    image = new("img", alt=label, src=target_of(element))
    caption = child_of(element, "ac:caption")
    if caption is not None:
        caption.tag = "div"
    become(element, "span", children=(image,) if caption is None else (image, caption))


def _emoticon(element: Element) -> None:
    name = attribute(element, "name")
    become(element, "span", attribute(element, "emoji-fallback") or (f":{name}:" if name else ""))


def _date(element: Element) -> None:
    if not text_of(element).strip():
        become(element, "span", attribute(element, "datetime"))


def _task(element: Element) -> None:
    done = text_of(child_of(element, "ac:task-status")).strip() == "complete"
    body = child_of(element, "ac:task-body")
    if body is None:
        body = new("div")
    body.tag = "div"
    put_first(body, "[x] " if done else "[ ] ")
    become(element, "li", children=(body,))


def _adf_node(element: Element) -> None:
    """Keep a node of the new editor; its attributes are no text."""
    attributes = {
        attribute(child, "key"): text_of(child).strip() for child in element if name_of(child) == "ac:adf-attribute"
    }
    kept = tuple(child for child in element if name_of(child) != "ac:adf-attribute")
    inside = new("div", element.text or "")
    inside.extend(kept)
    kind = attributes.get("panel-type", "")
    if attribute(element, "type") == "panel":
        panel(element, kind.upper() if kind in _PANEL_TYPES else "", "", inside)
    else:
        become(element, "div", children=(inside,))


def _adf_extension(element: Element) -> None:
    """Keep the node, or where it holds no content its fallback: both say the same, and one may be empty."""
    fallback = child_of(element, "ac:adf-fallback")
    others = tuple(child for child in element if child is not fallback)
    if fallback is None or any(text_of(child).strip() for child in others):
        become(element, "div", children=others)
    else:
        fallback.tag = "div"
        become(element, "div", children=(fallback,))


ELEMENTS: Mapping[str, Callable[[Element], None]] = {
    "ac:link": _link,
    "ac:image": _image,
    "ac:emoticon": _emoticon,
    "time": _date,
    "ac:task-list": lambda element: _rename(element, "ul"),
    "ac:task": _task,
    "ac:adf-content": to_block,
    "ac:adf-node": _adf_node,
    "ac:adf-extension": _adf_extension,
    "ac:layout": to_block,
    "ac:layout-section": to_block,
    "ac:layout-cell": to_block,
    "ac:placeholder": drop,
    "ac:inline-comment-marker": keep_inside,
}
"""By name. What is not here keeps its text, and what a macro or link is made of waits for that."""
