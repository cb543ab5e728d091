"""What a file attached to a page and the page state enters; the file's article id and what holds for it leave.

A review of the page covers the files that were there on that day. A file that was put there or replaced later has been
reviewed by nobody; then the day of its upload is all that is known of it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

from ingest.metadata import combine
from ingest.models import ArticleMetadata, Interval, MediaType, ReviewDates
from ingest.sources.files import MAX_FILE_BYTES, MEDIA_TYPES

MAX_ATTACHMENT_BYTES: Final = 20 * 1024 * 1024
"""Screenshots make a document large, not its text. As base64, which DokuWiki sends, this still fits one reply."""


def media_type_of(file_name: str) -> MediaType | None:
    """Tell how a file is to be read; `None` for pictures, archives and whatever else is not."""
    return MEDIA_TYPES.get(PurePosixPath(file_name.lower()).suffix)


def attachment_id(page: str, key: str) -> str:
    """Name an attachment's article.

    Args:
        page: The article id of its page.
        key: What the source lastingly calls the attachment within the page.
    """
    return f"{below(page)}{key}"


def below(page: str) -> str:
    """Return what the ids of all of a page's attachments begin with.

    A `Rejected` of that name and the outcome `failed` says that they could not be listed, so none of them has vanished.
    """
    return f"{page}/attachments/"


def too_large(file_name: str, size: int) -> str | None:
    """Say why a file is not fetched, if it is larger than a document of its kind should be."""
    kind = media_type_of(file_name)
    limit = MAX_FILE_BYTES if kind is not None and kind.startswith("text/") else MAX_ATTACHMENT_BYTES
    if size <= limit:
        return None
    return f"{file_name!r} is {size:,} bytes, the limit is {limit:,}; split it or leave it out"


def inherit(own: ArticleMetadata, page: ArticleMetadata) -> ArticleMetadata:
    """Join what a file states with what holds for its page: where both say something, the stricter counts.

    Args:
        own: The file's front matter or the like, and what its source says of the file alone.
        page: The page's.
    """
    joined = combine(own, page)
    return replace(
        joined,
        # Symptoms are a part of what is embedded, and the page is found by its own.
        symptoms=own.symptoms,
        risk=own.risk or page.risk,
        dates=_dates(own.dates, page.dates),
        attached_to=own.attached_to,
    )


def _dates(own: ReviewDates, page: ReviewDates) -> ReviewDates:
    covered = (
        page.last_reviewed_on is not None
        and own.last_modified is not None
        and own.last_modified.date() <= page.last_reviewed_on
    )
    reviews = [own.last_reviewed_on, page.last_reviewed_on if covered else None]
    intervals = [own.review_in, page.review_in]
    return ReviewDates(
        last_reviewed_on=min(filter(None, reviews), default=None),
        review_in=_shorter(interval for interval in intervals if interval is not None),
        valid_until=min(filter(None, (own.valid_until, page.valid_until)), default=None),
        last_modified=own.last_modified,
        malformed=own.malformed + page.malformed,
    )


def _shorter(intervals: Iterable[Interval]) -> Interval | None:
    # Months are as long as they are on average: only which of two intervals is shorter is asked.
    return min(intervals, key=lambda one: timedelta(days=one.months * 30.4 + one.days), default=None)
