"""Relative paths of files enter; raw documents leave, or why not. What every source that is a folder has in common."""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from ingest.errors import SourceError
from ingest.models import MediaType, RawDocument, Rejected

MAX_FILE_BYTES = 5 * 1024 * 1024
"""A runbook is kilobytes; what is larger is a log or a dump, and costs seconds to parse."""

MAX_BINARY_BYTES = 32 * 1024 * 1024
"""Screenshots make an office file or a PDF large, not its text."""

MEDIA_TYPES: Mapping[str, MediaType] = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".txt": "text/plain",
    ".eml": "message/rfc822",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "lost+found"})


@dataclass(frozen=True, slots=True)
class Record:
    """What a version control system knows of one file.

    Attributes:
        version: The commit that last touched it.
        last_modified: When a person last edited it; `None` where that cannot be told.
    """

    version: str | None = None
    last_modified: datetime | None = None


UNRECORDED = Record()


def source_key(root: Path) -> str:
    """Name a folder source; with or without version control, so that adding it orphans nothing."""
    return f"folder:{root.as_posix()}"


def absolute(path: Path) -> Path:
    """Make a path absolute without following links: a root that is a link keeps its name when it is repointed."""
    return Path(os.path.normpath(path.expanduser().absolute()))


def is_candidate(relative: PurePosixPath) -> bool:
    """Tell whether a path is of a kind that is indexed, in a folder that is looked into."""
    return (
        relative.suffix.lower() in MEDIA_TYPES
        and not relative.name.startswith(".")
        and not any(is_ignored_folder(folder) for folder in relative.parts[:-1])
    )


def is_ignored_folder(name: str) -> bool:
    """Tell whether a folder is not looked into: hidden, or some tool's."""
    return name.startswith(".") or name in IGNORED_FOLDERS


def read_files(
    root: Path, paths: Iterable[PurePosixPath], records: Mapping[PurePosixPath, Record]
) -> Iterator[RawDocument | Rejected]:
    """Read files below a folder in the order of their paths.

    Args:
        root: The folder, absolute.
        paths: Candidates below it.
        records: What version control knows of them, where there is any.

    Yields:
        Each file as a document, or why it is none. Of files with one id, the first counts.
    """
    listed = sorted(set(paths))
    reader = _Reader(root, frozenset(listed))
    taken: dict[str, PurePosixPath] = {}
    for relative in listed:
        article_id = article_id_of(relative)
        first = taken.setdefault(article_id, relative)
        if first != relative:
            reason = (
                f"{relative.as_posix()!r} has the same id as {first.as_posix()!r}, which counts; rename one of them"
            )
            yield Rejected(article_id, "failed", reason)
            continue
        outcome = reader.read(relative, article_id, records.get(relative, UNRECORDED))
        if outcome is not None:
            yield outcome


def article_id_of(relative: PurePosixPath) -> str:
    """Return the id of a file: its path below the source without its suffix, in NFC."""
    name = unicodedata.normalize("NFC", relative.with_suffix("").as_posix())
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def folder_id(relative: PurePosixPath) -> str:
    """Return what to report a folder under; its slash keeps it apart from the article of the same name."""
    return f"{relative.as_posix()}/".encode("utf-8", "backslashreplace").decode("utf-8")


class _Reader:
    """Reads one file after the other, refusing what is not a plain, readable, text-sized file inside the root."""

    def __init__(self, root: Path, listed: frozenset[PurePosixPath]) -> None:
        self._root = root
        self._real_root = root.resolve()
        self._listed = listed

    def read(self, relative: PurePosixPath, article_id: str, record: Record) -> RawDocument | Rejected | None:
        """Read one file; `None` if it vanished after it was listed."""
        path = self._root / relative
        try:
            refusal = self._refusal(path)
            if refusal:
                return Rejected(article_id, "skipped", refusal)
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError) as error:
            # RuntimeError: links that lead to each other.
            reason = getattr(error, "strerror", None) or "its links lead in a circle"
            return Rejected(
                article_id, "failed", f"cannot read {str(relative)!r}: {reason}; mend it or its permissions"
            )
        if not content.strip():
            return Rejected(article_id, "skipped", "is empty")
        return self._document(relative, article_id, content, record)

    def _refusal(self, path: Path) -> str | None:
        """Say why a file is not to be read, if so."""
        if path.is_symlink():
            reason = self._link_refusal(path)
            if reason:
                return reason
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return "is a folder, or a link to one; expected a file"
        if not stat.S_ISREG(status.st_mode):
            return "is not a regular file"
        text = MEDIA_TYPES[path.suffix.lower()].startswith("text/")
        limit = MAX_FILE_BYTES if text else MAX_BINARY_BYTES
        if status.st_size > limit:
            return f"is {status.st_size:,} bytes, the limit is {limit:,}; split it or leave it out"
        return None

    def _link_refusal(self, path: Path) -> str | None:
        target = path.resolve()
        if not target.is_relative_to(self._real_root):
            return f"links outside the folder, to {str(target)!r}; copy the file in, or add its folder as a source"
        if not target.exists():
            return f"is a link to {str(target)!r}, which does not exist"
        inside = PurePosixPath(target.relative_to(self._real_root).as_posix())
        # A mounted ConfigMap shows its files as links into a hidden folder: those are indexed by the link's name.
        return f"is a link to {inside.as_posix()!r}, which is indexed itself" if inside in self._listed else None

    def _document(
        self, relative: PurePosixPath, article_id: str, content: bytes, record: Record
    ) -> RawDocument | Rejected:
        try:
            name = relative.as_posix()
            name.encode("utf-8")
        except UnicodeEncodeError:
            return Rejected(
                article_id, "failed", f"{str(relative)!r} is not valid UTF-8 as a file name; rename the file"
            )
        return RawDocument(
            article_id=article_id,
            source=source_key(self._root),
            media_type=MEDIA_TYPES[relative.suffix.lower()],
            content=content,
            name=name,
            version=record.version,
            last_modified=record.last_modified,
        )


def require_folder(root: Path) -> None:
    """Make sure that a folder can be listed.

    Args:
        root: The folder.

    Raises:
        SourceError: It is not there, or is no folder.
    """
    if not root.exists():
        raise SourceError(
            f"source {str(root)!r} does not exist; expected a folder or file, check the path or the mount"
        )
    if not root.is_dir():
        raise SourceError(f"source {str(root)!r} is not a folder; expected a folder of runbooks or one file")
