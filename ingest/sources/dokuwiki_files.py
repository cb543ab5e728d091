"""Media files that a DokuWiki's pages show or link to enter; raw documents leave, each attached to one page.

DokuWiki names a file by its path alone, as it does pages: one that is moved is a new article. Where several pages use
a file, it is attached to the first of them.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.attachments import media_type_of, too_large
from ingest.errors import WikiRefusalError
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent
from ingest.sources.dokuwiki_api import DENIED, DokuWikiApi, Media
from ingest.sources.dokuwiki_fields import media_links


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file belongs.

    Attributes:
        source: Key of the source.
        article_id: The file's own id.
        page: Article id of its page.
        url: Where a person can open it.
        audience: Who may read the namespace that it lies in.
    """

    source: str
    article_id: str
    page: str
    url: str
    audience: tuple[str, ...]


class Files:
    """The media files of a namespace that can be read as articles, handed out to the first page that uses each.

    Which files a page uses is told by its source alone, so that is fetched of every page, if there is any such file.

    Attributes:
        problem: Why it cannot be told which files there are, or which of them are used, if so.
    """

    def __init__(self, api: DokuWikiApi, namespace: str) -> None:
        self._api = api
        self.problem = ""
        self._left: dict[str, Media] = {}
        try:
            listed = api.media(namespace)
        except WikiRefusalError as error:
            self.problem = f"the wiki does not list its media files: {error}; those indexed before are kept"
        else:
            self._left = {media.media_id: media for media in listed if media_type_of(media.media_id)}

    def of(self, page_id: str) -> list[Media]:
        """Return the files that a page uses and no page before it."""
        if not self._left:
            return []
        try:
            used = media_links(self._api.source(page_id), page_id)
        except WikiRefusalError as error:
            if error.code != DENIED:
                self.problem = f"it cannot be told which files {page_id!r} uses: {error}; those indexed before are kept"
            return []
        return [self._left.pop(media_id) for media_id in used if media_id in self._left]


def take_file(
    api: DokuWikiApi, media: Media, place: FilePlace, is_current: IsCurrent
) -> RawDocument | Unchanged | Rejected:
    """Fetch one file, if it or its readers changed.

    Args:
        api: The wiki.
        media: The file.
        place: Where it belongs.
        is_current: Tells what the index holds already.
    """
    etag = _etag(media, place)
    if is_current(place.article_id, etag):
        return Unchanged(place.article_id)
    name = media.media_id.rpartition(":")[2]
    media_type, refusal = media_type_of(name), too_large(name, media.size)
    if refusal or media_type is None:
        return Rejected(place.article_id, "skipped", refusal or "is of no known kind", place.audience)
    try:
        content = api.content(media.media_id)
    except WikiRefusalError as error:
        return Rejected(place.article_id, "failed", f"{name!r} cannot be fetched: {error}", place.audience)
    if not content.strip():
        return Rejected(place.article_id, "skipped", "is empty", place.audience)
    return RawDocument(
        article_id=place.article_id,
        source=place.source,
        media_type=media_type,
        content=content,
        name=name,
        url=place.url,
        version=str(media.revision),
        last_modified=datetime.fromtimestamp(media.revision, UTC),
        fields={"audience": list(place.audience)},
        etag=etag,
        attached_to=place.page,
    )


def _etag(media: Media, place: FilePlace) -> str:
    facts = json.dumps([media.digest, media.revision, media.size, place.page, place.url, place.audience])
    return f"sha256:{hashlib.sha256(facts.encode()).hexdigest()}"
