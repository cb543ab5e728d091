"""What both kinds of Confluence say of a page enters, pages and bodies leave."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal

from ingest.errors import RequestError
from ingest.models import MediaType, Status
from ingest.sources.confluence_client import Json
from ingest.sources.confluence_rights import OPEN, Rights

ETAG_VERSION: Final = 1
"""Raise it when the same page would give another document: every page is then fetched again."""

PROPERTY: Final = "runcite"
"""Key of the content property whose entries are metadata, named as front matter is."""

BODY_FORMATS: Final[Mapping[str, MediaType]] = {
    "storage": "application/x-confluence-storage",
    "view": "text/html",
}
"""In the order in which they are tried: the site fails to give the first of some pages (CONFCLOUD-76433)."""

ContentType = Literal["page", "blogpost"]

_STATUSES: Final[Mapping[str, Status]] = {"current": "published", "draft": "draft"}
_STATED_BY_SITE: Final = frozenset({"title", "audience", "labels", "tags", "status", "draft", "published"})
_SEPARATORS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a listing shows it, without its body.

    Attributes:
        page_id: The site's lasting id of it.
        title: Its title.
        status: `current`, `archived`, `draft` or `trashed`.
        version: Its version's number.
        edited: When that version was saved.
        url: Where a person can open it.
        owner_id: The account that owns it, where the site knows owners.
        labels: Its labels, sorted.
        rights: Who may read it, its ancestors considered.
        properties: The entries of its content property `runcite`.
        problem: Why it cannot be handed over, if so.
        kind: What the site calls it.
        has_files: Whether anything is attached to it; yes where the site does not tell.
    """

    page_id: str
    title: str
    status: str
    version: int
    edited: datetime | None = None
    url: str | None = None
    owner_id: str | None = None
    labels: tuple[str, ...] = ()
    rights: Rights = OPEN
    properties: Mapping[str, object] = field(default_factory=dict)
    problem: str = ""
    kind: ContentType = "page"
    has_files: bool = True

    @property
    def etag(self) -> str:
        """Mark of everything but the body, which its version stands for."""
        readers = None if self.rights.readers is None else sorted(self.rights.readers)
        return digest(
            *(ETAG_VERSION, self.version, self.status, self.title, self.url, self.owner_id, self.labels),
            *(readers, bool(self.rights.unknown), sorted((key, repr(value)) for key, value in self.properties.items())),
        )

    def fields(self, owner: str | None) -> dict[str, object]:
        """State what the site knows of the page, as front matter would.

        Its title, labels, rights and status are the site's to state; a property of the page cannot widen them.
        """
        stated: dict[str, object] = {} if owner is None else {"owner": owner}
        stated |= {key: value for key, value in self.properties.items() if _normal(key) not in _STATED_BY_SITE}
        # Anything but these two is on its way out and must not act.
        status = _STATUSES.get(self.status, "archived")
        return stated | {
            "title": self.title,
            "labels": list(self.labels),
            "audience": self.rights.audience,
            "status": status,
        }


@dataclass(frozen=True, slots=True)
class Body:
    """A page's content.

    Attributes:
        media_type: How it is to be read.
        text: The content.
        version: The number of the version it belongs to.
    """

    media_type: MediaType
    text: str
    version: int


def digest(*facts: object) -> str:
    """Return a short mark of some facts; equal facts give equal marks."""
    return hashlib.sha256(json.dumps(facts, ensure_ascii=True).encode()).hexdigest()


def first_body(ask: Callable[[str], Json]) -> Body:
    """Fetch a page's body in the best format that the site manages to give.

    Args:
        ask: Fetches the page with its body in the format named.

    Raises:
        RequestError: There is no body in any of them.
    """
    failures: list[RequestError] = []
    for wanted in BODY_FORMATS:
        try:
            return read_body(ask(wanted), wanted)
        except RequestError as error:
            if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}:
                raise
            failures.append(error)
    raise failures[0]


def quoted(text: str) -> str:
    """Quote a text for CQL, so that nothing in it is read as a part of the query."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def no_space(space: str, base: str) -> str:
    """Say that there is no such space."""
    return f"{base!r} has no space {space!r} that these credentials may see; check the key and the account's rights"


def read_body(answer: Json, wanted: str) -> Body:
    """Read the body of a page.

    Args:
        answer: The page, as either kind of site gives it.
        wanted: The format asked for.

    Raises:
        RequestError: There is none, or it is in another format.
    """
    bodies = answer.get("body")
    part = bodies.get(wanted) if isinstance(bodies, dict) else None
    if not isinstance(part, dict) or not isinstance(part.get("value"), str):
        found = ", ".join(sorted(bodies)) if isinstance(bodies, dict) else "nothing"
        raise RequestError(f"its body comes as {found or 'nothing'!r}, expected {wanted!r}")
    representation = part.get("representation", wanted)
    if representation != wanted:
        raise RequestError(f"its body is in the representation {representation!r}, expected {wanted!r}")
    return Body(BODY_FORMATS[wanted], part["value"], version_number(answer))


def version_number(entry: Json) -> int:
    """Return the number of the version that an entry shows; 0 where it shows none."""
    version = entry.get("version")
    number = version.get("number") if isinstance(version, dict) else None
    return number if isinstance(number, int) else 0


def read_time(value: object) -> datetime | None:
    """Read a time as either kind of site writes it; one without a time zone says too little to be used."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def id_of(entry: Json) -> str:
    """Return the id of a listed page.

    Raises:
        RequestError: It has none.
    """
    if not entry.get("id"):
        raise RequestError("a listed page has no id; expected a Confluence listing, check the address and the flavor")
    return str(entry["id"])


def in_order(pages: list[Page]) -> list[Page]:
    """Sort pages by id, as numbers where they are; of two entries for one page, the newer version counts."""
    newest: dict[str, Page] = {}
    for page in pages:
        known = newest.get(page.page_id)
        if known is None or page.version >= known.version:
            newest[page.page_id] = page
    return sorted(newest.values(), key=lambda page: (len(page.page_id), page.page_id))


def may_have_files(entry: Json) -> bool:
    """Tell whether an entry with `childTypes.attachment` expanded says that something is attached, or does not tell."""
    return nested(entry, "childTypes", "attachment").get("value") is not False


def nested(entry: Any, *path: str) -> Json:  # noqa: ANN401 - JSON of unknown shape
    """Return the object at a path of an answer; an empty one where there is none."""
    for key in path:
        entry = entry.get(key) if isinstance(entry, dict) else None
    return entry if isinstance(entry, dict) else {}


def label_names(listing: Json) -> tuple[str, ...]:
    """Return the names of the labels in a list of them, sorted; personal ones (`my`) are nobody else's business."""
    labels = [label for label in listing.get("results") or [] if isinstance(label, dict)]
    return tuple(sorted({str(label["name"]) for label in labels if label.get("prefix") != "my" and label.get("name")}))


def truncated(listing: Json) -> bool:
    """Tell whether a nested list, which the site pages separately, is cut off."""
    count = len(listing.get("results", ()))
    return bool(nested(listing, "_links").get("next")) or (count > 0 and count >= int(listing.get("limit", count + 1)))


def _normal(name: str) -> str:
    return _SEPARATORS.sub("_", name.strip().lower())
