from pathlib import Path

import pytest

from index.errors import StoreError
from index.space import RESERVE_BYTES, require_space


def test_a_disk_with_room_is_fine(tmp_path: Path) -> None:
    require_space(tmp_path, free=lambda _folder: RESERVE_BYTES)


def test_a_nearly_full_disk_is_refused_with_figures(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"100 MB left.*512 MB"):
        require_space(tmp_path, free=lambda _folder: 100 * 1024**2)
