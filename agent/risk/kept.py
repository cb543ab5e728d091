"""Exemplars and a model enter, a judge taught by both leaves: what was learned is kept as long as neither changes."""

import logging
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from agent.errors import PolicyError
from agent.risk.exemplars import Exemplars
from agent.risk.judge import ByLetters, Judge
from agent.risk.weights import (
    MeaningWeights,
    letters_key,
    load_letters,
    load_meaning,
    meaning_key,
    save_weights,
)
from index.ports import Embedder

SHIPPED_LETTERS: Final = Path(__file__).parent / "letters.npz"
SHIPPED_MEANING: Final = Path(__file__).parent / "meaning.npz"
"""What the shipped exemplars teach, by letters, and under the bundled model; `benchmarks/fit_risk.py` writes both."""

OWN_TRUST: Final = 3.0
"""How much an organisation's own exemplar counts beside a shipped one."""

TAUGHT_ANEW: Final = 2_500
"""So many of the shipped exemplars, evenly taken, teach a model for which nothing ships: all would take it minutes."""

_LOG = logging.getLogger(__name__)


def read_letters(exemplars: Exemplars) -> ByLetters:
    """Read what ships for sentences by their letters.

    Raises:
        PolicyError: The file is damaged or belongs to other exemplars.
    """
    learned = load_letters(SHIPPED_LETTERS, letters_key(exemplars.shipped_digest))
    if learned is None:
        raise PolicyError(
            f"the shipped file {str(SHIPPED_LETTERS)!r} is damaged or belongs to other exemplars; install Runcite again"
        )
    return ByLetters(learned)


def judge_for(letters: ByLetters, exemplars: Exemplars, embedder: Embedder, folder: Path) -> Judge:
    """Read what exemplars taught, or learn and keep it.

    Args:
        letters: Of `read_letters`.
        exemplars: The labelled sentences.
        embedder: The index's embedding model.
        folder: Where what was learned is kept; made where it is missing.

    Raises:
        IndexingError: It must be learned, and the model gives no vectors.
    """
    spec = embedder.spec
    key = meaning_key(spec, exemplars.digest)
    file = folder / f"{sha256(key.encode()).hexdigest()[:24]}.npz"
    for kept in (SHIPPED_MEANING, file):
        if (known := load_meaning(kept, key, spec.dimension)) is not None:
            return Judge(letters, known)
    learned = _learn(letters, exemplars, embedder)
    _keep(file, learned, key)
    return Judge(letters, learned)


def _learn(letters: ByLetters, exemplars: Exemplars, embedder: Embedder) -> MeaningWeights:
    from agent.risk.fit import fit_meaning, folded  # noqa: PLC0415 - loads a solver that few starts need

    spec = embedder.spec
    # Those of the bundled model lie ready: only the organisation's own are embedded.
    ready = load_meaning(SHIPPED_MEANING, meaning_key(spec, Exemplars(exemplars.file).digest), spec.dimension)
    step = 1 if ready is not None else max(1, len(exemplars.shipped) // TAUGHT_ANEW)
    shipped = exemplars.shipped[::step]
    every, n_shipped = (*shipped, *exemplars.own), len(shipped)
    texts = [folded(exemplar) for exemplar in every]
    vectors = embedder.embed_passages(texts if ready is None else texts[n_shipped:])
    if ready is not None:
        vectors = np.concatenate([ready.vectors.astype(np.float32) / np.float32(127), vectors])
    # Letters were never shown the organisation's own, so that what they say of them is as good as of a ticket.
    told = np.concatenate([letters.learned.told[::step].astype(np.float32), letters.scores(texts[n_shipped:])])
    trust = np.repeat(np.array([1.0, OWN_TRUST], dtype=np.float32), [n_shipped, len(every) - n_shipped])
    return fit_meaning(every, told, letters.strangeness(texts), vectors, trust)


def _keep(file: Path, learned: MeaningWeights, key: str) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_weights(draft, learned, key)
        draft.replace(file)
    except OSError as error:
        _LOG.warning("what exemplars taught cannot be kept in %s: %s; the next start learns it again", file, error)
