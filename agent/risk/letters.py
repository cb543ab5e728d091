"""A folded sentence enters; its letters leave, as counts of hashed groups of them, which see through misspelling."""

import itertools
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.risk.fold import undisguise
from index.models import FloatVector

BUCKETS = 1 << 16
"""Of hashed letter groups, words and pairs of words."""

_GROUPS: Final = (3, 4, 5)
_WORD, _PAIR, _SPACELESS = 2.0, 1.5, 0.5
"""How much a whole word, two in a row, and a group across missing spaces count beside a group of letters."""

_VOWELS = str.maketrans("", "", "aeiou")
_MIN_BONES = 3
"""Of consonants, for a word without its vowels to say anything."""

Buckets = NDArray[np.int64]


def letters_of(sentence: str) -> tuple[Buckets, FloatVector]:
    """Count what a sentence is written with.

    Args:
        sentence: Folded.

    Returns:
        The buckets, `(n,)`, each once, and the roots of their counts, `(n,) float32`.
    """
    counts: Counter[int] = Counter()
    words = undisguise(sentence).split(" ")
    for word in words:
        counts.update(_word_buckets(word))
        counts[_bucket(f"={word}")] += _WORD  # type: ignore[assignment]  # counts may be fractions
    for first, second in itertools.pairwise(words):
        counts[_bucket(f"{first} {second}")] += _PAIR  # type: ignore[assignment]
    run = "".join(words)
    for start in range(len(run) - 3):
        counts[_bucket(f"~{run[start : start + 4]}")] += _SPACELESS  # type: ignore[assignment]
    buckets = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
    return buckets, np.sqrt(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))


def inverse_frequency(sentences: Sequence[Buckets]) -> FloatVector:
    """Return how much each bucket tells, by in how few of the sentences it is: `(BUCKETS,) float32`."""
    holders = np.bincount(np.concatenate(sentences), minlength=BUCKETS)
    return np.asarray(np.log((1 + len(sentences)) / (1 + holders)) + 1, dtype=np.float32)


@lru_cache(maxsize=20_000)
def _word_buckets(word: str) -> tuple[int, ...]:
    framed = f"<{word}>"
    groups = [framed[i : i + n] for n in _GROUPS for i in range(len(framed) - n + 1)]
    bones = word.translate(_VOWELS)
    return tuple(_bucket(group) for group in (groups if len(bones) < _MIN_BONES else [*groups, f"!{bones}"]))


def _bucket(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % BUCKETS
