"""Exemplars and a model enter, their embeddings leave: computed once, kept in a file as long as neither changes."""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agent.risk.exemplars import Exemplar, digest
from index.models import FloatMatrix
from index.ports import Embedder

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
    key = hashlib.sha256(f"{spec.model}\0{spec.revision}\0{spec.passage_prefix}\0{digest(exemplars)}".encode())
    file = folder / f"{key.hexdigest()[:24]}.npy"
    shape = (len(exemplars), spec.dimension)
    try:
        kept = np.load(file, allow_pickle=False)
        if kept.shape == shape and kept.dtype == np.float32 and np.isfinite(kept).all():
            return np.asarray(kept, dtype=np.float32)
    except (OSError, ValueError, EOFError):
        pass  # never kept, or not whole: made anew below
    vectors = embedder.embed_passages([exemplar.text for exemplar in exemplars])
    _keep(vectors, file)
    return vectors


def _keep(vectors: FloatMatrix, file: Path) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as out:
            np.save(out, vectors, allow_pickle=False)
        draft.replace(file)
    except OSError as error:
        _LOG.warning("the exemplars' vectors cannot be kept in %s: %s; the next start computes them again", file, error)
