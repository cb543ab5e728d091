import threading
from collections.abc import Collection

import numpy as np

from index.kept import Kept, Key
from index.portraits import Portrait
from tests.unit.index.test_portraits import a_portrait


class Cupboard:
    """Where portraits are kept, noting what was asked of it."""

    def __init__(self, *ids: str, dimension: int = 16) -> None:
        self.portraits = {(one, "r"): a_portrait(np.random.default_rng(0)) for one in ids}
        self.asked: list[Key] = []

    def load(self, wanted: Collection[Key]) -> dict[Key, Portrait]:
        self.asked += wanted
        return {key: self.portraits[key] for key in wanted if key in self.portraits}


def test_a_thing_is_loaded_once_and_what_is_not_there_is_left_out() -> None:
    cupboard = Cupboard("a", "b")
    kept = Kept(cupboard.load, 1_000_000)
    for _ in range(2):
        assert kept.get([("a", "r"), ("b", "r")]).keys() == cupboard.portraits.keys()
    assert cupboard.asked == [("a", "r"), ("b", "r")]
    assert kept.get([("a", "old"), ("z", "r")]) == {}


def test_the_thing_asked_for_longest_ago_makes_room() -> None:
    cupboard = Cupboard("a", "b", "c")
    room_for_two = 2 * cupboard.portraits["a", "r"].nbytes
    kept = Kept(cupboard.load, room_for_two)
    for one in ("a", "b", "a", "c", "a", "b"):
        kept.get([(one, "r")])
    assert [one for one, _ in cupboard.asked] == ["a", "b", "c", "b"]


def test_threads_share_what_is_kept() -> None:
    cupboard = Cupboard(*"abcdefgh")
    kept = Kept(cupboard.load, 3 * cupboard.portraits["a", "r"].nbytes)
    wrong: list[str] = []

    def ask(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(200):
            one = "abcdefgh"[rng.integers(8)]
            if kept.get([(one, "r")]).get((one, "r")) is not cupboard.portraits[one, "r"]:
                wrong.append(one)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
