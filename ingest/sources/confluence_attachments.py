"""What a Confluence site lists as a page's attachments enters; those that can be read as articles leave."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ingest.attachments import media_type_of
from ingest.sources.confluence_client import Json
from ingest.sources.confluence_pages import digest, id_of, nested, read_time, version_number


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a page, without its content.

    Attributes:
        attachment_id: The site's lasting id of it: a new version and a new name keep it.
        name: Its file name.
        version: Its version's number.
        edited: When that version was uploaded.
        size: Its length in bytes; `None` where the site does not tell.
        url: Where a person can open it.
        link: Path of its content, below the site's base.
    """

    attachment_id: str
    name: str
    version: int
    edited: datetime | None
    size: int | None
    url: str | None
    link: str

    def etag(self, page_id: str) -> str:
        """Mark of its content and of the page that it is attached to."""
        return digest("attachment", self.attachment_id, self.version, self.name, self.size, self.url, page_id)


def read_attachments(entries: Iterable[Json], shown_base: str) -> list[Attachment]:
    """Read a listing of either kind of site.

    Args:
        entries: The listing's entries.
        shown_base: What links that people open begin with.

    Returns:
        Those that are current and of a kind that is read, in the order of their ids.

    Raises:
        RequestError: One has no id.
    """
    found = [
        _attachment(entry, shown_base)
        for entry in entries
        if entry.get("status", "current") == "current" and media_type_of(str(entry.get("title", "")))
    ]
    return sorted(found, key=lambda one: (len(one.attachment_id), one.attachment_id))


def _attachment(entry: Json, shown_base: str) -> Attachment:
    links = nested(entry, "_links")
    version = nested(entry, "version")
    size = entry.get("fileSize", nested(entry, "extensions").get("fileSize"))
    opened = links.get("webui")
    return Attachment(
        attachment_id=id_of(entry),
        name=str(entry["title"]),
        version=version_number(entry),
        edited=read_time(version.get("createdAt") or version.get("when")),
        size=size if isinstance(size, int) else None,
        url=f"{shown_base}{opened}" if opened else None,
        link=str(links.get("download", "")),
    )
