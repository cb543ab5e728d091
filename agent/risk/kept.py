"""Exemplars and a model enter, weights fitted for both leave: once fitted, they are kept as long as neither changes."""

import logging
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from agent.risk.exemplars import Exemplar, digest
from agent.risk.weights import Weights, key_of, load_weights, save_weights
from index.ports import Embedder

SHIPPED: Final = Path(__file__).parent / "weights.npz"
"""For the shipped exemplars and the bundled model; `benchmarks/fit_risk.py` writes it."""

_LOG = logging.getLogger(__name__)


def weights_for(shipped: Sequence[Exemplar], own: Sequence[Exemplar], embedder: Embedder, folder: Path) -> Weights:
    """Read weights, or fit and keep them.

    Args:
        shipped: The labelled sentences that ship.
        own: The organisation's, which come after them.
        embedder: The index's embedding model.
        folder: Where what was fitted is kept; made where it is missing.

    Raises:
        IndexingError: They must be fitted, and the model gives no vectors.
    """
    spec, exemplars = embedder.spec, (*shipped, *own)
    key = key_of(spec, digest(exemplars))
    file = folder / f"{sha256(key.encode()).hexdigest()[:24]}.npz"
    for kept in (SHIPPED, file):
        if (weights := load_weights(kept, key, spec.dimension)) is not None:
            return weights
    from agent.risk.fit import fit, folded  # noqa: PLC0415 - it loads a solver, and nearly no start needs it

    ready = load_weights(SHIPPED, key_of(spec, digest(shipped)), spec.dimension)
    given = exemplars if ready is None else own
    vectors = embedder.embed_passages([folded(exemplar) for exemplar in given])
    if ready is not None:
        vectors = np.concatenate([ready.vectors.astype(np.float32) / 127, vectors])
    weights = fit(exemplars, vectors)
    _keep(file, weights, key)
    return weights


def _keep(file: Path, weights: Weights, key: str) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_weights(draft, weights, key)
        draft.replace(file)
    except OSError as error:
        _LOG.warning("what exemplars taught cannot be kept in %s: %s; the next start learns it again", file, error)
