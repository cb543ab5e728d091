"""A zip that Confluence's space export wrote enters, its pages leave as raw documents. Nothing is unpacked to disk."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from ingest.errors import SourceError
from ingest.models import EVERYONE, RawDocument, Rejected
from ingest.parse.html_export import main_content
from ingest.parse.storage_includes import expand_includes, included_titles
from ingest.parse.storage_users import name_users
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.archive import Archive, open_archive
from ingest.sources.confluence_entities import STORAGE_FORMAT, ExportedPage, read_bodies, read_listing
from ingest.sources.confluence_export_files import exported_file, html_files
from ingest.sources.files import MAX_FILE_BYTES, absolute

ENTITIES = "entities.xml"
DESCRIPTOR = "exportDescriptor.properties"
MAX_INCLUDED_CHARS = 64 * 1024 * 1024
"""Bodies of pages that others include are held in memory; those beyond stay `[Included page: X]`."""

_SUFFIXES = frozenset({".xml", ".properties", ".html", ".htm"})
_SPACE_KEY = re.compile(r"^spaceKey=(.+)$", re.MULTILINE)
_PAGE_ID = re.compile(r"(?:^|_)(\d+)$")
# Inside a CDATA section the export writes the end of an inner one with a space, which is no code of the author's.
_INNER_CDATA_END = re.compile(r"\]\] >(?=\s*</ac:|<!\[CDATA\[)")


class ConfluenceExportSource:
    """An export of one space, as XML or as HTML.

    Args:
        path: The zip file.
        html_audience: Who may read the pages of an HTML export, which does not hold their restrictions; nobody, if
            empty.
    """

    def __init__(self, path: Path, html_audience: Sequence[str] = ()) -> None:
        self._path = absolute(path)
        self._html_audience = tuple(html_audience)

    @cached_property
    def key(self) -> str:
        """`confluence-export:` and the space's key, so that a later export of the space takes this one's place."""
        with self._open() as archive:
            return f"confluence-export:{self._space(archive)}"

    def scan(
        self, _is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Rejected]:
        """List every current page.

        Yields:
            Documents, and what was left out and why.

        Raises:
            SourceError: The archive is damaged, was made to harm, or is no export.
        """
        key = self.key
        with self._open() as archive:
            entities = _find(archive, ENTITIES)
            if entities is not None:
                yield from _XmlExport(archive, entities, key).scan(on_total)
            else:
                yield from self._scan_html(archive, key, on_total)

    @contextmanager
    def _open(self) -> Iterator[Archive]:
        with open_archive(self._path, _SUFFIXES) as archive:
            if _find(archive, ENTITIES) is None and _find(archive, "index.html") is None:
                raise SourceError(
                    f"{str(self._path)!r} holds neither {ENTITIES} nor index.html; expected a Confluence space export"
                )
            yield archive

    def _space(self, archive: Archive) -> str:
        index = _find(archive, "index.html")
        descriptor = _find(archive, DESCRIPTOR)
        if descriptor is not None:
            match = _SPACE_KEY.search(_small(archive, descriptor))
            if match:
                return match[1].strip()
        entities = _find(archive, ENTITIES)
        if entities is not None:
            spaces = {
                page.space for page in read_listing(partial(archive.stream, entities)).pages.values() if page.space
            }
            if len(spaces) == 1:
                return spaces.pop()
        elif index is not None and PurePosixPath(index).parent.name:
            return PurePosixPath(index).parent.name
        return self._path.stem

    def _scan_html(self, archive: Archive, key: str, on_total: OnTotal) -> Iterator[RawDocument | Rejected]:
        folder = PurePosixPath(_find(archive, "index.html") or "").parent
        space = key.partition(":")[2]
        audience: object = list(self._html_audience) or {"unknown": "an HTML export does not say"}
        pages = [name for name in sorted(archive.names) if _is_page(PurePosixPath(name), folder)]
        on_total(len(pages))
        for name in pages:
            stem = PurePosixPath(name).stem
            number = _PAGE_ID.search(stem)
            article_id = f"confluence/{space}/{number[1] if number else stem}"
            if archive.size(name) > MAX_FILE_BYTES:
                yield Rejected(article_id, "skipped", _too_large(archive.size(name)))
                continue
            page = main_content(archive.read(name).decode("utf-8", "replace"))
            if page is None:
                yield Rejected(article_id, "skipped", f"{name!r} has no main content; it is no page of the export")
                continue
            title, content = page
            fields = {"title": title.removeprefix(f"{space} : "), "audience": audience}
            yield RawDocument(article_id, key, "text/html", content.encode(), name, fields=fields)
            if number:
                yield from html_files(archive, str(folder / "attachments" / number[1]), article_id, key)


class _XmlExport:
    """Reads `entities.xml`."""

    def __init__(self, archive: Archive, entities: str, key: str) -> None:
        self._archive = archive
        self._folder = PurePosixPath(entities).parent / "attachments"
        self._open = partial(archive.stream, entities)
        self._key = key
        self._space = key.partition(":")[2]
        listing = read_listing(self._open)
        self._pages = listing.pages
        self._users = listing.users
        self._files = listing.files
        self._by_title = {page.title.casefold(): page for page in self._pages.values()}
        self._included: dict[str, str] = {}

    def scan(self, on_total: OnTotal) -> Iterator[RawDocument | Rejected]:
        """List the pages in the order of their bodies, then those without any."""
        on_total(len(self._pages))
        self._gather_included()
        seen: set[str] = set()
        for page_id, body_type, body in read_bodies(self._open):
            page = self._pages.get(page_id)
            if page is not None and page_id not in seen:
                seen.add(page_id)
                yield self._document(page, body_type, body)
                yield from self._files_of(page)
        for page_id in sorted(self._pages.keys() - seen):
            page = self._pages[page_id]
            yield Rejected(self._article_id(page), "skipped", "is empty", page.readers_named)
            yield from self._files_of(page)

    def _files_of(self, page: ExportedPage) -> Iterator[RawDocument | Rejected]:
        for file in self._files.get(page.page_id, ()):
            entry = str(self._folder / page.page_id / file.file_id / (file.version or "1"))
            document = exported_file(self._archive, entry, file.name, self._article_id(page), file.file_id)
            if isinstance(document, RawDocument):
                yield replace(
                    document, source=self._key, version=file.version or None, last_modified=file.last_modified
                )
            elif document is not None:
                yield document

    def _document(self, page: ExportedPage, body_type: str, body: str) -> RawDocument | Rejected:
        article_id = self._article_id(page)
        if body_type != STORAGE_FORMAT:
            reason = "is in wiki markup of before Confluence 4; open and save it there, then export again"
            return Rejected(article_id, "skipped", reason, page.readers_named)
        if not body.strip():
            return Rejected(article_id, "skipped", "is empty", page.readers_named)
        storage, _ = expand_includes(_restored(body), partial(self._fetch, page), page_id=page.page_id)
        content = name_users(storage, self._users).encode("utf-8", "replace")
        if len(content) > MAX_FILE_BYTES:
            return Rejected(article_id, "skipped", _too_large(len(content)), page.readers_named)
        return RawDocument(
            article_id=article_id,
            source=self._key,
            media_type="application/x-confluence-storage",
            content=content,
            name=page.title,
            version=page.version or None,
            last_modified=page.last_modified,
            fields={"title": page.title, "labels": list(page.labels), "audience": page.audience},
        )

    def _fetch(self, page: ExportedPage, title: str, space: str | None) -> tuple[str, str, str] | None:
        """Find a page to include; one that fewer may read would be shown to those who may not."""
        other = self._by_title.get(title.casefold()) if space in {None, "", page.space} else None
        if other is None or not page.within(other) or other.page_id not in self._included:
            return None
        return other.page_id, other.version, self._included[other.page_id]

    def _gather_included(self) -> None:
        """Keep the bodies of pages that any page includes."""
        titles: set[str] = set()
        for page_id, body_type, body in read_bodies(self._open):
            if page_id in self._pages and body_type == STORAGE_FORMAT:
                titles |= {title.casefold() for title, _ in included_titles(_restored(body))}
        wanted = {self._by_title[title].page_id for title in titles & self._by_title.keys()}
        left = MAX_INCLUDED_CHARS
        for page_id, body_type, body in read_bodies(self._open) if wanted else ():
            if page_id in wanted and body_type == STORAGE_FORMAT and len(body) <= left:
                left -= len(body)
                self._included[page_id] = _restored(body)

    def _article_id(self, page: ExportedPage) -> str:
        return f"confluence/{page.space or self._space}/{page.page_id}"


def parse_audience(text: str) -> tuple[str, ...]:
    """Read a list of groups such as `it, netops`, or `everyone`."""
    names = [name.strip() for name in text.split(",")]
    return tuple(EVERYONE if name.lower() == "everyone" else name for name in names if name)


def _find(archive: Archive, file_name: str) -> str | None:
    """Return the entry of that name that lies least deep, if there is one no deeper than a folder."""
    found = [name for name in archive.names if PurePosixPath(name).name == file_name and name.count("/") <= 1]
    return min(found, key=lambda name: (name.count("/"), name), default=None)


def _is_page(path: PurePosixPath, folder: PurePosixPath) -> bool:
    """Tell whether an entry is a page of an HTML export whose pages lie in a folder."""
    return path.parent == folder and path.name != "index.html" and path.suffix.lower() in {".html", ".htm"}


def _small(archive: Archive, name: str) -> str:
    return archive.read(name).decode("utf-8", "replace") if archive.size(name) <= MAX_FILE_BYTES else ""


def _restored(body: str) -> str:
    """Give inner CDATA sections their ends back."""
    return _INNER_CDATA_END.sub("]]>", body)


def _too_large(size: int) -> str:
    return f"is {size:,} bytes, the limit is {MAX_FILE_BYTES:,}; split it or leave it out"
