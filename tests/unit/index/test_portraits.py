import threading
from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import codec
from index.models import FloatMatrix
from index.portraits import Gallery, Key, Portrait, Portraits


def unit_rows(rng: np.random.Generator, n: int, dimension: int = 16) -> FloatMatrix:
    rows = rng.standard_normal((n, dimension))
    made: FloatMatrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return made


def a_portrait(rng: np.random.Generator, chunks: int = 3, titles: int = 1) -> Portrait:
    return Portrait.of(unit_rows(rng, titles), unit_rows(rng, chunks))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), min_size=1, max_size=6), st.integers(0, 99))
def test_a_gallery_agrees_with_comparing_one_by_one(shapes: list[tuple[int, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    portraits = [a_portrait(rng, *shape) for shape in shapes]
    queries = unit_rows(rng, 2)
    together = Gallery(portraits).compare(queries)
    for place, one in enumerate(portraits):
        mean = one.chunks.mean(axis=0)
        for row, query in enumerate(queries):
            assert together.best[row, place] == pytest.approx((one.chunks @ query).max(), abs=1e-5)
            assert together.title[row, place] == pytest.approx((one.rows[1 : 1 + one.titles] @ query).max(), abs=1e-5)
            assert together.centre[row, place] == pytest.approx(mean @ query, abs=1e-5)


@given(st.integers(1, 5), st.integers(1, 2), st.integers(0, 99))
def test_what_is_stored_of_a_portrait_gives_the_same_cosines(chunks: int, titles: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = a_portrait(rng, chunks, titles)
    back = codec.portrait_from_bytes(codec.portrait_to_bytes(made), 16, titles)
    query = unit_rows(rng, 1)[0]
    assert np.allclose(back.chunks @ query, made.chunks @ query, atol=1e-3)
    assert np.allclose(back.rows @ query, made.rows @ query, atol=1e-3)
    assert back.titles == made.titles


class Cupboard:
    """Where portraits are kept, noting what was asked of it."""

    def __init__(self, *ids: str, dimension: int = 16) -> None:
        self.portraits = {(one, "r"): a_portrait(np.random.default_rng(0)) for one in ids}
        self.asked: list[Key] = []

    def load(self, wanted: Collection[Key]) -> dict[Key, Portrait]:
        self.asked += wanted
        return {key: self.portraits[key] for key in wanted if key in self.portraits}


def test_a_portrait_is_loaded_once_and_what_is_not_there_is_left_out() -> None:
    cupboard = Cupboard("a", "b")
    kept = Portraits(cupboard.load)
    for _ in range(2):
        assert kept.get([("a", "r"), ("b", "r")]).keys() == cupboard.portraits.keys()
    assert cupboard.asked == [("a", "r"), ("b", "r")]
    assert kept.get([("a", "old"), ("z", "r")]) == {}


def test_the_portrait_asked_for_longest_ago_makes_room() -> None:
    cupboard = Cupboard("a", "b", "c")
    room_for_two = 2 * cupboard.portraits["a", "r"].rows.nbytes
    kept = Portraits(cupboard.load, room_for_two)
    for one in ("a", "b", "a", "c", "a", "b"):
        kept.get([(one, "r")])
    assert [one for one, _ in cupboard.asked] == ["a", "b", "c", "b"]


def test_threads_share_what_is_kept() -> None:
    cupboard = Cupboard(*"abcdefgh")
    kept = Portraits(cupboard.load, 3 * cupboard.portraits["a", "r"].rows.nbytes)
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
