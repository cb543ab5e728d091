"""Files that a MediaWiki's pages show or link to enter; raw documents leave, each attached to one page.

A file belongs to the wiki rather than to a page, and keeps its number when it is moved. Where several of the listed
pages use it, it is attached to the one with the lowest number: two articles of one text could not be told apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from ingest.attachments import MAX_ATTACHMENT_BYTES, media_type_of, too_large
from ingest.errors import RequestError
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent
from ingest.sources.mediawiki_api import File, MediaWikiApi, Page


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file belongs: key of the source, what the ids of its files begin with, article id of its page."""

    source: str
    ids: str
    page: str


def files_by_page(api: MediaWikiApi, pages: Iterable[Page]) -> dict[int, list[File]]:
    """List the files that can be read as articles.

    Args:
        api: The wiki.
        pages: Those that are listed, by number.

    Returns:
        Files by the number of the first page that uses them.
    """
    used = {page.page_id: [title for title in page.files if media_type_of(title)] for page in pages}
    known = api.files(title for titles in used.values() for title in titles)
    found: dict[int, list[File]] = {}
    taken: set[int] = set()
    for page_id, titles in used.items():
        for file in (known[title] for title in titles if title in known):
            if file.page_id not in taken and media_type_of(file.title):
                taken.add(file.page_id)
                found.setdefault(page_id, []).append(file)
    return found


def take_file(
    api: MediaWikiApi, file: File, place: FilePlace, is_current: IsCurrent
) -> RawDocument | Unchanged | Rejected:
    """Fetch one file, if it has changed.

    Args:
        api: The wiki.
        file: The file.
        place: Where it belongs.
        is_current: Tells what the index holds already.
    """
    article_id = f"{place.ids}{file.page_id}"
    state = "\n".join((file.title, file.timestamp, file.digest, str(file.size), file.opened, place.page))
    etag = f"sha256:{sha256(state.encode()).hexdigest()}"
    if is_current(article_id, etag):
        return Unchanged(article_id)
    media_type, refusal = media_type_of(file.title), too_large(file.title, file.size)
    if refusal or media_type is None:
        return Rejected(article_id, "skipped", refusal or "is of no known kind")
    try:
        content = api.content(file, MAX_ATTACHMENT_BYTES)
    except RequestError as error:
        return Rejected(article_id, "failed", f"{file.title!r} cannot be fetched: {error}")
    if len(content) != file.size:
        reason = f"{file.title!r} comes with {len(content):,} bytes, the wiki lists {file.size:,}; a login page?"
        return Rejected(article_id, "failed", reason)
    if not content.strip():
        return Rejected(article_id, "skipped", "is empty")
    return RawDocument(
        article_id=article_id,
        source=place.source,
        media_type=media_type,
        content=content,
        name=file.title,
        url=file.opened,
        version=file.timestamp,
        last_modified=datetime.fromisoformat(file.timestamp),
        etag=etag,
        attached_to=place.page,
    )
