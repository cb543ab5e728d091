"""A home enters, whoever holds it; one archive of it, as of one moment, leaves."""

import shutil
import tempfile
from pathlib import Path

from api.archive import DATABASES, Manifest, describe, members_of, now, program_version, write_archive
from api.bootstrap import CATALOG_NAME, require_catalog
from api.errors import UsageError
from index.catalog import Catalog
from index.copying import copy_database
from index.space import require_free
from index.tables import SCHEMA_VERSION


def back_up(home: Path, file: Path) -> Manifest:
    """Write an archive of a home. Nobody who searches or ingests meanwhile waits, and nothing in the home is changed.

    Args:
        home: The home.
        file: The archive; must not exist.

    Returns:
        What is in it.

    Raises:
        NothingToDoError: There is no index in the home.
        UsageError: The archive cannot be put there.
        StoreError: The disk is nearly full.
        CatalogError: The catalog is damaged.
    """
    require_catalog(home)
    if file.exists() or not file.parent.is_dir():
        trouble = "is there already" if file.exists() else "is in no folder that exists"
        raise UsageError(f"{str(file)!r} {trouble}; expected the name of a new file")
    names = members_of(home)
    require_free(file.parent, 2 * sum((home / name).stat().st_size for name in names))
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".runcite-backup-") as scratch:
        copies = Path(scratch)
        for name in names:
            target = copies / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name in DATABASES:
                copy_database(home / name, target)
            else:
                shutil.copyfile(home / name, target)
        manifest = _manifest(copies, names)
        try:
            write_archive(file, copies, manifest)
        except OSError as error:
            raise UsageError(f"{str(file)!r} cannot be written: {error.strerror}; choose another place") from error
    return manifest


def _manifest(copies: Path, names: list[str]) -> Manifest:
    members = describe(copies, names)
    with tempfile.TemporaryDirectory(dir=copies) as scratch:
        # A copy of the copy: opening it makes files beside it, and it has been measured.
        shutil.copyfile(copies / CATALOG_NAME, Path(scratch) / CATALOG_NAME)
        catalog = Catalog.open(Path(scratch) / CATALOG_NAME)
        try:
            spec = catalog.embedding()
            return Manifest(
                created_at=now(),
                runcite=program_version(),
                index_id=catalog.index_id(),
                schema_version=SCHEMA_VERSION,
                articles=len(catalog.standings()),
                embedding=spec and spec.model,
                members=members,
            )
        finally:
            catalog.close()
