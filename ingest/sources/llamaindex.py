"""What any LlamaIndex reader loads enters; raw documents leave. LlamaIndex is not imported: a shape will do."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from ingest.errors import SourceError
from ingest.models import MediaType, RawDocument, Rejected
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current

_RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SUFFIXES: Mapping[str, MediaType] = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".mdx": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
}


class Document(Protocol):
    """What is used of `llama_index.core.schema.Document`."""

    @property
    def id_(self) -> str:
        """Its id; of many readers, a new random one each time."""
        ...

    @property
    def text(self) -> str:
        """Its text."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the reader knows of it."""
        ...


@dataclass(frozen=True, slots=True)
class MetadataMapping:
    """Which of a reader's metadata means what; of several names, the first that is there counts.

    `last_modified_date` of LlamaIndex's file readers is left out on purpose: it is the file's mtime, which says when a
    copy was made. Names of people are no owners: who wrote a page last does not answer for it.

    Attributes:
        id: What names a document for good; without any, its own id, unless that is random.
        title: Its title.
        url: Where a person can open it.
        version: What its source calls this state of it.
        last_modified: When a person last edited it.
        fields: Statements passed on under these names, as front matter would make them.
    """

    id: tuple[str, ...] = ("page_id", "file_path", "document_id", "url", "source")
    title: tuple[str, ...] = ("title", "page_title", "Title")
    url: tuple[str, ...] = ("url", "source_url", "web_url", "link")
    version: tuple[str, ...] = ("version", "revision", "commit", "sha")
    last_modified: tuple[str, ...] = ("last_modified", "last_edited_time", "updated_at", "modified_at")
    fields: tuple[str, ...] = (
        *("owner", "status", "labels", "tags", "category", "team", "audience", "symptoms", "risk", "priority"),
        *("last_reviewed_on", "last_reviewed", "review_in", "review_by", "valid_until", "expires", "superseded_by"),
        "requires_identity",
    )


class LlamaIndexSource:
    """Documents that a LlamaIndex reader loads; several of one id, such as the pages of a PDF, are one article.

    Args:
        key: Lasting name of the source, such as `llamaindex:notion`.
        load: Loads all documents, such as `SimpleDirectoryReader("wiki").load_data`. It must raise where it cannot:
            what it leaves out has vanished.
        audience: Who may read what says nothing of its own; readers know no access rights. `["everyone"]` for all.
        mapping: Which metadata means what.
        media_type: How texts are to be read; by the file's name where it is `None`, else as plain text.
    """

    def __init__(
        self,
        key: str,
        load: Callable[[], Iterable[Document]],
        *,
        audience: Sequence[str],
        mapping: MetadataMapping | None = None,
        media_type: MediaType | None = None,
    ) -> None:
        self._key = key
        self._load = load
        self._audience = list(audience)
        self._mapping = mapping or MetadataMapping()
        self._media_type = media_type

    @property
    def key(self) -> str:
        """The name it was given."""
        return self._key

    def scan(
        self, _is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Rejected]:
        """Load everything, then list it by id.

        Raises:
            SourceError: The reader failed.
        """
        try:
            documents = list(self._load())
        except Exception as error:
            # Broad: a reader is anybody's code, over anybody's client.
            raise SourceError(f"the reader of {self._key!r} failed: {type(error).__name__}: {error}") from error
        groups: dict[str, list[Document]] = {}
        nameless = 0
        for document in documents:
            name = self._id(document)
            nameless += name is None
            if name is not None:
                groups.setdefault(name, []).append(document)
        on_total(len(groups))
        for name in sorted(groups):
            yield self._article(name, groups[name])
        if nameless:
            raise SourceError(
                f"{nameless} of {len(documents)} documents of {self._key!r} have no lasting id, expected one of "
                f"{', '.join(self._mapping.id)} in their metadata; name the one that the reader gives in mapping.id"
            )

    def _id(self, document: Document) -> str | None:
        told = _first(document.metadata, self._mapping.id)
        if told is None and not _RANDOM_ID.fullmatch(document.id_.lower()):
            told = document.id_
        return (told or "").strip().strip("/") or None

    def _article(self, name: str, parts: list[Document]) -> RawDocument | Rejected:
        text = "\n\n".join(part.text for part in parts if part.text.strip())
        if not text:
            return Rejected(name, "skipped", "is empty")
        metadata = parts[0].metadata
        file_name = _first(metadata, ("file_name", "file_path")) or name
        suffix = f".{file_name.rpartition('.')[2].lower()}"
        return RawDocument(
            article_id=name,
            source=self._key,
            media_type=self._media_type or _SUFFIXES.get(suffix, "text/plain"),
            content=text.encode("utf-8", "replace"),
            name=_first(metadata, ("file_name",)) or name,
            url=_web(_first(metadata, self._mapping.url)),
            version=_first(metadata, self._mapping.version),
            last_modified=_moment(_first(metadata, self._mapping.last_modified)),
            fields=self._fields(parts),
        )

    def _fields(self, parts: list[Document]) -> dict[str, object]:
        """Collect statements; where the parts of one article differ on one, it cannot be understood."""
        fields: dict[str, object] = {"audience": self._audience}
        title = _first(parts[0].metadata, self._mapping.title)
        if title:
            fields["title"] = title
        for name in self._mapping.fields:
            values = [part.metadata[name] for part in parts if part.metadata.get(name) not in (None, "")]
            if values:
                same = all(value == values[0] for value in values)
                fields[name] = values[0] if same else {"differs": len(values)}
        return fields


def _first(metadata: Mapping[str, Any], names: Iterable[str]) -> str | None:
    values = (metadata.get(name) for name in names)
    return next((str(value) for value in values if value not in (None, "")), None)


def _web(url: str | None) -> str | None:
    """Keep an address that a browser opens; a reader may call a file's path one."""
    try:
        return url if url and urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _moment(written: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
