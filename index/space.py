"""An index's folder enters; nothing leaves, or a clear error where its disk is too full to write safely."""

import shutil
from collections.abc import Callable
from pathlib import Path

from index.errors import DiskFullError

RESERVE_BYTES = 512 * 1024**2
"""The vector store maps its files into memory: on a full disk the kernel ends the process with SIGBUS, which cannot be
caught. So writing stops while there is still room, for twice the index at least: it is rewritten as it grows."""

OPENING_BYTES = 64 * 1024**2
"""What opening the vector store takes for the files that it maps (53 MB, measured); with less the process is ended."""

_BLOCK_BYTES = 512
_MEGABYTE = 1024**2


def free_bytes(folder: Path) -> int:
    """Measure the free space of the disk that holds a folder.

    Args:
        folder: An existing folder.

    Returns:
        Bytes that this user may still write.
    """
    return shutil.disk_usage(folder).free


def used_bytes(folder: Path) -> int:
    """Measure what the files in a folder take up on their disk; most of the vector store's are holes.

    Args:
        folder: A folder; its files may come and go meanwhile.

    Returns:
        Bytes.
    """
    used = 0
    for path in folder.rglob("*"):
        try:
            used += path.lstat().st_blocks * _BLOCK_BYTES
        except FileNotFoundError:
            continue
    return used


def require_space(
    folder: Path, free: Callable[[Path], int] = free_bytes, used: Callable[[Path], int] = used_bytes
) -> None:
    """Check that an index may be written to.

    Args:
        folder: The folder that holds it.
        free: How to measure the free space.
        used: How to measure the index.

    Raises:
        DiskFullError: Less than `RESERVE_BYTES`, or than twice the index, is free.
    """
    _require(free(folder), max(RESERVE_BYTES, 2 * used(folder)), folder)


def require_room_to_open(folder: Path, free: Callable[[Path], int] = free_bytes) -> None:
    """Check that a vector store may be opened, be it only for reading.

    Args:
        folder: The folder that holds it.
        free: How to measure the free space.

    Raises:
        DiskFullError: Less than `OPENING_BYTES` is free.
    """
    _require(free(folder), OPENING_BYTES, folder)


def require_free(folder: Path, size: int, free: Callable[[Path], int] = free_bytes) -> None:
    """Check that files may be written.

    Args:
        folder: An existing folder, on the disk that is to hold them.
        size: Their size in bytes.
        free: How to measure the free space.

    Raises:
        DiskFullError: Less than `RESERVE_BYTES` would be left.
    """
    _require(free(folder), RESERVE_BYTES + size, folder, "nothing was changed")


def require_space_for_another(
    home: Path,
    vectors: Path,
    free: Callable[[Path], int] = free_bytes,
    used: Callable[[Path], int] = used_bytes,
) -> None:
    """Check that a second set of vectors may be built in a home beside the live one.

    Args:
        home: The home.
        vectors: Its folder of the live vectors.
        free: How to measure the free space.
        used: How to measure a folder.

    Raises:
        DiskFullError: There would be too little left to write safely once it is there.
    """
    left, another = free(home), used(vectors)
    # With both there, twice both have to be free: see `require_space`.
    needed = max(RESERVE_BYTES, 2 * (used(home) + another)) + another
    _require(left, needed, home, "a second index is built beside the live one, which is as it was")


def _require(left: int, needed: int, folder: Path, kept: str = "what was indexed so far is kept") -> None:
    if left < needed:
        raise DiskFullError(
            f"The disk that holds {str(folder)!r} has {left // _MEGABYTE} MB left, expected at least "
            f"{needed // _MEGABYTE} MB. Free some space and run it again; {kept}."
        )
