"""An attachment in the zip of a space export enters, a raw document leaves, or why there is none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from ingest.attachments import attachment_id, media_type_of, too_large
from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.sources.archive import Archive


def exported_file(archive: Archive, entry: str, name: str, page: str, key: str) -> RawDocument | Rejected | None:
    """Read one attachment.

    Args:
        archive: The zip.
        entry: Name of its entry.
        name: Its file name.
        page: Article id of its page.
        key: Its id within the page.

    Returns:
        A document of no source yet; `None` for a file that is not read as an article.
    """
    media_type = media_type_of(name)
    if media_type is None:
        return None
    article_id = attachment_id(page, key)
    content = _content(archive, entry, name)
    if isinstance(content, str):
        return Rejected(article_id, "failed" if content.startswith("cannot") else "skipped", content)
    return RawDocument(article_id, "", media_type, content, name, attached_to=page)


def html_files(archive: Archive, folder: str, page: str, source: str) -> Iterator[RawDocument | Rejected]:
    """Read the attachments that an HTML export holds of a page: it names them by their ids, `98310.pdf`.

    Args:
        archive: The zip.
        folder: The folder of the page's attachments in it.
        page: Article id of the page.
        source: Key of the source.
    """
    for entry in sorted((*archive.names, *archive.others)):
        path = PurePosixPath(entry)
        if str(path.parent) == folder:
            document = exported_file(archive, entry, path.name, page, path.stem)
            if document is not None:
                yield replace(document, source=source) if isinstance(document, RawDocument) else document


def _content(archive: Archive, entry: str, name: str) -> bytes | str:
    """Read a file; why not, where it cannot be had."""
    known = entry in archive.names
    if not known and entry not in archive.others:
        return f"cannot be read: {name!r} is not in the export, which was made without attachments"
    refusal = too_large(name, archive.size(entry) if known else archive.other_size(entry))
    if refusal:
        return refusal
    try:
        content = archive.read(entry) if known else archive.read_other(entry)
    except SourceError as error:
        return f"cannot be read: {error}"
    return content if content.strip() else "is empty"
