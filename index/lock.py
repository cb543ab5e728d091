"""A home folder enters, the right to write its index leaves: one process at a time, and a dead one's right lapses."""

import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from index.errors import StoreHeldError

LOCK_NAME = "writer.lock"


class HomeLock:
    """Held while a process has the vector store open. The kernel frees it when its holder dies, however it dies."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor: int | None = descriptor
        self._path = path

    @classmethod
    def acquire(cls, home: Path, command: str) -> Self:
        """Take the lock, or say who has it; never waits.

        Args:
            home: The folder that holds the index; made where it does not exist.
            command: What the holder is doing, for others' messages.

        Returns:
            The lock, until `release`.

        Raises:
            StoreHeldError: Another process has it; the message names it.
        """
        home.mkdir(parents=True, exist_ok=True)
        path = home / LOCK_NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise StoreHeldError(
                f"The index in {str(home)!r} is in use by {holder(home)}. Wait until it has finished or stop it, "
                "then try again."
            ) from error
        note = {"pid": os.getpid(), "command": command, "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
        return cls(descriptor, path)

    def release(self) -> None:
        """Give the lock back. The file stays: removing it could free a lock someone else has just taken."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()


def is_held(home: Path) -> bool:
    """Tell whether a process has the lock of a home, without taking it even for an instant.

    Args:
        home: The folder that holds the index.

    Returns:
        `False` too where its last holder was killed.
    """
    try:
        return is_alive(int(json.loads((home / LOCK_NAME).read_text(encoding="utf-8"))["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_alive(pid: int) -> bool:
    """Tell whether there is a process of this id on this machine."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0


def holder(home: Path) -> str:
    """Describe the process that holds, or last held, the lock of a home.

    Args:
        home: The folder that holds the index.

    Returns:
        A phrase such as "process 4711 (runcite serve), since 2026-11-20T09:00:00+00:00".
    """
    try:
        note = json.loads((home / LOCK_NAME).read_text(encoding="utf-8"))
        return f"process {note['pid']} ({note['command']}), since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        # The holder writes its note just after it takes the lock; for that instant it has no name.
        return "another process"
