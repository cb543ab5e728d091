import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import codec
from index.models import FloatMatrix
from index.portraits import Gallery, Portrait


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
