"""Exemplars, what letters say of them, and their vectors enter; what tells their labels apart by both leaves."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from agent.risk.exemplars import LABELS, Exemplar
from agent.risk.fold import sentences
from agent.risk.judge import features
from agent.risk.weights import Floats, MeaningWeights, pack_words, rows_from_middle
from index.models import FloatMatrix, FloatVector

PENALTY: Final = 0.5
"""On the squared weights; 0.1 and 1 do worse on exemplars left out."""

STEPS: Final = 120


def folded(exemplar: Exemplar) -> str:
    """Return an exemplar's text as a ticket's sentences are read."""
    return " ".join(sentences(exemplar.text))


def labels_of(exemplars: Sequence[Exemplar]) -> NDArray[np.int64]:
    """Return the places of the exemplars' labels among `LABELS`: `(n,) int64`."""
    return np.array([LABELS.index(exemplar.label) for exemplar in exemplars], dtype=np.int64)


def fit_meaning(
    exemplars: Sequence[Exemplar],
    told: FloatMatrix,
    strangeness: FloatVector,
    vectors: FloatMatrix,
    trust: FloatVector,
) -> MeaningWeights:
    """Learn to tell labels apart by letters and meaning.

    Args:
        exemplars: The labelled sentences.
        told: Log probabilities of each by letters that were learned without it, `(n, n_labels) float32`.
        strangeness: The share of each one's words that are not English, `(n,) float32`.
        vectors: Embeddings of the folded texts, `(n, dim) float32`, unit rows.
        trust: How much each counts, `(n,) float32`.
    """
    middle = vectors.mean(axis=0)
    columns = features(told, rows_from_middle(vectors, middle), strangeness)
    labels = labels_of(exemplars)
    weights, bias = regress(columns, labels, trust)
    return MeaningWeights(
        middle=middle.astype(np.float32),
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        vectors=np.rint(vectors * 127).astype(np.int8),
        labels=labels.astype(np.int8),
        ids=pack_words([exemplar.id for exemplar in exemplars]),
    )


def regress(
    rows: Any,  # noqa: ANN401 - a numpy matrix, or a sparse one of scipy, which has no types
    labels: NDArray[np.int64],
    trust: Floats,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a multinomial logistic regression with an L2 penalty.

    Args:
        rows: `(n, n_columns)`.
        labels: `(n,) int64`.
        trust: How much each row counts, `(n,)`.

    Returns:
        Weights `(n_columns, n_labels) float64` and biases `(n_labels,) float64`.
    """
    n_columns, n_labels = rows.shape[1], len(LABELS)
    targets, turned, counts = np.eye(n_labels)[labels], rows.T, np.asarray(trust, dtype=np.float64)[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = flat[:-n_labels].reshape(n_columns, n_labels), flat[-n_labels:]
        scores = rows @ weights + bias
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        over = (np.exp(logs) - targets) * counts
        value = PENALTY * float((weights * weights).sum()) / 2 - float((logs * targets * counts).sum())
        return value, np.concatenate([(turned @ over + PENALTY * weights).ravel(), over.sum(axis=0)])

    start = np.zeros((n_columns + 1) * n_labels)
    flat = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return flat[:-n_labels].reshape(n_columns, n_labels), flat[-n_labels:]
