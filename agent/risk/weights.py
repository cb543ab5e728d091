"""What was learned enters a file; from a file it leaves whole and for what is asked for, or not at all.

Two files, as one half of what is learned depends on text alone and ships, and the other on the embedding model as well.
Both are numpy archives without pickles, with a header that names what they were fitted for and the hash of the rest.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.risk.exemplars import LABELS
from agent.risk.letters import BUCKETS
from index.models import EmbeddingSpec, FloatMatrix

FORMAT: Final = 1
"""Of the files and of what their weights are multiplied with; to be raised with either."""

SCALE: Final = 3.0
"""Length of a sentence's row by letters, and by meaning; with it one penalty suits both."""

Floats = NDArray[np.floating]
Packed = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LetterWeights:
    """A classifier of folded sentences by their letters.

    Attributes:
        frequency: What each bucket's count is multiplied with, `(BUCKETS,) float16`.
        weights: `(BUCKETS, n_labels) float16`.
        bias: `(n_labels,) float32`.
        told: Of each exemplar, the scores by a classifier that was not shown it, `(n_exemplars, n_labels) float16`.
        risky_words: What a misspelt word is mended to, as `pack_words` packs them.
        known_words: Words that need no mending.
        home_words: Words of English; of others the model's meaning says less.
    """

    frequency: Floats
    weights: Floats
    bias: Floats
    told: Floats
    risky_words: Packed
    known_words: Packed
    home_words: Packed


@dataclass(frozen=True, slots=True)
class MeaningWeights:
    """A classifier by what the letters say and what the model makes of a sentence.

    Attributes:
        middle: The exemplars' mean vector, `(dim,) float32`.
        weights: `(n_features, n_labels) float32`, for the columns of `agent.risk.judge.features`.
        bias: `(n_labels,) float32`.
        vectors: The exemplars' own vectors, unit rows times 127, `(n_exemplars, dim) int8`.
        labels: Their labels' places among `LABELS`, `(n_exemplars,) int8`.
        ids: Their ids, as `pack_words` packs them.
    """

    middle: Floats
    weights: Floats
    bias: Floats
    vectors: NDArray[np.int8]
    labels: NDArray[np.int8]
    ids: Packed


def letters_key(shipped_digest: str) -> str:
    """Name what letters are learned for: exemplars."""
    return f"{FORMAT}\0{shipped_digest}"


def meaning_key(spec: EmbeddingSpec, exemplars_digest: str) -> str:
    """Name what meaning is learned for: a model and exemplars."""
    return "\0".join((str(FORMAT), spec.model, spec.revision, spec.passage_prefix, exemplars_digest))


def save_weights(file: Path, weights: LetterWeights | MeaningWeights, key: str) -> None:
    """Write weights.

    Args:
        file: Replaced where it exists.
        weights: What to write.
        key: What they were fitted for.

    Raises:
        OSError: It cannot be written.
    """
    arrays = {field.name: np.ascontiguousarray(getattr(weights, field.name)) for field in fields(weights)}
    header = json.dumps({"key": key, "sha256": _digest(arrays)}).encode()
    with file.open("wb") as out:
        np.savez(out, allow_pickle=False, header=np.frombuffer(header, dtype=np.uint8), **arrays)


def load_letters(file: Path, key: str) -> LetterWeights | None:
    """Read what letters taught; `None` where there is nothing, it is for something else, or not whole."""
    arrays = _load(file, key, [field.name for field in fields(LetterWeights)])
    if arrays is None or arrays["weights"].shape != (BUCKETS, len(LABELS)) or arrays["frequency"].shape != (BUCKETS,):
        return None
    return LetterWeights(**arrays)


def load_meaning(file: Path, key: str, dimension: int) -> MeaningWeights | None:
    """Read what meaning taught, for vectors of a dimension; `None` as for `load_letters`."""
    arrays = _load(file, key, [field.name for field in fields(MeaningWeights)])
    if arrays is None or arrays["middle"].shape != (dimension,) or arrays["vectors"].shape[1:] != (dimension,):
        return None
    return MeaningWeights(**arrays)


def pack_words(words: Iterable[str]) -> Packed:
    """Return words, none with a line's end in it, as an array."""
    return np.frombuffer("\n".join(words).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpack_words(packed: Packed) -> list[str]:
    """Return the words of `pack_words`."""
    return packed.tobytes().decode("utf-8", "surrogatepass").split("\n")


def rows_from_middle(vectors: FloatMatrix, middle: Floats) -> FloatMatrix:
    """Return vectors as seen from the exemplars' middle, unit rows: so their scale does not depend on the model."""
    rows = vectors - middle
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


def _load(file: Path, key: str, names: list[str]) -> dict[str, NDArray[Any]] | None:
    try:
        # Opened here: numpy leaves a file open that is no archive.
        with file.open("rb") as source, np.load(source, allow_pickle=False) as kept:
            header = json.loads(kept["header"].tobytes())
            if header["key"] != key:
                return None
            arrays = {name: kept[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return arrays if _digest(arrays) == header["sha256"] else None


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        found.update(arrays[name].data)
    return found.hexdigest()
