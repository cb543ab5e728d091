"""A serving process leaves its address in its home; another one of the same user finds it there."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from api.loopback import is_loopback
from index.lock import is_alive

FILE_NAME = "server.json"


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Leave the address in the home for as long as the block runs.

    Args:
        home: The home that is being served.
        url: Where it is served.
    """
    path = home / FILE_NAME
    draft = home / f"{FILE_NAME}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    draft.replace(path)
    try:
        yield
    finally:
        # With the vectors on a server several processes may serve one home; the last to come is the one announced.
        if _read(path) == (url, os.getpid()):
            path.unlink(missing_ok=True)


def find_server(home: Path) -> str | None:
    """Find the address of the process that serves a home.

    Args:
        home: The home.

    Returns:
        Its loopback URL; `None` where there is no announcement, or only one that a dead process left behind.
    """
    announcement = _read(home / FILE_NAME)
    if announcement is None:
        return None
    url, pid = announcement
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    return url if is_local and is_alive(pid) else None


def _read(path: Path) -> tuple[str, int] | None:
    try:
        announcement = json.loads(path.read_text(encoding="utf-8"))
        return str(announcement["url"]), int(announcement["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
