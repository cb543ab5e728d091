"""Weights enter a file; from a file they leave whole and for the model that is asked for, or not at all.

The file is a numpy archive without pickles. Its header names the model and the exemplars that it was fitted for, and
the hash of everything else.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.risk.exemplars import LABELS
from agent.risk.letters import BUCKETS
from index.models import EmbeddingSpec, FloatMatrix, FloatVector

FORMAT: Final = 1
"""Of the file and of what its weights are multiplied with; to be raised with either."""

SCALE: Final = 3.0
"""Length of a sentence's row in either view; with it one penalty suits both."""

Halves = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Weights:
    """A classifier of folded sentences by their letters, and one by their letters and meaning.

    Attributes:
        frequency: What each bucket's count is multiplied with, `(BUCKETS,) float16`.
        alone: By letters alone, `(BUCKETS, n_labels) float16`.
        alone_bias: `(n_labels,) float32`.
        letters: The share of letters beside meaning, `(BUCKETS, n_labels) float16`.
        meaning: The share of meaning, `(dim, n_labels) float32`.
        bias: Of both together, `(n_labels,) float32`.
        middle: The exemplars' mean vector, `(dim,) float32`.
        vectors: The exemplars' own vectors, unit rows times 127, `(n_exemplars, dim) int8`.
        risky_words: What a misspelt word is mended to, as `pack_words` packs them.
        known_words: Words that need no mending.
    """

    frequency: Halves
    alone: Halves
    alone_bias: NDArray[np.float32]
    letters: Halves
    meaning: NDArray[np.float32]
    bias: NDArray[np.float32]
    middle: NDArray[np.float32]
    vectors: NDArray[np.int8]
    risky_words: NDArray[np.uint8]
    known_words: NDArray[np.uint8]


def key_of(spec: EmbeddingSpec, exemplars_digest: str) -> str:
    """Name what weights are fitted for: a model and exemplars."""
    return "\0".join((str(FORMAT), spec.model, spec.revision, spec.passage_prefix, exemplars_digest))


def save_weights(file: Path, weights: Weights, key: str) -> None:
    """Write weights.

    Args:
        file: Replaced where it exists.
        weights: What to write.
        key: Of `key_of`.

    Raises:
        OSError: It cannot be written.
    """
    arrays = {field.name: np.ascontiguousarray(getattr(weights, field.name)) for field in fields(weights)}
    header = json.dumps({"key": key, "sha256": _digest(arrays)}).encode()
    with file.open("wb") as out:
        np.savez_compressed(out, allow_pickle=False, header=np.frombuffer(header, dtype=np.uint8), **arrays)


def load_weights(file: Path, key: str, dimension: int) -> Weights | None:
    """Read weights.

    Args:
        file: As `save_weights` wrote it.
        key: What they must have been fitted for.
        dimension: Of the model's vectors.

    Returns:
        The weights; `None` where there are none, for something else, or not whole.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            header = json.loads(kept["header"].tobytes())
            if header["key"] != key:
                return None
            arrays = {field.name: kept[field.name] for field in fields(Weights)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    weights = Weights(**arrays)
    return weights if _digest(arrays) == header["sha256"] and _fits(weights, dimension) else None


def _fits(weights: Weights, dimension: int) -> bool:
    n = len(LABELS)
    return (
        weights.frequency.shape == (BUCKETS,)
        and weights.alone.shape == weights.letters.shape == (BUCKETS, n)
        and weights.meaning.shape == (dimension, n)
        and weights.alone_bias.shape == weights.bias.shape == (n,)
        and weights.middle.shape == weights.vectors.shape[1:] == (dimension,)
    )


def _digest(arrays: dict[str, NDArray[np.generic]]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        found.update(arrays[name].data)
    return found.hexdigest()


def pack_words(words: Iterable[str]) -> NDArray[np.uint8]:
    """Return words, none with a line's end in it, as an array."""
    return np.frombuffer("\n".join(words).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpack_words(packed: NDArray[np.uint8]) -> list[str]:
    """Return the words of `pack_words`."""
    return packed.tobytes().decode("utf-8", "surrogatepass").split("\n")


def weigh(counts: FloatVector, buckets: NDArray[np.int64], frequency: NDArray[np.floating]) -> FloatVector:
    """Return a sentence's row by letters: its counts by how much each bucket tells, of length `SCALE`."""
    row = counts * frequency[buckets]
    return np.asarray(row * (SCALE / max(float(np.linalg.norm(row)), 1e-9)), dtype=np.float32)


def rows_from_middle(vectors: FloatMatrix, middle: NDArray[np.float32]) -> FloatMatrix:
    """Return vectors as seen from the exemplars' middle, unit rows: so their scale does not depend on the model."""
    rows = vectors - middle
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), dtype=np.float32)
