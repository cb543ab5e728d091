"""A zip file of unknown origin enters, entries that are safe to read leave; nothing is ever written to disk."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from ingest.errors import SourceError

MAX_ENTRIES = 100_000
MAX_DIRECTORY_BYTES = 64 * 1024 * 1024
"""The list of entries is held in memory whole, so its size is looked at before it is read."""

MAX_TOTAL_BYTES = 4 * 1024 * 1024 * 1024
"""What all pages of an archive may hold, unpacked; attachments do not count, for they are not unpacked."""

MAX_RATIO = 200
"""Text packs ten to one, at the most forty; the densest zip bombs a thousand to one."""

RATIO_FROM_BYTES = 1024 * 1024

_ENCRYPTED = 0x1
_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT_BYTES = 65_535
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Archive:
    """The entries of an open zip file.

    Attributes:
        names: Names of the entries that may be read, in the order of the archive.
        others: Names of the other files; one of them is read by `read_other`, if it is harmless.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, suffixes: frozenset[str]) -> None:
        self._path = path
        self._zip = archive
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _refusal(path, f"holds {len(entries):,} entries, the limit is {MAX_ENTRIES:,}")
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._others: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            self._check(entry)
            if entry.is_dir():
                continue
            if PurePosixPath(entry.filename).suffix.lower() in suffixes:
                self._check_size(entry, self._entries)
                self._entries[entry.filename] = entry
            else:
                self._others.setdefault(entry.filename, entry)
        total = sum(entry.file_size for entry in self._entries.values())
        if total > MAX_TOTAL_BYTES:
            raise _refusal(path, f"unpacks to {total:,} bytes of pages, the limit is {MAX_TOTAL_BYTES:,}")
        self.names = tuple(self._entries)
        self.others = tuple(self._others)

    def size(self, name: str) -> int:
        """Return how many bytes an entry holds, by its own record."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """Read one entry whole.

        Raises:
            SourceError: It is damaged, or holds more than it says.
        """
        with self.stream(name) as stream:
            return stream.read()

    def other_size(self, name: str) -> int:
        """Return how many bytes one of the other files holds, by its own record."""
        return self._others[name].file_size

    def read_other(self, name: str) -> bytes:
        """Read one of the other files whole; whoever asks has looked at its size.

        Raises:
            SourceError: It is damaged, or packed as zip bombs are.
        """
        entry = self._others[name]
        self._check_size(entry, {})
        with self._opened(entry) as stream:
            return stream.read()

    @contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes]]:
        """Open one entry to be read bit by bit.

        Raises:
            SourceError: It is damaged; also from whatever reads the stream.
        """
        with self._opened(self._entries[name]) as stream:
            yield stream

    @contextmanager
    def _opened(self, entry: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(entry) as stream:
                yield stream
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise _refusal(self._path, f"entry {entry.filename!r} is damaged ({error})") from error

    def _check(self, entry: zipfile.ZipInfo) -> None:
        """Refuse what no export holds: such an archive was made to harm."""
        name = entry.filename
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if name.startswith(("/", "\\")) or ".." in parts or ":" in name[:2] or "\0" in entry.orig_filename:
            raise _refusal(self._path, f"entry {name[:100]!r} points outside the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise _refusal(self._path, f"entry {name[:100]!r} is a symbolic link")
        if entry.flag_bits & _ENCRYPTED:
            raise _refusal(self._path, f"entry {name[:100]!r} is encrypted", "export it again without a password")

    def _check_size(self, entry: zipfile.ZipInfo, known: Container[str]) -> None:
        if entry.compress_type not in _METHODS:
            raise _refusal(self._path, f"entry {entry.filename[:100]!r} is packed in a way no export uses")
        if entry.file_size > RATIO_FROM_BYTES and entry.file_size > entry.compress_size * MAX_RATIO:
            ratio = entry.file_size // max(entry.compress_size, 1)
            raise _refusal(
                self._path, f"entry {entry.filename[:100]!r} unpacks to {ratio:,} times its size, as zip bombs do"
            )
        if entry.filename in known:
            raise _refusal(self._path, f"entry {entry.filename[:100]!r} is there twice")


@contextmanager
def open_archive(path: Path, suffixes: frozenset[str]) -> Iterator[Archive]:
    """Open a zip file.

    Args:
        path: The file.
        suffixes: Of the entries that are to be read, such as `.xml`.

    Yields:
        Its entries.

    Raises:
        SourceError: It cannot be read, is no zip file, or was made to harm.
    """
    try:
        with path.open("rb") as file:
            _check_directory(path, file)
            with zipfile.ZipFile(file) as archive:
                yield Archive(path, archive, suffixes)
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}; mend it or its permissions") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _refusal(path, f"is not a zip file that can be read ({error})", "export the space again") from error


def _check_directory(path: Path, file: IO[bytes]) -> None:
    """Look at the size of the list of entries before the zip library reads it into memory."""
    size = file.seek(0, io.SEEK_END)
    tail_start = max(0, size - _END_BYTES - _MAX_COMMENT_BYTES)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise _refusal(path, "is not a zip file", "expected the zip that Confluence's space export writes")
    directory = struct.unpack_from("<L", tail, at + 12)[0]
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(_LOCATOR_64):
        file.seek(min(struct.unpack_from("<Q", locator, 8)[0], size))
        record = file.read(56)
        if record.startswith(_END_64) and len(record) == 56:
            directory = struct.unpack_from("<Q", record, 40)[0]
    file.seek(0)
    if directory > MAX_DIRECTORY_BYTES:
        raise _refusal(path, f"lists its entries in {directory:,} bytes, the limit is {MAX_DIRECTORY_BYTES:,}")


def _refusal(path: Path, problem: str, remedy: str = "it was not read; export the space again") -> SourceError:
    return SourceError(f"{str(path)!r}: {problem}; {remedy}")
