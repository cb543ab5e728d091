"""An index's folder enters; nothing leaves, or a clear error where its disk is too full to write safely."""

import shutil
from collections.abc import Callable
from pathlib import Path

from index.errors import StoreError

RESERVE_BYTES = 512 * 1024**2
"""The vector store maps its files into memory: on a full disk the kernel ends the process with SIGBUS, which cannot be
caught. So writing stops while there is still room."""

_MEGABYTE = 1024**2


def free_bytes(folder: Path) -> int:
    """Measure the free space of the disk that holds a folder.

    Args:
        folder: An existing folder.

    Returns:
        Bytes that this user may still write.
    """
    return shutil.disk_usage(folder).free


def require_space(folder: Path, free: Callable[[Path], int] = free_bytes) -> None:
    """Check that an index may be written to.

    Args:
        folder: The folder that holds it.
        free: How to measure the free space.

    Raises:
        StoreError: Less than `RESERVE_BYTES` is free.
    """
    left = free(folder)
    if left < RESERVE_BYTES:
        raise StoreError(
            f"The disk that holds {str(folder)!r} has {left // _MEGABYTE} MB left, expected at least "
            f"{RESERVE_BYTES // _MEGABYTE} MB. Free some space and run it again; what was indexed so far is kept."
        )
