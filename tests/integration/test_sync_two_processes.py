"""One process at a time owns an index: the second is told who has it at once, and a dead one's hold lapses."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from index.errors import StoreHeldError
from index.lock import HomeLock
from index.store.edge import EdgeStore

pytestmark = pytest.mark.integration

DIMENSION = 8
PROMPTLY_S = 1.0


def hold(home: Path, ready: Connection) -> None:
    """Run in the child: take lock and store, and keep them."""
    lock = HomeLock.acquire(home, "runcite ingest wiki")
    store = EdgeStore.open(home / "vectors", DIMENSION)
    ready.send_bytes(b"held")
    signal.pause()
    store.close()
    lock.release()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[multiprocessing.process.BaseProcess]:
    context = multiprocessing.get_context("forkserver")
    ready, other = context.Pipe(duplex=False)
    process = context.Process(target=hold, args=(tmp_path, other))
    process.start()
    other.close()
    assert ready.poll(30)
    yield process
    process.kill()
    process.join(30)
    ready.close()


def test_the_second_is_told_who_has_it_within_a_second(holder, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(StoreHeldError, match=rf"process {holder.pid} \(runcite ingest wiki\)"):
        HomeLock.acquire(tmp_path, "runcite ingest")
    with pytest.raises(StoreHeldError, match="another process"):
        EdgeStore.open(tmp_path / "vectors", DIMENSION)
    assert time.monotonic() - began < PROMPTLY_S


def test_a_dead_holders_lock_is_free_within_a_second(holder, tmp_path: Path) -> None:
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(30)
    began = time.monotonic()
    with HomeLock.acquire(tmp_path, "runcite ingest"):
        EdgeStore.open(tmp_path / "vectors", DIMENSION).close()
    assert time.monotonic() - began < PROMPTLY_S
