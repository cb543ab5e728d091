"""The tables of a page-properties macro, or a lozenge on top of the page, enter; metadata fields leave."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.metadata import both
from ingest.models import Block
from ingest.parse.hardened_xml import Element, attribute, lines_of, name_of
from ingest.parse.storage_elements import POINTS_TO, UNKNOWN_USER

INCLUDED_MARK = "data-included"
"""Attribute of what another page lent to this one: that page's properties are not this page's."""

_COLUMN_TITLES = frozenset({"field", "key", "name", "property", "value", "item", "detail", "details", "description"})

_LOZENGE = re.compile(r"(?:status:\s*)?\[(deprecated|obsolete|retired|outdated|archived|draft)\]", re.IGNORECASE)


@dataclass(slots=True)
class Findings:
    """What a page says besides its text.

    Attributes:
        fields: Its page properties.
        unknown_macros: How often each macro occurs that is not understood.
    """

    fields: dict[str, object] = field(default_factory=dict)
    unknown_macros: Counter[str] = field(default_factory=Counter)


def is_included(element: Element) -> bool:
    """Tell whether an element came from another page, or stands in another page-properties macro."""
    return any(
        parent.get(INCLUDED_MARK) is not None or attribute(parent, "name") == "details"
        for parent in element.iterancestors()
    )


def read_properties(body: Element, findings: Findings) -> None:
    """Take up the properties that the tables of a page-properties macro state.

    Args:
        body: What is inside the macro, in HTML.
        findings: Takes them up; what is stated twice and differently becomes a value that no field understands.
    """
    for table in body.iter("table"):
        if _table_around(table, body) is not None:
            continue
        rows = [row for row in table.iter("tr") if _table_around(row, body) is table]
        for key, value in _pairs([[cell for cell in row if name_of(cell) in {"th", "td"}] for row in rows]):
            name = lines_of(key).strip().rstrip(":")
            said = (_points_to(value) if _is_pointer(name) else "") or _value(value)
            if name and said:
                findings.fields[name] = both(findings.fields.get(name, said), said)


def read_lozenge(text: str, blocks: tuple[Block, ...], findings: Findings) -> None:
    """Take a lozenge such as `[DEPRECATED]` for the page's status, where it stands alone above the first heading.

    Args:
        text: The page's normalised text.
        blocks: Its blocks.
        findings: Takes it up; with another status in the page properties it contradicts that.
    """
    for block in blocks:
        if block.kind == "heading":
            return
        lozenge = _LOZENGE.fullmatch(text, block.start, block.end)
        if lozenge and block.kind == "paragraph":
            said = lozenge[1].lower()
            findings.fields["status"] = both(findings.fields.get("status", said), said)


def _pairs(rows: list[list[Element]]) -> Iterator[tuple[Element, Element]]:
    rows = [row for row in rows if row]
    if len(rows) > 1 and _names_columns(rows):
        for row in rows[1:]:
            yield from zip(rows[0], row, strict=False)
        return
    for row in rows:
        if len(row) > 1:
            yield row[0], row[1]


def _names_columns(rows: list[list[Element]]) -> bool:
    """Tell whether the first row holds the names, rather than the first column."""
    first, second = rows[0], rows[1]
    if any(name_of(cell) != "th" for cell in first) or any(name_of(cell) != "td" for cell in second):
        return False
    # "Property | Value" over rows of two is a title for them.
    titles = all(lines_of(cell).strip().lower() in _COLUMN_TITLES for cell in first)
    return not titles and (len(first) != 2 or len(rows) == 2)


def _is_pointer(name: str) -> bool:
    return "_".join(re.split(r"[\s_-]+", name.lower())) in {"superseded_by", "replaced_by"}


def _points_to(cell: Element) -> str:
    """Name the page that a cell links to: the link's words may be anything."""
    targets = (element.get(POINTS_TO) or element.get("href") for element in cell.iter("span", "a"))
    return next(filter(None, targets), "")


def _table_around(element: Element, body: Element) -> Element | None:
    """Return the nearest table that an element stands in, within the macro: that may stand in one itself."""
    for parent in element.iterancestors():
        if parent is body:
            return None
        if name_of(parent) == "table":
            return parent
    return None


def _value(cell: Element) -> str:
    """Read a cell as a person would write the value: a lozenge without its brackets, a mention without its `@`."""
    said = lines_of(cell)
    if said == UNKNOWN_USER:
        return ""
    if said.startswith("[") and said.endswith("]") and said.count("[") == 1:
        said = said[1:-1].strip()
    return said.removeprefix("@")
