"""Labelled sentences enter; how near a ticket's sentences come to each label leaves.

Two views of a sentence are joined: what the index's own embedding model makes of it, which sees through paraphrase, and
its letters, which see through misspelling and know languages that the model does not. Both are measured from the
exemplars' middle, so that the scale does not depend on the model.
"""

import hashlib
import itertools
import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from agent.errors import PolicyError
from agent.models import RiskKind
from agent.risk.fold import Speller, fold_words, undisguise
from index.models import FloatMatrix, FloatVector

Label = RiskKind | Literal["none"]
RISKS: Final[tuple[RiskKind, ...]] = ("security", "privileged", "destructive", "outage")
LABELS: Final[tuple[Label, ...]] = (*RISKS, "none")

BUCKETS = 4096
"""Of hashed letter groups and words; more changed no decision on the development tickets."""

RIDGE = 0.3
MEANING_SHARE = 0.5
"""Weight of meaning against letters where both are known."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One labelled sentence."""

    id: str
    text: str
    label: Label
    language: str


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near one sentence comes to a label.

    Attributes:
        label: The label.
        margin: By how much it leads over `none`, about -1 to 1.
        exemplar: The nearest exemplar of that label.
        similarity: Its similarity, -1 to 1.
    """

    label: RiskKind
    margin: float
    exemplar: str
    similarity: float


def parse_exemplars(text: str, name: str) -> tuple[Exemplar, ...]:
    """Read exemplars, one JSON object a line.

    Args:
        text: The file's text.
        name: Its name, for messages.

    Raises:
        PolicyError: A line is no exemplar; the message says which and why.
    """
    found: list[Exemplar] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            exemplar = Exemplar(str(row["id"]), str(row["text"]), row["label"], str(row.get("language", "en")))
        except (ValueError, TypeError, KeyError) as error:
            raise PolicyError(
                f"{name}:{number}: {line[:60]!r} is no exemplar; expected an object with id, text, label and language"
            ) from error
        if exemplar.label not in LABELS or not exemplar.text.strip():
            raise PolicyError(
                f"{name}:{number}: the label {exemplar.label!r} cannot be used, or there is no text; expected one of "
                f"{', '.join(LABELS)}, and a sentence"
            )
        found.append(exemplar)
    return tuple(found)


def digest(exemplars: Sequence[Exemplar]) -> str:
    """Name a set of exemplars by its content."""
    lines = "\n".join(f"{e.id}\0{e.text}\0{e.label}\0{e.language}" for e in exemplars)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


class Exemplars:
    """Exemplars in both views, and what tells their labels apart; safe to read from several threads."""

    def __init__(self, exemplars: Sequence[Exemplar], vectors: FloatMatrix) -> None:
        """Learn from the exemplars.

        Args:
            exemplars: Of every label at least one.
            vectors: Their embeddings, `(n_exemplars, dim) float32`, unit rows.
        """
        self._exemplars = tuple(exemplars)
        words = [fold_words(e.text) for e in exemplars]
        risky = {w for e, text in zip(exemplars, words, strict=True) if e.label != "none" for w in text.split()}
        self.speller = Speller(risky, (w for text in words for w in text.split()))
        self._labels = np.array([LABELS.index(e.label) for e in exemplars])
        letters = np.stack([_letters(text) for text in words])
        self._idf = np.log((1 + len(words)) / (1 + (letters > 0).sum(axis=0))).astype(np.float32) + 1
        self._letters = _unit(letters * self._idf)
        self._middle: FloatVector = vectors.mean(axis=0)
        self._meaning = _unit(vectors - self._middle)
        targets = np.eye(len(LABELS), dtype=np.float32)[self._labels]
        self._by_letters = _ridge(self._letters, targets)
        self._rows = self._join(self._meaning, self._letters)
        self._joint = _ridge(self._rows, targets)

    def letters(self, sentences: Sequence[str]) -> FloatMatrix:
        """Return the margin of each label by letters alone: `(n_sentences, n_labels) float32`."""
        return _margins(self._spelt(sentences) @ self._by_letters)

    def near(self, sentences: Sequence[str], vectors: FloatMatrix) -> list[list[Nearness]]:
        """Say how near each sentence comes to each risky label.

        Args:
            sentences: Folded.
            vectors: Their embeddings, `(n_sentences, dim) float32`, unit rows.

        Returns:
            For each sentence, its nearness to each label but `none`.
        """
        letters = self._spelt(sentences)
        meaning = _unit(vectors - self._middle)
        joined = self._join(meaning, letters)
        margins = _margins(joined @ self._joint)
        likeness = joined @ self._rows.T
        return [
            [self._nearness(label, margins[row], likeness[row]) for label in RISKS] for row in range(len(sentences))
        ]

    def _nearness(self, label: RiskKind, margins: FloatVector, likeness: FloatVector) -> Nearness:
        place = LABELS.index(label)
        nearest = int(np.where(self._labels == place, likeness, -2.0).argmax())
        return Nearness(label, float(margins[place]), self._exemplars[nearest].id, float(likeness[nearest]))

    def _spelt(self, sentences: Sequence[str]) -> FloatMatrix:
        spelt = [self.speller.mend(undisguise(sentence)) for sentence in sentences]
        return _unit(np.stack([_letters(text) for text in spelt]) * self._idf)

    def _join(self, meaning: FloatMatrix, letters: FloatMatrix) -> FloatMatrix:
        return np.hstack([meaning * math.sqrt(MEANING_SHARE), letters * math.sqrt(1 - MEANING_SHARE)])


def _margins(scores: FloatMatrix) -> FloatMatrix:
    return scores - scores[:, -1:]


def _ridge(rows: FloatMatrix, targets: FloatMatrix) -> FloatMatrix:
    """Return the weights of a ridge regression, solved over the rows as they are fewer than the columns."""
    gram = rows @ rows.T + RIDGE * np.eye(len(rows), dtype=np.float32)
    weights: FloatMatrix = rows.T @ np.linalg.solve(gram, targets)
    return weights


def _unit(rows: NDArray[np.float32]) -> FloatMatrix:
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-9), dtype=np.float32)


def _letters(text: str) -> FloatVector:
    counts = np.zeros(BUCKETS, dtype=np.float32)
    words = text.split(" ")
    for word in words:
        for bucket in _word_buckets(word):
            counts[bucket] += 1
    for first, second in itertools.pairwise(words):
        counts[_bucket(f"{first} {second}")] += 1.5
    np.sqrt(counts, out=counts)
    return counts


@lru_cache(maxsize=20_000)
def _word_buckets(word: str) -> tuple[int, ...]:
    framed = f"<{word}>"
    groups = [framed[i : i + n] for n in (3, 4, 5) for i in range(len(framed) - n + 1)]
    return tuple(_bucket(group) for group in (*groups, f"={word}", f"={word}"))


def _bucket(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % BUCKETS
