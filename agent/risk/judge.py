"""Folded sentences and their vectors enter; how likely each is of each label, and its nearest exemplar, leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agent.risk.exemplars import LABELS, Label
from agent.risk.fold import Speller
from agent.risk.letters import letters_of
from agent.risk.weights import SCALE, Floats, LetterWeights, MeaningWeights, rows_from_middle, unpack_words
from index.models import FloatMatrix, FloatVector


@dataclass(frozen=True)
class ByLetters:
    """A classifier of sentences by their letters. Safe to use from several threads."""

    learned: LetterWeights

    def scores(self, sentences: Sequence[str]) -> FloatMatrix:
        """Return the log probability of each label: `(n_sentences, n_labels) float32`."""
        found = np.empty((len(sentences), len(LABELS)), dtype=np.float32)
        for place, sentence in enumerate(sentences):
            buckets, counts = letters_of(sentence)
            row = weigh(counts, buckets, self.learned.frequency)
            found[place] = row @ self.learned.weights[buckets].astype(np.float32)
        return log_shares(found + self.learned.bias)

    def strangeness(self, sentences: Sequence[str]) -> FloatVector:
        """Return the share of words in each sentence that are not English: `(n_sentences,) float32`."""
        shares = [np.mean([word not in self._home for word in sentence.split(" ")]) for sentence in sentences]
        return np.array(shares, dtype=np.float32)

    @cached_property
    def speller(self) -> Speller:
        """What puts misspelt words of risk right."""
        return Speller(unpack_words(self.learned.risky_words), unpack_words(self.learned.known_words))

    @cached_property
    def _home(self) -> frozenset[str]:
        return frozenset(unpack_words(self.learned.home_words))


@dataclass(frozen=True)
class Judge:
    """A classifier of sentences by letters and meaning, and who it was taught by. Safe to use from several threads."""

    letters: ByLetters
    meaning: MeaningWeights

    def scores(self, sentences: Sequence[str], letters: FloatMatrix, vectors: FloatMatrix) -> FloatMatrix:
        """Return the log probability of each label by letters and meaning.

        Args:
            sentences: Folded.
            letters: Their scores by letters, `(n_sentences, n_labels) float32`.
            vectors: Their embeddings, `(n_sentences, dim) float32`, unit rows.

        Returns:
            `(n_sentences, n_labels) float32`.
        """
        columns = features(letters, rows_from_middle(vectors, self.meaning.middle), self.letters.strangeness(sentences))
        return log_shares(columns @ self.meaning.weights + self.meaning.bias)

    def nearest(self, label: Label, vector: FloatVector) -> tuple[str, float]:
        """Return the id of the exemplar of a label that means most nearly the same, and how similar it is, -1 to 1."""
        places = np.flatnonzero(self.meaning.labels == LABELS.index(label))
        # In the bytes they are kept in until now: as floats, all of them would take four times the memory.
        rows = self.meaning.vectors[places].astype(np.float32) / np.float32(127)
        likeness = rows_from_middle(rows, self.meaning.middle) @ rows_from_middle(vector[None], self.meaning.middle)[0]
        best = int(likeness.argmax())
        return self._ids[int(places[best])], float(likeness[best])

    @cached_property
    def _ids(self) -> list[str]:
        return unpack_words(self.meaning.ids)


def features(letters: FloatMatrix, meaning: FloatMatrix, strangeness: FloatVector) -> FloatMatrix:
    """Join the two views of sentences, both once more in so far as their words are not English.

    Args:
        letters: Log probabilities by letters, `(n, n_labels) float32`.
        meaning: Unit rows from the exemplars' middle, `(n, dim) float32`.
        strangeness: Shares of words, `(n,) float32`.

    Returns:
        `(n, 2 * (n_labels + dim) + 1) float32`.
    """
    views = np.hstack([letters - letters.mean(axis=1, keepdims=True), meaning * SCALE])
    strange = strangeness[:, None]
    return np.asarray(np.hstack([views, views * strange, strange]), dtype=np.float32)


def weigh(counts: FloatVector, buckets: NDArray[np.int64], frequency: Floats) -> FloatVector:
    """Return a sentence's row by letters: its counts by how much each bucket tells, of length `SCALE`."""
    row = counts * frequency[buckets]
    return np.asarray(row * (SCALE / max(float(np.linalg.norm(row)), 1e-9)), dtype=np.float32)


def log_shares(scores: Floats) -> FloatMatrix:
    """Return scores as log probabilities, row by row."""
    level = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(level - np.log(np.exp(level).sum(axis=1, keepdims=True)), dtype=np.float32)
