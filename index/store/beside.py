"""A folder of vectors enters; a copy of it that is quick to search takes its place, made by another process.

Edge keeps the interpreter's lock while it builds graphs, so a process that serves must not build them itself. A kill at
any point leaves the folder, or one of its two neighbours that `settle` puts back.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from index.errors import StoreError
from index.space import require_space

LOOK_EVERY_S = 0.1
_PACKAGES = Path(__file__).resolve().parents[2]


def settle(folder: Path) -> None:
    """Undo an exchange of folders that was cut off.

    Args:
        folder: Where the vectors are to be.
    """
    if _former(folder).exists() and not folder.exists():
        _former(folder).rename(folder)


def clear(folder: Path) -> None:
    """Remove what an exchange, or one that was cut off, left.

    Args:
        folder: The vectors, opened by the caller, so that nobody else is at work beside them.
    """
    for leftover in (_former(folder), copy_of(folder)):
        shutil.rmtree(leftover, ignore_errors=True)


def build(folder: Path, dimension: int, should_stop: Callable[[], bool]) -> bool:
    """Copy a folder and have the copy optimised.

    Args:
        folder: The vectors: all written out, and not written to meanwhile.
        dimension: Length of the vectors.
        should_stop: Asked every now and then; once true, nothing is built.

    Returns:
        Whether the copy is ready.

    Raises:
        StoreError: The disk is too full for a copy, or the optimisation failed.
    """
    copy = copy_of(folder)
    shutil.rmtree(copy, ignore_errors=True)
    require_space(folder.parent)
    shutil.copytree(folder, copy)
    command = [sys.executable, "-m", "index.store.optimise", str(copy), str(dimension)]
    # A session of its own: Ctrl-C is for its parent, which then stops it.
    with subprocess.Popen(  # noqa: S603 - this very program
        command, cwd=_PACKAGES, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        said = _wait(child, should_stop)
    if child.returncode == 0:
        return True
    shutil.rmtree(copy, ignore_errors=True)
    if said is None:
        return False
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    raise StoreError(
        f"The vectors in {str(folder)!r} could not be optimised (exit code {child.returncode}): {last[0]}. They are as "
        "they were and are searched all the same, only slower; the next run tries again."
    )


def exchange(folder: Path) -> None:
    """Put the optimised copy in the folder's place; the folder stays beside it until `clear`."""
    folder.rename(_former(folder))
    copy_of(folder).rename(folder)
    _sync(folder.parent)


def put_back(folder: Path) -> None:
    """Put the former folder in its place again."""
    folder.rename(copy_of(folder))
    _former(folder).rename(folder)


def _wait(child: subprocess.Popen[str], should_stop: Callable[[], bool]) -> str | None:
    """Wait for a process, or stop it; what it said, `None` where it was stopped."""
    while True:
        try:
            return child.communicate(timeout=LOOK_EVERY_S)[1]
        except subprocess.TimeoutExpired:
            if should_stop():
                child.kill()
                child.communicate()
                return None


def copy_of(folder: Path) -> Path:
    """Name the folder in which the copy is made."""
    return folder.with_name(f"{folder.name}.optimising")


def _former(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.former")


def _sync(folder: Path) -> None:
    """Make renames durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
