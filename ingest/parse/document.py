"""What every parser returns: text with its blocks, and what the document says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.models import Block
from ingest.parse.blocks import TextBuilder


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document's text and statements, before its metadata is interpreted.

    Attributes:
        text: The normalised text.
        blocks: Its structure.
        title: The title found in the document itself, if any.
        fields: Metadata statements as they stand: front matter, or `<meta>` tags.
        malformed: Metadata that was there but could not be read, for `ReviewDates.malformed`.
        warnings: What was odd.
        original: What it was made from, with all that a reader cannot see and the text leaves out; for the checks.
    """

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    malformed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    original: str = ""


def title_of(builder: TextBuilder, fallback: str | None = None) -> str | None:
    """Choose the title a document gives itself.

    Args:
        builder: The builder that holds the document.
        fallback: What else names it, such as `<title>`.

    Returns:
        The title that was known or led the text, else its only level-1 heading, else the fallback.
    """
    only = builder.first_heading if builder.top_headings == 1 else None
    return builder.title or only or fallback
