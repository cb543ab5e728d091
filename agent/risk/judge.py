"""Folded sentences and their vectors enter; how likely each is of each label, and its nearest exemplar, leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agent.risk.exemplars import LABELS, Exemplar, Label
from agent.risk.fold import Speller
from agent.risk.letters import letters_of
from agent.risk.weights import SCALE, Halves, Weights, rows_from_middle, unpack_words, weigh
from index.models import FloatMatrix, FloatVector


@dataclass(frozen=True)
class Judge:
    """Weights at work, with the exemplars they were fitted to. Safe to use from several threads."""

    weights: Weights
    exemplars: Sequence[Exemplar]

    def by_letters(self, sentences: Sequence[str]) -> FloatMatrix:
        """Return the probability of each label by letters alone: `(n_sentences, n_labels) float32`."""
        return _probabilities(self._by(self.weights.alone, sentences) + self.weights.alone_bias)

    def by_both(self, sentences: Sequence[str], vectors: FloatMatrix) -> FloatMatrix:
        """Return the probability of each label by letters and meaning.

        Args:
            sentences: Folded.
            vectors: Their embeddings, `(n_sentences, dim) float32`, unit rows.

        Returns:
            `(n_sentences, n_labels) float32`.
        """
        meaning = rows_from_middle(vectors, self.weights.middle) * SCALE
        scores = self._by(self.weights.letters, sentences) + meaning @ self.weights.meaning
        return _probabilities(scores + self.weights.bias)

    def nearest(self, label: Label, vector: FloatVector) -> tuple[Exemplar, float]:
        """Return the exemplar of a label that means most nearly the same, and how similar it is, -1 to 1."""
        places = self._places[LABELS.index(label)]
        likeness = self._rows[places] @ rows_from_middle(vector[None], self.weights.middle)[0]
        best = int(likeness.argmax())
        return self.exemplars[int(places[best])], float(likeness[best])

    def _by(self, weights: Halves, sentences: Sequence[str]) -> FloatMatrix:
        scores = np.empty((len(sentences), len(LABELS)), dtype=np.float32)
        for place, sentence in enumerate(sentences):
            buckets, counts = letters_of(sentence)
            row = weigh(counts, buckets, self.weights.frequency)
            scores[place] = row @ weights[buckets].astype(np.float32)
        return scores

    @cached_property
    def speller(self) -> Speller:
        """What puts misspelt words of risk right."""
        return Speller(unpack_words(self.weights.risky_words), unpack_words(self.weights.known_words))

    @cached_property
    def _places(self) -> list[NDArray[np.int64]]:
        labels = np.array([LABELS.index(exemplar.label) for exemplar in self.exemplars])
        return [np.flatnonzero(labels == place) for place in range(len(LABELS))]

    @cached_property
    def _rows(self) -> FloatMatrix:
        return rows_from_middle(self.weights.vectors.astype(np.float32) / np.float32(127), self.weights.middle)


def _probabilities(scores: NDArray[np.floating]) -> FloatMatrix:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)
