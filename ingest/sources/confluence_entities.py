"""The `entities.xml` of a Confluence space export enters; its pages, their readers and their bodies leave.

The file can be larger than memory, so it is read once for everything but the bodies, and again for these.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO

from ingest.errors import ParseError, SourceError
from ingest.models import EVERYONE
from ingest.parse.hardened_xml import Element, stream_children, text_of
from ingest.parse.inline import clean_line

Open = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens the file anew."""

STORAGE_FORMAT = "2"
MAX_ANCESTORS = 100

MAX_KEPT = 500_000
"""Pages, labels, users and restrictions are held in memory; the largest spaces have some ten thousand pages."""

_PROPERTIES = {
    # Named the first way by exports of today, the second by those of before Confluence 5.
    "Attachment": frozenset(
        {"title", "fileName", "version", "attachmentVersion", "contentStatus", "containerContent", "content"}
        | {"originalVersion", "originalVersionId", "lastModificationDate"}
    ),
    "ConfluenceUserImpl": frozenset({"name"}),
    "ContentPermission": frozenset({"type", "owningSet", "userName", "userSubject", "groupName"}),
    "ContentPermissionSet": frozenset({"type", "owningContent"}),
    "Label": frozenset({"name"}),
    "Labelling": frozenset({"content", "labelableId", "label"}),
    "Page": frozenset(
        {"title", "version", "contentStatus", "originalVersion", "lastModificationDate", "space", "parent"}
    ),
    "Space": frozenset({"key"}),
}
"""What is read of each class but the bodies."""

_BODY = {"BodyContent": frozenset({"body", "bodyType", "content"})}


@dataclass(frozen=True, slots=True)
class Entity:
    """One object of the export.

    Attributes:
        kind: Its class.
        key: Its id.
        values: Its properties; one that refers to another object holds that one's id.
    """

    kind: str
    key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExportedPage:
    """A current page, without its body.

    Attributes:
        page_id: Its id.
        title: Its title.
        space: Key of its space.
        version: Its version.
        last_modified: When a person last edited it.
        labels: Its labels.
        readers: Who may read it; `None` where nothing restricts it.
        unknown: Why that cannot be told, which lets nobody in.
    """

    page_id: str
    title: str
    space: str
    version: str
    last_modified: datetime | None
    labels: tuple[str, ...]
    readers: frozenset[str] | None
    unknown: str = ""

    @property
    def audience(self) -> object:
        """The readers as the field `audience` states them; a mapping, which lets nobody in, where they are unknown."""
        if self.unknown:
            return {"unknown": self.unknown}
        return [EVERYONE] if self.readers is None else sorted(self.readers)

    @property
    def readers_named(self) -> tuple[str, ...]:
        """The readers as an audience; nobody where they are unknown."""
        if self.unknown:
            return ()
        return (EVERYONE,) if self.readers is None else tuple(sorted(self.readers))

    def within(self, other: "ExportedPage") -> bool:
        """Tell whether everyone who may read this page may read the other too."""
        if self.unknown or other.unknown:
            return False
        return other.readers is None or (self.readers is not None and self.readers <= other.readers)


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A current attachment of a current page, without its content.

    Attributes:
        file_id: Its id.
        page_id: Id of its page.
        name: Its file name.
        version: Its version.
        last_modified: When that version was uploaded.
    """

    file_id: str
    page_id: str
    name: str
    version: str
    last_modified: datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What an export holds besides bodies.

    Attributes:
        pages: The current pages by id: neither drafts nor trash nor old versions.
        users: Names by user key, for mentions.
        files: The attachments of each page, by its id, in the order of their own.
    """

    pages: Mapping[str, ExportedPage]
    users: Mapping[str, str]
    files: Mapping[str, tuple[ExportedFile, ...]]


@dataclass(slots=True)
class _Tables:
    """What the first reading gathers, by id."""

    pages: dict[str, Mapping[str, str]] = field(default_factory=dict)
    files: dict[str, Mapping[str, str]] = field(default_factory=dict)
    spaces: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    labellings: list[tuple[str, str]] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    view_sets: dict[str, str] = field(default_factory=dict)
    permissions: list[Mapping[str, str]] = field(default_factory=list)

    def take(self, entity: Entity) -> None:
        """File one object."""
        values = entity.values
        match entity.kind:
            case "Page":
                self.pages[entity.key] = values
            case "Attachment":
                self.files[entity.key] = values
            case "Space":
                self.spaces[entity.key] = values.get("key", "")
            case "Label":
                self.labels[entity.key] = values.get("name", "")
            case "Labelling":
                content = values.get("content") or values.get("labelableId") or ""
                self.labellings.append((content, values.get("label", "")))
            case "ConfluenceUserImpl":
                self.users[entity.key] = values.get("name", "")
            case "ContentPermissionSet" if _is_view(values):
                self.view_sets[entity.key] = values.get("owningContent", "")
            case "ContentPermission" if _is_view(values):
                self.permissions.append(values)
            case _:
                pass


def read_listing(open_entities: Open) -> Listing:
    """List the current pages of an export.

    Args:
        open_entities: Opens `entities.xml`.

    Returns:
        The pages and the users.

    Raises:
        SourceError: The file is not what it should be, or restricts pages without saying which.
    """
    tables = _Tables()
    for count, entity in enumerate(_entities(open_entities, _PROPERTIES)):
        if count >= MAX_KEPT:
            raise SourceError(f"entities.xml holds more than {MAX_KEPT:,} objects; export one space at a time")
        tables.take(entity)
    own = _own_readers(tables)
    labels: dict[str, list[str]] = {}
    for content, label in tables.labellings:
        if tables.labels.get(label):
            labels.setdefault(content, []).append(tables.labels[label])
    pages = {}
    for page_id, values in tables.pages.items():
        if values.get("contentStatus", "current") != "current":
            continue
        readers, unknown = _inherited(page_id, tables, own)
        pages[page_id] = ExportedPage(
            page_id=page_id,
            title=clean_line(values.get("title", "")) or page_id,
            space=tables.spaces.get(values.get("space", ""), ""),
            version=values.get("version", ""),
            last_modified=_moment(values.get("lastModificationDate", "")),
            labels=tuple(sorted(set(labels.get(page_id, ())))),
            readers=readers,
            unknown=unknown,
        )
    users = {key: name for key, name in tables.users.items() if name and name != key}
    return Listing(pages, users, _files(tables, pages))


def _files(tables: _Tables, pages: Mapping[str, ExportedPage]) -> dict[str, tuple[ExportedFile, ...]]:
    found: dict[str, list[ExportedFile]] = {}
    for file_id, values in sorted(tables.files.items()):
        page_id = values.get("containerContent") or values.get("content") or ""
        name = clean_line(values.get("title") or values.get("fileName") or "")
        if page_id not in pages or values.get("contentStatus", "current") != "current" or not name:
            continue
        version = values.get("version") or values.get("attachmentVersion") or ""
        moment = _moment(values.get("lastModificationDate", ""))
        found.setdefault(page_id, []).append(ExportedFile(file_id, page_id, name, version, moment))
    return {page_id: tuple(files) for page_id, files in found.items()}


def read_bodies(open_entities: Open) -> Iterator[tuple[str, str, str]]:
    """Read the bodies of an export one after the other.

    Yields:
        Id of the content it belongs to, type (`STORAGE_FORMAT` or another) and text.

    Raises:
        SourceError: The file is not what it should be.
    """
    for entity in _entities(open_entities, _BODY):
        values = entity.values
        yield values.get("content", ""), values.get("bodyType", STORAGE_FORMAT), values.get("body", "")


def _entities(open_entities: Open, properties: Mapping[str, frozenset[str]]) -> Iterator[Entity]:
    with open_entities() as stream:
        try:
            for element in stream_children(stream, "object"):
                kind = element.get("class", "")
                if kind in properties:
                    entity = _entity(kind, element, properties[kind])
                    # Old versions are pages too, often most of them.
                    if not entity.values.get("originalVersion") and not entity.values.get("originalVersionId"):
                        yield entity
        except ParseError as error:
            raise SourceError(f"entities.xml {error}; export the space again") from error


def _entity(kind: str, element: Element, properties: frozenset[str]) -> Entity:
    key = ""
    values: dict[str, str] = {}
    for child in element:
        name = child.get("name", "")
        if child.tag == "id":
            key = text_of(child).strip()
        elif child.tag == "property" and name in properties:
            # The body keeps its blanks: they may be code.
            values[name] = text_of(child) if name == "body" else text_of(child).strip()
    return Entity(kind, key, values)


def _is_view(values: Mapping[str, str]) -> bool:
    return values.get("type", "").lower() == "view"


def _own_readers(tables: _Tables) -> dict[str, frozenset[str]]:
    """Return who may read each page that is restricted itself; nobody, where none of the names can be told."""
    names: dict[str, set[str]] = {permission_set: set() for permission_set in tables.view_sets}
    for permission in tables.permissions:
        owner = permission.get("owningSet", "")
        if owner not in names:
            raise SourceError(
                "entities.xml restricts a page without saying which; nothing was read, export the space again"
            )
        user = permission.get("userSubject", "")
        for name in (tables.users.get(user, user), permission.get("userName"), permission.get("groupName")):
            if name:
                names[owner].add(_entry(name))
    readers: dict[str, frozenset[str]] = {}
    for permission_set, content in tables.view_sets.items():
        if not content:
            raise SourceError(
                "entities.xml restricts a page without saying which; nothing was read, export the space again"
            )
        found = frozenset(names[permission_set])
        readers[content] = readers[content] & found if content in readers else found
    return readers


def _inherited(page_id: str, tables: _Tables, own: Mapping[str, frozenset[str]]) -> tuple[frozenset[str] | None, str]:
    """Join a page's readers with those of every page above it; all must let a reader in."""
    limits: list[frozenset[str]] = []
    at, seen = page_id, set[str]()
    while at:
        if at not in tables.pages or at in seen or len(seen) > MAX_ANCESTORS:
            return frozenset(), f"page {at} above it is not in the export"
        seen.add(at)
        if at in own:
            limits.append(own[at])
        at = tables.pages[at].get("parent", "")
    if not limits:
        return None, ""
    joined = frozenset.intersection(*limits)
    return joined, "" if joined else "no reader that every restriction lets in"


def _entry(name: str) -> str:
    """Return a name as the audience holds it; a group that is called Everyone is not everyone."""
    entry = clean_line(name)
    return f"group:{entry}" if entry.lstrip("- ").lower() in {EVERYONE, "everyone", ""} else entry


def _moment(text: str) -> datetime | None:
    """Read a time; the export names no zone, so the server's is taken for UTC."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
    except ValueError:
        return None
