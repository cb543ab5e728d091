"""Exemplars and a model enter, their embeddings leave: computed once, kept in a file as long as neither changes."""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agent.risk.exemplars import Exemplar, digest
from index.models import EmbeddingSpec, FloatMatrix
from index.ports import Embedder

SHIPPED = Path(__file__).parent / "vectors"
"""Those of the shipped exemplars under the bundled model, in half precision: no first ticket waits for them."""

_LOG = logging.getLogger(__name__)


def exemplar_vectors(exemplars: Sequence[Exemplar], embedder: Embedder, folder: Path) -> FloatMatrix:
    """Embed exemplars, or read what an earlier run kept.

    Args:
        exemplars: The labelled sentences.
        embedder: The index's embedding model.
        folder: Where the vectors are kept; made where it is missing.

    Returns:
        `(n_exemplars, dim) float32`, unit rows.
    """
    spec = embedder.spec
    name = f"{_key(spec, exemplars)}.npy"
    shape = (len(exemplars), spec.dimension)
    for kept in (SHIPPED / name, folder / name):
        if (vectors := _load(kept, shape)) is not None:
            return vectors
    vectors = embedder.embed_passages([exemplar.text for exemplar in exemplars])
    _keep(vectors, folder / name)
    return vectors


def ship(exemplars: Sequence[Exemplar], embedder: Embedder) -> Path:
    """Embed exemplars and write their vectors to where the package carries them, in half precision.

    Args:
        exemplars: The labelled sentences.
        embedder: The bundled model.

    Returns:
        The file.
    """
    file = SHIPPED / f"{_key(embedder.spec, exemplars)}.npy"
    vectors = embedder.embed_passages([exemplar.text for exemplar in exemplars])
    np.save(file, vectors.astype(np.float16), allow_pickle=False)
    return file


def _key(spec: EmbeddingSpec, exemplars: Sequence[Exemplar]) -> str:
    named = f"{spec.model}\0{spec.revision}\0{spec.passage_prefix}\0{digest(exemplars)}"
    return hashlib.sha256(named.encode()).hexdigest()[:24]


def _load(file: Path, shape: tuple[int, int]) -> FloatMatrix | None:
    try:
        kept = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # never kept, or not whole: made anew
    if kept.shape != shape or kept.dtype not in (np.float16, np.float32) or not np.isfinite(kept).all():
        return None
    return np.asarray(kept, dtype=np.float32)


def _keep(vectors: FloatMatrix, file: Path) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as out:
            np.save(out, vectors, allow_pickle=False)
        draft.replace(file)
    except OSError as error:
        _LOG.warning("the exemplars' vectors cannot be kept in %s: %s; the next start computes them again", file, error)
