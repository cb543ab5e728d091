"""An archive enters; a home made of it, checked before anything that exists is touched, leaves.

The new home is made in a folder beside the old one and takes its place by renaming. A kill leaves the old home or the
new one; where it comes between the two renamings, the next command puts the old one back (`leftovers.py`).
"""

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agent.ledger import Ledger
from api.actor import actor
from api.announce import find_server
from api.archive import Archive, Manifest
from api.bootstrap import CATALOG_NAME, open_runtime
from api.errors import ArchiveError, UsageError
from api.leftovers import made, put_aside, put_right, workplace
from api.settings import Settings
from api.stores import OnNotice
from index.catalog import Catalog
from index.errors import EmbeddingError, StoreHeldError
from index.lock import HomeLock
from index.publish import OnStep
from index.space import require_free
from index.tables import SCHEMA_VERSION

COMMAND = "runcite restore"


@dataclass(frozen=True, slots=True)
class Restoring:
    """How to restore.

    Attributes:
        replace: Put the new home in the place of one that holds something.
        notice: Told what a person should know.
        on_step: Told each step just taken.
    """

    replace: bool
    notice: OnNotice
    on_step: OnStep


def restore(file: Path, settings: Settings, how: Restoring) -> Manifest:
    """Make a home of an archive.

    Args:
        file: The archive.
        settings: Which home.
        how: How to restore.

    Returns:
        What was in the archive.

    Raises:
        ArchiveError: The archive is damaged, was changed, or is none; the home is as it was.
        UsageError: The home holds something, and is not to be replaced.
        StoreHeldError: A process uses the home.
        StoreError: The disk is nearly full.
    """
    home = settings.home.absolute()
    with ExitStack() as opened:
        archive = Archive.open(file)
        opened.callback(archive.close)
        _require_schema(file, archive.manifest)
        home.parent.mkdir(parents=True, exist_ok=True)
        opened.enter_context(HomeLock.acquire(workplace(home), COMMAND))
        # However it ends: a home that was put aside is put back unless another is in its place.
        opened.callback(_leave, home)
        put_right(home)
        if home.exists() and any(home.iterdir()):
            if not how.replace:
                raise UsageError(f"{str(home)!r} is not empty; expected a new --home, or --replace to delete it")
            url = find_server(home)
            if url is not None:
                raise StoreHeldError(f"The home {str(home)!r} is served at {url}. Stop that server, then try again.")
            opened.enter_context(HomeLock.acquire(home, COMMAND))
        require_free(home.parent, 2 * archive.size)
        draft = made(home)
        archive.extract(draft)
        how.on_step("extracted")
        _check(draft, file, archive.manifest)
        how.on_step("checked")
        _embed(settings.model_copy(update={"home": draft}), how.notice)
        how.on_step("embedded")
        _swap(home, how.on_step)
        put_right(home)
        how.on_step("cleared")
    return archive.manifest


def _require_schema(file: Path, manifest: Manifest) -> None:
    if manifest.schema_version != SCHEMA_VERSION:
        raise ArchiveError(
            f"{str(file)!r} was made by Runcite {manifest.runcite}, with a catalog of schema "
            f"{manifest.schema_version}; expected {SCHEMA_VERSION}. Restore it with that version."
        )


def _check(draft: Path, file: Path, manifest: Manifest) -> None:
    """Open the catalog: its pages are read, and it has to be the index that the manifest describes."""
    if CATALOG_NAME not in {member.name for member in manifest.members}:
        raise ArchiveError(
            f"{str(file)!r} holds no {CATALOG_NAME}, without which there is no home. Use another archive."
        )
    catalog = Catalog.open(draft / CATALOG_NAME)
    try:
        found = (catalog.index_id(), len(catalog.standings()))
        # What was decided after the backup is not in it: the log goes on from there, and says so.
        ledger = Ledger.open(catalog.engine, catalog.path, actor(COMMAND))
        ledger.note("restore", manifest.index_id, {"backup": manifest.created_at.isoformat()})
    finally:
        catalog.close()
    if found != (manifest.index_id, manifest.articles):
        raise ArchiveError(
            f"{str(file)!r} describes index {manifest.index_id!r} of {manifest.articles} articles, and holds "
            f"{found[0]!r} of {found[1]}. Use another archive."
        )


def _embed(draft: Settings, notice: OnNotice) -> None:
    """Make the vectors, most of them from the cache; those on a server are still the old home's."""
    later = "Run `runcite ingest` with any source of this index: its vectors are made from the catalog."
    if draft.qdrant_url is not None:
        notice(f"The vectors on the Qdrant server are as they were. {later}")
        return
    catalog = Catalog.open(draft.home / CATALOG_NAME)
    try:
        if not catalog.standings():
            return
    finally:
        catalog.close()
    try:
        with open_runtime(draft.model_copy(update={"embedding": "auto"}), command=COMMAND, notice=notice) as runtime:
            runtime.live.now.syncer.mend()
    except EmbeddingError as error:
        notice(f"{error} {later}")


def _swap(home: Path, on_step: OnStep) -> None:
    try:
        if home.exists():
            home.rename(put_aside(home))
            on_step("put_aside")
        made(home).rename(home)
    except OSError as error:
        raise UsageError(
            f"{str(home)!r} cannot be put in its place: {error.strerror}; expected a folder that is no mount point. "
            "Restore to a new folder below it, and name that one as --home"
        ) from error
    on_step("swapped")
    folder = os.open(home.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _leave(home: Path) -> None:
    put_right(home)
    shutil.rmtree(workplace(home), ignore_errors=True)
