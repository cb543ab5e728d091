from pathlib import Path

import pytest

from index.errors import DiskFullError
from index.space import OPENING_BYTES, RESERVE_BYTES, require_room_to_open, require_space, used_bytes


def test_a_disk_with_room_is_fine(tmp_path: Path) -> None:
    require_space(tmp_path, free=lambda _folder: RESERVE_BYTES)


def test_a_nearly_full_disk_is_refused_with_figures(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match=r"100 MB left.*512 MB"):
        require_space(tmp_path, free=lambda _folder: 100 * 1024**2)


def test_a_large_index_needs_twice_its_size(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match=r"1000 MB left.*1200 MB"):
        require_space(tmp_path, free=lambda _folder: 1000 * 1024**2, used=lambda _folder: 600 * 1024**2)


def test_holes_take_no_space(tmp_path: Path) -> None:
    (tmp_path / "vectors").mkdir()
    with (tmp_path / "vectors" / "page").open("wb") as file:
        file.write(b"x" * 8192)
        file.truncate(1024**3)
    assert 8192 <= used_bytes(tmp_path) < 1024**2


def test_opening_takes_less_and_is_refused_without(tmp_path: Path) -> None:
    require_room_to_open(tmp_path, free=lambda _folder: OPENING_BYTES)
    with pytest.raises(DiskFullError, match=r"63 MB left.*64 MB"):
        require_room_to_open(tmp_path, free=lambda _folder: OPENING_BYTES - 1)
