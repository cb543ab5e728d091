"""The vectors of whole articles enter; how like each article is to a query leaves."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index.models import FloatMatrix

KEPT_BYTES = 64_000_000
"""Memory for portraits; with all-MiniLM-L6-v2 that is about 40,000 chunks, the ones asked for last."""

Key = tuple[str, str]
"""Article id and revision."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """The vectors of one article at one revision.

    Attributes:
        titles: `(n_titles, dim) float32`, unit rows: of its title, and of its title with its symptoms if it has any.
        chunks: `(n_chunks, dim) float32`, unit rows: of its chunks, in order; at least one.
    """

    titles: FloatMatrix
    chunks: FloatMatrix

    @property
    def nbytes(self) -> int:
        """Its size in memory."""
        return self.titles.nbytes + self.chunks.nbytes


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like articles are to queries: cosines, `(n_queries, n_articles) float32` each.

    Attributes:
        best: Of the chunk nearest to it.
        centre: Of the mean of all chunks.
        title: Of the title, or the title with its symptoms, whichever is nearer.
    """

    best: NDArray[np.float32]
    centre: NDArray[np.float32]
    title: NDArray[np.float32]


class Gallery:
    """Portraits hung side by side, so that one multiplication compares a query with all of them."""

    def __init__(self, portraits: Sequence[Portrait]) -> None:
        self._chunks = np.concatenate([one.chunks for one in portraits])
        self._titles = np.concatenate([one.titles for one in portraits])
        self._first_chunk = _starts([len(one.chunks) for one in portraits])
        self._first_title = _starts([len(one.titles) for one in portraits])
        means = np.add.reduceat(self._chunks, self._first_chunk)
        self._centres = means / np.linalg.norm(means, axis=1, keepdims=True).clip(1e-6)

    @property
    def titles(self) -> FloatMatrix:
        """The first title of each article: `(n_articles, dim) float32`, unit rows."""
        titles: FloatMatrix = self._titles[self._first_title]
        return titles

    def compare(self, queries: FloatMatrix) -> Likeness:
        """Compare queries with every article.

        Args:
            queries: `(n_queries, dim) float32`, unit rows.
        """
        return Likeness(
            best=np.maximum.reduceat(queries @ self._chunks.T, self._first_chunk, axis=1),
            centre=queries @ self._centres.T,
            title=np.maximum.reduceat(queries @ self._titles.T, self._first_title, axis=1),
        )


class Portraits:
    """Portraits by article and revision: those used last stay in memory. Safe to use from several threads."""

    def __init__(self, load: Callable[[Collection[Key]], Mapping[Key, Portrait]], kept_bytes: int = KEPT_BYTES) -> None:
        """Connect it to where portraits are kept.

        Args:
            load: Reads portraits; leaves out what is not there.
            kept_bytes: Memory to use at most.
        """
        self._load = load
        self._room = kept_bytes
        self._kept: OrderedDict[Key, Portrait] = OrderedDict()
        self._lock = Lock()

    def get(self, wanted: Iterable[Key]) -> dict[Key, Portrait]:
        """Return portraits.

        Args:
            wanted: Which.

        Returns:
            Those there are; an article published anew since has none of its old revision any more.
        """
        found: dict[Key, Portrait] = {}
        missing: list[Key] = []
        with self._lock:
            for key in wanted:
                portrait = self._kept.get(key)
                if portrait is None:
                    missing.append(key)
                else:
                    self._kept.move_to_end(key)
                    found[key] = portrait
        if missing:
            loaded = self._load(missing)
            found.update(loaded)
            self._keep(loaded)
        return found

    def _keep(self, loaded: Mapping[Key, Portrait]) -> None:
        with self._lock:
            for key, portrait in loaded.items():
                if key not in self._kept:
                    self._kept[key] = portrait
                    self._room -= portrait.nbytes
            while self._room < 0:
                self._room += self._kept.popitem(last=False)[1].nbytes


def _starts(lengths: Sequence[int]) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)
