"""Confluence's storage format enters, normalised text with its blocks leaves, and the page properties as fields.

Every element of Confluence's own becomes plain HTML elements, which the HTML walker then writes: steps, code and
tables come out as they do of a web page.
"""

from functools import partial

from ingest.errors import ParseError
from ingest.parse.blocks import TextBuilder
from ingest.parse.document import Parsed
from ingest.parse.hardened_xml import Element, name_of, open_empty_elements, parse_fragment, to_xml
from ingest.parse.html import html_tree, write_tree
from ingest.parse.html_flat import write_flat
from ingest.parse.inline import InlineText, as_written
from ingest.parse.storage_elements import ELEMENTS
from ingest.parse.storage_macros import MACRO_TAGS, convert_macro
from ingest.parse.storage_properties import Findings, read_lozenge

MAX_NAMED_MACROS = 20
"""How many kinds of unknown macro the warning names."""


def parse_storage(source: str) -> Parsed:
    """Parse the body of a Confluence page in storage format.

    Args:
        source: The body, with Unix line ends.

    Returns:
        Its normalised text and blocks, and its page properties; the title is the page's, so there is none.
    """
    fragment = to_xml(source)
    # Known and empty: a first heading is a section of the page, never its title.
    builder = TextBuilder(title="")
    findings = Findings()
    root, warnings = _tree(fragment)
    if root is None:
        write_flat(fragment, builder)
    else:
        convert(root, findings)
        write_tree(root, builder, partial(InlineText, as_written))
    text, blocks = builder.build()
    read_lozenge(text, blocks, findings)
    return Parsed(text, blocks, None, findings.fields, (), warnings + _unknown_macros(findings))


def convert(root: Element, findings: Findings) -> None:
    """Turn everything of Confluence's own inside an element into HTML elements.

    Args:
        root: The element.
        findings: Takes up page properties and the names of unknown macros.
    """
    # Backwards, so that whatever is inside an element is HTML already when its turn comes.
    for element in reversed(list(root.iter())):
        name = name_of(element)
        if name in MACRO_TAGS:
            convert_macro(element, findings)
        elif name in ELEMENTS:
            ELEMENTS[name](element)


def _tree(fragment: str) -> tuple[Element | None, tuple[str, ...]]:
    """Parse as XML, else as HTML; `None` where the page is too deep for either."""
    try:
        return parse_fragment(fragment), ()
    except ParseError as error:
        broken = f"the page is {error}; it was read as HTML, check it in Confluence's editor"
    root, whole = html_tree(open_empty_elements(fragment))
    if whole:
        return root, (broken,)
    return None, ("the page is nested too deeply; its structure was dropped, its text kept",)


def _unknown_macros(findings: Findings) -> tuple[str, ...]:
    if not findings.unknown_macros:
        return ()
    commonest = sorted(findings.unknown_macros.items(), key=lambda entry: (-entry[1], entry[0]))
    named = ", ".join(f"{name} ({count})" for name, count in commonest[:MAX_NAMED_MACROS])
    more = len(commonest) - MAX_NAMED_MACROS
    return (f"unknown macros: {named}" + (f" and {more} more" if more > 0 else ""),)
