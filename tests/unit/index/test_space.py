from pathlib import Path

import pytest

from index.errors import DiskFullError
from index.space import (
    OPENING_BYTES,
    RESERVE_BYTES,
    require_free,
    require_room_to_open,
    require_space,
    require_space_for_another,
    used_bytes,
)


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


def test_files_may_be_written_where_the_reserve_is_left(tmp_path: Path) -> None:
    require_free(tmp_path, 100, free=lambda _folder: RESERVE_BYTES + 100)
    with pytest.raises(DiskFullError, match="nothing was changed"):
        require_free(tmp_path, 100, free=lambda _folder: RESERVE_BYTES + 99)


def test_a_second_index_needs_room_for_itself_and_twice_both(tmp_path: Path) -> None:
    used = {tmp_path: 500 * 1024**2, tmp_path / "vectors": 400 * 1024**2}.__getitem__
    require_space_for_another(tmp_path, tmp_path / "vectors", free=lambda _folder: 2200 * 1024**2, used=used)
    with pytest.raises(DiskFullError, match=r"2199 MB left.*2200 MB.*a second index is built"):
        require_space_for_another(tmp_path, tmp_path / "vectors", free=lambda _folder: 2200 * 1024**2 - 1, used=used)
