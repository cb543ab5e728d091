"""A SQLite file that others may be writing to enters, a whole copy of it as of one moment leaves."""

import sqlite3
from contextlib import closing
from pathlib import Path

from index.errors import CatalogError

_BUSY_TIMEOUT_S = 10.0
_PAGES_PER_STEP = 4096


def copy_database(file: Path, to: Path) -> None:
    """Copy a database as it is at one moment; nobody who writes to it waits.

    Args:
        file: The database.
        to: The copy; made.

    Raises:
        CatalogError: The database cannot be read, or is damaged.
    """
    try:
        # `rw`: a file that is missing is not made, and what has not been checkpointed can be read.
        address = f"{file.absolute().as_uri()}?mode=rw"
        with (
            closing(sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            # One read transaction around all steps: else each change made meanwhile would begin the copy anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            source.backup(target, pages=_PAGES_PER_STEP)
            verdict = target.execute("PRAGMA quick_check(1)").fetchone()[0]
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        raise CatalogError(f"{str(file)!r} cannot be copied: {error}. Expected a whole SQLite file.") from error
    if verdict != "ok":
        raise CatalogError(f"{str(file)!r} is damaged: quick_check says {verdict!r}. Expected a whole SQLite file.")
