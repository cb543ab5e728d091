"""A page of Confluence's HTML space export enters; its title and what its author wrote leave."""

import re

from ingest.parse.hardened_xml import Element, become, new, serialise, text_of
from ingest.parse.html import html_tree
from ingest.parse.inline import clean_line
from ingest.parse.storage_elements import panel

_CHROME = frozenset({"page-metadata", "pageSection", "greybox", "breadcrumb-section"})
_PANEL = re.compile(r"confluence-information-macro-(information|note|warning|tip)\b")


def main_content(page: str) -> tuple[str, str] | None:
    """Cut the frame away that the export puts around a page.

    Args:
        page: The whole HTML page.

    Returns:
        Its title and its content as HTML, with the kind of its panels and the language of its code; `None` where it
        has no `#main-content`.
    """
    root, whole = html_tree(page)
    content = None if root is None or not whole else _by_id(root, "main-content")
    if root is None or content is None:
        return None
    for element in reversed(list(content.iterdescendants())):
        _plainer(element)
    title = _by_id(root, "title-text")
    return clean_line(text_of(title) if title is not None else root.findtext(".//title") or ""), serialise(
        content, "html"
    )


def _plainer(element: Element) -> None:
    """Turn what only the export's style sheet explains into what HTML says."""
    classes = str(element.get("class", ""))
    kind = _PANEL.search(classes)
    if _CHROME & set(classes.split()):
        become(element, "span")
    elif element.tag == "pre" and element.get("data-syntaxhighlighter-params"):
        element.set("class", element.get("data-syntaxhighlighter-params", ""))
    elif kind is not None:
        heading = next((child for child in element if child.tag == "p" and child.get("class") == "title"), None)
        body = new("div", element.text or "")
        body.extend([child for child in element if child is not heading])
        panel(element, "INFO" if kind[1] == "information" else kind[1].upper(), text_of(heading).strip(), body)


def _by_id(root: Element, name: str) -> Element | None:
    return next((element for element in root.iter() if element.get("id") == name), None)
