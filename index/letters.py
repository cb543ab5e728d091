"""Texts enter; how like they are to a query letter by letter leaves: typos, compounds and joined names do not hide it.

A text is its groups of 3 to 5 letters within words (Cavnar and Trenkle, "N-Gram-Based Text Categorization", 1994),
hashed, each weighing `1 + ln(count)` times its idf; likeness is the cosine.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

GROUP_LENGTHS: Final = (3, 4, 5)
BITS: Final = 18
"""Of a hashed group; at 262,144 buckets few groups of one text share any."""

WINDOW_CHARS = 1_000
"""About a chunk; a longer article has several windows, and its best one counts."""

MAX_WINDOWS = 64
"""Of an article; the likeness of a longer one is that of its beginning."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[\W_]+")
_SPACE = ord(" ")
_MULTIPLIER = np.uint32(0x01000193)
_SPREAD = np.uint32(0x9E3779B1)

Buckets = NDArray[np.uint32]
Weights = NDArray[np.float32]
Float64s = NDArray[np.float64]

_NOTHING: tuple[Buckets, Weights] = (np.zeros(1, dtype=np.uint32), np.zeros(1, dtype=np.float32))
"""Stands for an article without a letter."""


@dataclass(frozen=True, slots=True)
class Letters:
    """An article's windows, one after the other.

    Attributes:
        buckets: `(n_groups,) uint32`: hashed groups, unique within a window.
        weights: `(n_groups,) float32`: `1 + ln(count)`.
        starts: `(n_windows,) int64`: where each window begins.
    """

    buckets: Buckets
    weights: Weights
    starts: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.buckets.nbytes + self.weights.nbytes + self.starts.nbytes


def letters_of(article_id: str, title: str, text: str) -> Letters:
    """Read an article.

    Args:
        article_id: Its id, whose last part often is the name of the alert it answers.
        title: Its title; every window begins with both.
        text: Its text.
    """
    head = f"{article_id.rsplit('/', 1)[-1]} {title}"
    read = (_groups(f"{head} {part}") for part in _windows(text))
    windows = [one for one in read if len(one[0])] or [_NOTHING]
    lengths = [len(buckets) for buckets, _ in windows]
    starts = np.concatenate([[0], np.cumsum(lengths[:-1])]).astype(np.int64)
    return Letters(
        np.concatenate([buckets for buckets, _ in windows]), np.concatenate([weights for _, weights in windows]), starts
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """Articles whose groups have their idf, to be compared with many queries.

    Attributes:
        buckets: `(n_groups,) uint32`.
        weights: `(n_groups,) float32`; those of a window are a unit vector.
        windows: `(n_windows,) int64`: where each window begins.
        articles: `(n_articles,) int64`: each article's first window.
    """

    buckets: Buckets
    weights: Weights
    windows: NDArray[np.int64]
    articles: NDArray[np.int64]


class LetterScale:
    """What groups of letters weigh in a knowledge base, by a sample of it."""

    def __init__(self, sample: Sequence[Letters]) -> None:
        """Count in how many windows of the sample each group occurs.

        Args:
            sample: Articles.
        """
        windows = sum(len(one.starts) for one in sample)
        # Groups are unique within a window, but not within an article.
        seen = sum((np.bincount(one.buckets, minlength=1 << BITS) for one in sample), np.zeros(1 << BITS))
        self._idf: Weights = (np.log((1 + windows) / (1 + seen)) + 1).astype(np.float32)

    def weigh(self, articles: Sequence[Letters]) -> Weighed:
        """Give the groups of some articles their idf.

        Args:
            articles: At least one.
        """
        buckets = np.concatenate([one.buckets for one in articles])
        weights = np.concatenate([one.weights for one in articles]) * self._idf[buckets]
        before = np.cumsum([0, *(len(one.buckets) for one in articles[:-1])])
        windows = np.concatenate([one.starts + start for one, start in zip(articles, before, strict=True)])
        lengths = np.diff([*windows, len(buckets)])
        norms = np.sqrt(np.add.reduceat(weights * weights, windows)).clip(1e-9)
        firsts = np.cumsum([0, *(len(one.starts) for one in articles[:-1])])
        return Weighed(buckets, weights / np.repeat(norms, lengths), windows, firsts)

    def likeness(self, query: str, *many: Weighed) -> list[Float64s]:
        """Compare a query with the best window of each article.

        Args:
            query: The text of a ticket or a search.
            many: Articles, in one or several lots.

        Returns:
            Cosines, 0 to 1: `(n_articles,) float64` for each lot; 0 for a query without letters.
        """
        buckets, weights = _groups(query)
        own = weights * self._idf[buckets]
        table = np.zeros(1 << BITS, dtype=np.float32)
        table[buckets] = own / max(float(np.linalg.norm(own)), 1e-9)
        return [_best(lot, table) for lot in many]


def _best(lot: Weighed, table: Weights) -> Float64s:
    cosines = np.add.reduceat(lot.weights * table[lot.buckets], lot.windows)
    best: Float64s = np.maximum.reduceat(cosines, lot.articles).astype(np.float64)
    return best


def _windows(text: str) -> list[str]:
    """Cut a text at line ends, or else at spaces; an empty text is one empty window."""
    windows: list[str] = []
    start = 0
    while start < len(text) and len(windows) < MAX_WINDOWS:
        end = _cut(text, start) if start + WINDOW_CHARS < len(text) else len(text)
        windows.append(text[start:end])
        start = end
    return windows or [""]


def _cut(text: str, start: int) -> int:
    middle, end = start + WINDOW_CHARS // 2, start + WINDOW_CHARS
    places = (text.rfind(mark, middle, end) for mark in "\n ")
    return next((place for place in places if place >= 0), end)


def _groups(text: str) -> tuple[Buckets, Weights]:
    """Count the groups of a text: hashed, unique and ascending, with their weights."""
    words = _BETWEEN.sub(" ", _HUMP.sub(" ", text)).casefold().strip()
    codes = np.frombuffer(f" {words} ".encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
    is_space = codes == _SPACE
    hashed = [_hashed(codes, is_space, length) for length in GROUP_LENGTHS if len(codes) >= length]
    if not words or not hashed:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32)
    buckets, counts = np.unique(np.concatenate(hashed), return_counts=True)
    return buckets.astype(np.uint32), (1 + np.log(counts)).astype(np.float32)


def _hashed(codes: Buckets, is_space: NDArray[np.bool_], length: int) -> Buckets:
    """Hash every group of so many letters that does not reach over a space, in 32-bit arithmetic that wraps."""
    n = len(codes) - length + 1
    value = np.full(n, length, dtype=np.uint32)
    within = np.ones(n, dtype=np.bool_)
    for place in range(length):
        value = (value ^ codes[place : place + n]) * _MULTIPLIER
        if 0 < place < length - 1:
            within &= ~is_space[place : place + n]
    return (value[within] * _SPREAD) >> np.uint32(32 - BITS)
