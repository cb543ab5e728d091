"""The vectors of whole articles enter; how like each article is to a query leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from index.models import FloatMatrix

_UNTHREADED = 262_144
"""Multiplications that OpenBLAS does in the calling thread (interface/gemm.c: 65,536 x GEMM_MULTITHREAD_THRESHOLD)."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """The vectors of one article at one revision.

    Attributes:
        rows: `(1 + n_titles + n_chunks, dim) float32`: the mean of the chunks; the title, and the title with the
            symptoms if there are any; the chunks in order, at least one. All but the mean are unit rows.
        titles: How many rows are titles, 1 or 2.
    """

    rows: FloatMatrix
    titles: int

    @classmethod
    def of(cls, titles: FloatMatrix, chunks: FloatMatrix) -> "Portrait":
        """Put one together.

        Args:
            titles: `(n_titles, dim) float32`, unit rows.
            chunks: `(n_chunks, dim) float32`, unit rows.
        """
        # Not brought to unit length: so its product is the mean cosine, whatever a model adds to all its vectors.
        mean = chunks.mean(axis=0, keepdims=True)
        return cls(np.concatenate([mean, titles, chunks]), len(titles))

    def parts(self, start: int) -> tuple[int, int, int]:
        """Return where its mean, its titles and its chunks begin if its first row is row `start`."""
        return start, start + 1, start + 1 + self.titles

    @property
    def nbytes(self) -> int:
        """Bytes of its vectors."""
        return self.rows.nbytes

    @property
    def chunks(self) -> FloatMatrix:
        """Its chunks alone: `(n_chunks, dim) float32`, unit rows."""
        return self.rows[1 + self.titles :]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like articles are to queries: cosines, `(n_queries, n_articles) float32` each.

    Attributes:
        best: Of the chunk nearest to it.
        centre: Of all its chunks, on average.
        title: Of the title, or the title with its symptoms, whichever is nearer.
    """

    best: NDArray[np.float32]
    centre: NDArray[np.float32]
    title: NDArray[np.float32]


class Gallery:
    """Portraits hung side by side, so that one product compares a query with all of them."""

    def __init__(self, portraits: Sequence[Portrait]) -> None:
        self._rows = np.concatenate([one.rows for one in portraits])
        starts = accumulate((len(one.rows) for one in portraits[:-1]), initial=0)
        self._parts = [part for start, one in zip(starts, portraits, strict=True) for part in one.parts(start)]

    @property
    def titles(self) -> FloatMatrix:
        """The first title of each article: `(n_articles, dim) float32`, unit rows."""
        titles: FloatMatrix = self._rows[self._parts[1::3]]
        return titles

    def compare(self, queries: FloatMatrix) -> Likeness:
        """Compare queries with every article.

        Args:
            queries: `(n_queries, dim) float32`, unit rows.
        """
        nearest = np.maximum.reduceat(cosines(queries, self._rows), self._parts, axis=1)
        return Likeness(best=nearest[:, 2::3], centre=nearest[:, 0::3], title=nearest[:, 1::3])


def cosines(queries: FloatMatrix, rows: FloatMatrix) -> NDArray[np.float32]:
    """Multiply unit rows in blocks that OpenBLAS does not spread over threads: on a busy machine they are waited for.

    Args:
        queries: `(n_queries, dim) float32`.
        rows: `(n_rows, dim) float32`.

    Returns:
        `(n_queries, n_rows) float32`.
    """
    found = np.empty((len(queries), len(rows)), dtype=np.float32)
    block = max(1, _UNTHREADED // queries.size)
    for start in range(0, len(rows), block):
        found[:, start : start + block] = queries @ rows[start : start + block].T
    return found
