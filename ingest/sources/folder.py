"""A folder of runbooks, or a single file, enters; raw documents leave."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.files import (
    MEDIA_TYPES,
    absolute,
    folder_id,
    is_candidate,
    is_ignored_folder,
    read_files,
    require_folder,
    source_key,
)


class FolderSource:
    """Files below a folder, whatever their times: a file's mtime says when it was copied, not when it was edited.

    Args:
        root: A folder, or one file.
    """

    def __init__(self, root: Path) -> None:
        self._root = absolute(root)

    @property
    def key(self) -> str:
        """`folder:` and the absolute path."""
        return source_key(self._root)

    def scan(
        self, _is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Rejected]:
        """List every file of a known kind, in the order of their paths.

        Yields:
            Documents, and what was left out and why.

        Raises:
            SourceError: The folder, or a folder below it, cannot be listed; raised after what can be has been.
        """
        if self._root.is_file():
            on_total(1)
            yield from self._scan_file()
            return
        require_folder(self._root)
        paths, rejected, unlisted = self._walk()
        on_total(len(paths) + len(rejected))
        yield from rejected
        yield from read_files(self._root, paths, {})
        for error in unlisted:
            message = f"cannot list {error.filename!r}: {error.strerror}; without it nothing can be said to be gone"
            raise SourceError(message) from error

    def _scan_file(self) -> Iterator[RawDocument | Rejected]:
        if self._root.suffix.lower() not in MEDIA_TYPES:
            raise SourceError(f"source {str(self._root)!r} is of no known kind, expected {', '.join(MEDIA_TYPES)}")
        for outcome in read_files(self._root.parent, [PurePosixPath(self._root.name)], {}):
            yield outcome if isinstance(outcome, Rejected) else _of_source(outcome, self.key)

    def _walk(self) -> tuple[list[PurePosixPath], list[Rejected], list[OSError]]:
        paths: list[PurePosixPath] = []
        rejected: list[Rejected] = []
        unlisted: list[OSError] = []
        for folder, subfolders, names in os.walk(self._root, onerror=unlisted.append):
            here = PurePosixPath(Path(folder).relative_to(self._root).as_posix())
            for name in sorted(subfolders):
                if is_ignored_folder(name):
                    subfolders.remove(name)
                elif (self._root / here / name).is_symlink():
                    reason = "is a link to a folder; links are not followed into folders, add it as a source instead"
                    rejected.append(Rejected(folder_id(here / name), "skipped", reason))
            paths += [here / name for name in names if is_candidate(here / name)]
        return paths, sorted(rejected, key=lambda item: item.article_id), unlisted


def _of_source(document: RawDocument, key: str) -> RawDocument:
    return RawDocument(
        document.article_id, key, document.media_type, document.content, document.name, document.url, document.version
    )
