import os
from pathlib import Path

import pytest

from index.errors import StoreHeldError
from index.lock import LOCK_NAME, HomeLock, holder


def test_the_holder_is_named(tmp_path: Path) -> None:
    with HomeLock.acquire(tmp_path / "home", "runcite serve"):
        with pytest.raises(StoreHeldError, match=rf"process {os.getpid()} \(runcite serve\), since 20"):
            HomeLock.acquire(tmp_path / "home", "runcite ingest")
        assert "runcite serve" in holder(tmp_path / "home")


def test_it_can_be_taken_again_after_release(tmp_path: Path) -> None:
    first = HomeLock.acquire(tmp_path, "one")
    first.release()
    first.release()
    with HomeLock.acquire(tmp_path, "two"):
        assert "(two)" in holder(tmp_path)


@pytest.mark.parametrize("note", ["", "not JSON", "[]", "{}", "\x00\xff"])
def test_a_lock_file_without_a_readable_note_is_no_obstacle(tmp_path: Path, note: str) -> None:
    (tmp_path / LOCK_NAME).write_text(note, encoding="utf-8")
    assert holder(tmp_path) == "another process"
    HomeLock.acquire(tmp_path, "x").release()
