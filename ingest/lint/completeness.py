"""An article enters; what it lacks to be acted on leaves."""

from collections.abc import Iterator

from ingest.lint.original import Original, finding
from ingest.models import Finding


def check_completeness(original: Original) -> Iterator[Finding]:
    """Find what nobody wrote down: who answers for the article, when it was reviewed, what to do.

    Args:
        original: The article and what it was read from.

    Yields:
        Warnings.
    """
    article = original.article
    dates = article.metadata.dates
    if not article.metadata.owner:
        yield finding("no-owner", "warning", "no owner")
    # A date that cannot be read has a warning of its own.
    if dates.last_reviewed_on is None and dates.valid_until is None and not dates.malformed:
        yield finding("no-review-date", "warning", "no review date")
    if not any(block.kind in {"step", "item"} for block in article.blocks):
        yield finding("no-steps", "warning", "no steps: nothing in it is a numbered or bulleted list")
