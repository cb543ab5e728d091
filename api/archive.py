"""The files of a home enter, one archive with the size and SHA-256 of each leaves; and back, checked.

An archive is a zip file whose first member is `manifest.json`. It holds what cannot be had again: the catalog and what
is beside it. Vectors are not in it: they are made again from the catalog and the cache of embeddings, whatever engine
or server keeps them.
"""

import hashlib
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.errors import ArchiveError

MANIFEST_NAME = "manifest.json"
MOST_MANIFEST_BYTES = 1_000_000
DATABASES = ("catalog.sqlite", "embeddings.sqlite")
FILES = ("policy.yml", "calibration.json")
FOLDERS = ("models",)

_CHUNK_BYTES = 1 << 20
_MEMBER = re.compile(
    "|".join(map(re.escape, (*DATABASES, *FILES))) + rf"|(?:{'|'.join(FOLDERS)})(?:/(?!\.)[\w.@+-]{{1,200}}){{1,8}}"
)
"""What a member may be called: nothing that leads out of the home, and no file that a home does not have."""


_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)
"""What `zipfile` raises over bytes that are no archive of ours; pydantic's error is a `ValueError`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Strict):
    """One file of a home."""

    name: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(_Strict):
    """What an archive holds."""

    format: Literal["runcite-backup"] = "runcite-backup"
    version: Literal[1] = 1
    created_at: datetime
    runcite: str
    index_id: str
    schema_version: int
    articles: int
    embedding: str | None
    members: tuple[Member, ...]


def members_of(home: Path) -> list[str]:
    """List what a home has that belongs in an archive, databases first.

    Args:
        home: The home.

    Returns:
        Names below the home, with slashes.
    """
    plain = [name for name in (*DATABASES, *FILES) if (home / name).is_file()]
    kept = [file for folder in FOLDERS for file in sorted((home / folder).rglob("*")) if file.is_file()]
    return [*plain, *(name for file in kept if _MEMBER.fullmatch(name := file.relative_to(home).as_posix()))]


def describe(folder: Path, names: Iterable[str]) -> tuple[Member, ...]:
    """Measure files.

    Args:
        folder: Where they are.
        names: Their names below it.
    """
    found = []
    for name in names:
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found.append(Member(name=name, size=(folder / name).stat().st_size, sha256=digest))
    return tuple(found)


def program_version() -> str:
    """Tell which Runcite this is."""
    try:
        return version("runcite")
    except PackageNotFoundError:
        return "checkout"


def now() -> datetime:
    """Tell the time, in UTC and to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def write_archive(file: Path, folder: Path, manifest: Manifest) -> None:
    """Write an archive, whole or not at all, readable by its owner alone.

    Args:
        file: The archive; must not exist.
        folder: Where the members are.
        manifest: Describes them.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(MANIFEST_NAME, manifest.model_dump_json(indent=1))
                for member in manifest.members:
                    archive.write(folder / member.name, member.name)
            stream.flush()
            os.fsync(stream.fileno())
        # Not `replace`: whoever has put a file there meanwhile keeps it.
        os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


class Archive:
    """An archive that has been opened and whose manifest holds; its members are checked as they are taken out."""

    def __init__(self, file: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._file = file
        self._archive = archive
        self.manifest = manifest

    @classmethod
    def open(cls, file: Path) -> "Archive":
        """Open an archive.

        Args:
            file: The archive.

        Raises:
            ArchiveError: It is no archive of Runcite's, of another version, cut short, or not what its manifest says.
        """
        try:
            archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise ArchiveError(
                f"{str(file)!r} cannot be read: {error}. Expected a whole file made by `runcite backup`."
            ) from error
        try:
            return cls(file, archive, _read_manifest(file, archive))
        except ArchiveError:
            archive.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._archive.close()

    @property
    def size(self) -> int:
        """How many bytes its members take when they are out."""
        return sum(member.size for member in self.manifest.members)

    def extract(self, folder: Path) -> None:
        """Take the members out, each held against its size and digest, and durable when this returns.

        Args:
            folder: An empty folder.

        Raises:
            ArchiveError: A member is damaged or not the one that was put in.
        """
        for member in self.manifest.members:
            target = folder / member.name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with closing(self._archive.open(member.name)) as source, target.open("xb") as stream:
                    _copy(source, stream, member, self._file)
            except _BROKEN as error:
                raise ArchiveError(
                    f"{str(self._file)!r} is damaged at {member.name!r}: {error}. Use another archive."
                ) from error


def _copy(source: IO[bytes], stream: IO[bytes], member: Member, file: Path) -> None:
    digest, size = hashlib.sha256(), 0
    while size <= member.size and (part := source.read(_CHUNK_BYTES)):
        digest.update(part)
        size += len(part)
        stream.write(part)
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise ArchiveError(
            f"{str(file)!r} is damaged: {member.name!r} is not the file that its manifest describes. Use another "
            "archive."
        )
    stream.flush()
    os.fsync(stream.fileno())


def _read_manifest(file: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        with archive.open(MANIFEST_NAME) as stream:
            content = stream.read(MOST_MANIFEST_BYTES)
        manifest = Manifest.model_validate_json(content)
    except (KeyError, *_BROKEN) as error:
        raise ArchiveError(
            f"{str(file)!r} has no {MANIFEST_NAME} that this Runcite can read. Expected a file made by "
            "`runcite backup`, of this version."
        ) from error
    names = [member.name for member in manifest.members]
    held = sorted(archive.namelist())
    if held != sorted([MANIFEST_NAME, *names]):
        raise ArchiveError(f"{str(file)!r} does not hold what its manifest lists: found {held!r}. Use another archive.")
    for name in names:
        if not _MEMBER.fullmatch(name):
            raise ArchiveError(f"{str(file)!r} holds {name!r}, which no home has. Use another archive.")
    return manifest
