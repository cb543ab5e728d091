"""A home enters; what a restore that was killed left beside it is put right."""

import shutil
from pathlib import Path

from index.errors import StoreHeldError
from index.lock import HomeLock


def workplace(home: Path) -> Path:
    """Name the folder beside a home in which another is made to take its place; locked by whoever works there."""
    return home.with_name(f".{home.name}.restoring")


def made(home: Path) -> Path:
    """Name the folder in which the new home is made."""
    return workplace(home) / "new"


def put_aside(home: Path) -> Path:
    """Name the folder in which the old home waits for its deletion, or to be put back."""
    return workplace(home) / "old"


def recover(home: Path) -> None:
    """Put a home back that a restore had put aside when it was killed, and delete what it left.

    Args:
        home: The home. A restore of it that goes on is left alone.
    """
    home = home.absolute()
    place = workplace(home)
    if not place.exists():
        return
    try:
        with HomeLock.acquire(place, "runcite"):
            put_right(home)
    except (StoreHeldError, FileNotFoundError):
        return


def put_right(home: Path) -> None:
    """Do what `recover` does; for the holder of the workplace's lock, who keeps the workplace itself."""
    if put_aside(home).exists() and not home.exists():
        put_aside(home).rename(home)
    for folder in (made(home), put_aside(home)):
        shutil.rmtree(folder, ignore_errors=True)
