"""A page of Confluence's HTML space export enters; its title and what its author wrote leave."""

from ingest.parse.hardened_xml import Element, become, serialise, text_of
from ingest.parse.html import html_tree
from ingest.parse.inline import clean_line

_CHROME = frozenset({"page-metadata", "pageSection", "greybox", "breadcrumb-section"})


def main_content(page: str) -> tuple[str, str] | None:
    """Cut the frame away that the export puts around a page.

    Args:
        page: The whole HTML page.

    Returns:
        Its title and its content as HTML; `None` where it has no `#main-content`.
    """
    root, whole = html_tree(page)
    content = None if root is None or not whole else _by_id(root, "main-content")
    if root is None or content is None:
        return None
    for element in content.iter():
        if element is not content and _CHROME & set(str(element.get("class", "")).split()):
            become(element, "span")
    title = _by_id(root, "title-text")
    return clean_line(text_of(title) if title is not None else root.findtext(".//title") or ""), serialise(
        content, "html"
    )


def _by_id(root: Element, name: str) -> Element | None:
    return next((element for element in root.iter() if element.get("id") == name), None)
