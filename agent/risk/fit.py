"""Exemplars and their vectors enter, the weights that tell their labels apart leave."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack

from agent.risk.exemplars import LABELS, Exemplar
from agent.risk.fold import sentences
from agent.risk.letters import BUCKETS, inverse_frequency, letters_of
from agent.risk.weights import SCALE, Weights, pack_words, rows_from_middle, weigh
from index.models import FloatMatrix, FloatVector

PENALTY: Final = 0.5
STEPS: Final = 100

MIN_TOLD: Final = 3
"""In so many risky exemplars a word must be for slips of it to be mended."""


def folded(exemplar: Exemplar) -> str:
    """Return an exemplar's text as a ticket's sentences are read."""
    return " ".join(sentences(exemplar.text))


def fit(exemplars: Sequence[Exemplar], vectors: FloatMatrix) -> Weights:
    """Learn to tell the labels apart: two multinomial logistic regressions, by letters alone and with meaning.

    Args:
        exemplars: Of every label at least one.
        vectors: Embeddings of their folded texts, `(n_exemplars, dim) float32`, unit rows.
    """
    counted = [letters_of(folded(exemplar)) for exemplar in exemplars]
    frequency = inverse_frequency([buckets for buckets, _ in counted])
    letters = _rows([(buckets, weigh(counts, buckets, frequency)) for buckets, counts in counted])
    middle = vectors.mean(axis=0)
    meaning = rows_from_middle(vectors, middle)
    labels = np.array([LABELS.index(exemplar.label) for exemplar in exemplars])
    alone, alone_bias = _regress(letters, labels)
    joint, bias = _regress(csr_matrix(hstack([letters, csr_matrix(meaning * SCALE)])), labels)
    return Weights(
        frequency=frequency.astype(np.float16),
        alone=alone.astype(np.float16),
        alone_bias=alone_bias.astype(np.float32),
        letters=joint[:BUCKETS].astype(np.float16),
        meaning=joint[BUCKETS:].astype(np.float32),
        bias=bias.astype(np.float32),
        middle=middle.astype(np.float32),
        vectors=np.rint(vectors * 127).astype(np.int8),
        risky_words=pack_words(_risky(exemplars)),
        known_words=pack_words(sorted({word for exemplar in exemplars for word in folded(exemplar).split(" ")})),
    )


def _risky(exemplars: Sequence[Exemplar]) -> list[str]:
    """Return the words that are told of risk again and again, and more often than of anything else."""
    risky: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    for exemplar in exemplars:
        (plain if exemplar.label == "none" else risky).update(set(folded(exemplar).split(" ")))
    return sorted(word for word, count in risky.items() if count >= MIN_TOLD and count > plain[word])


def _rows(weighed: Sequence[tuple[NDArray[np.int64], FloatVector]]) -> csr_matrix:
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in weighed)])
    columns = np.concatenate([buckets for buckets, _ in weighed])
    values = np.concatenate([row for _, row in weighed])
    return csr_matrix((values, columns, starts), shape=(len(weighed), BUCKETS))


def _regress(rows: csr_matrix, labels: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights `(n_columns, n_labels)` and biases of a multinomial logistic regression with an L2 penalty."""
    n_columns, n_labels = rows.shape[1], len(LABELS)
    targets = np.eye(n_labels)[labels]
    turned = csr_matrix(rows.T)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = flat[:-n_labels].reshape(n_columns, n_labels), flat[-n_labels:]
        scores = rows @ weights + bias
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        over = np.exp(logs) - targets
        value = PENALTY * float((weights * weights).sum()) / 2 - float((logs * targets).sum())
        return value, np.concatenate([(turned @ over + PENALTY * weights).ravel(), over.sum(axis=0)])

    start = np.zeros((n_columns + 1) * n_labels)
    flat = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return flat[:-n_labels].reshape(n_columns, n_labels), flat[-n_labels:]
