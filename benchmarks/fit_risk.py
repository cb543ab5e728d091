"""The shipped exemplars and the bundled model enter; what they teach is written to where the package carries it.

Letters are learned from every exemplar as it is and once more as a hurried hand would type it. What they say of an
exemplar that they were not shown is what meaning is then learned beside.
"""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from agent.policy_file import SHIPPED_EXEMPLARS
from agent.risk.exemplars import LABELS, Exemplar, Exemplars
from agent.risk.fit import fit_meaning, folded, labels_of, regress
from agent.risk.judge import ByLetters, log_shares, weigh
from agent.risk.kept import SHIPPED_LETTERS, SHIPPED_MEANING
from agent.risk.letters import BUCKETS, inverse_frequency, letters_of
from agent.risk.weights import LetterWeights, letters_key, meaning_key, pack_words, save_weights
from index.embed.bundled import load_bundled
from index.embed.compiled import compile_model
from index.models import FloatMatrix, FloatVector

SEED = 7
FOLDS = 4
SLIPPED_TRUST = 0.5
"""How much an exemplar with slips counts beside itself as it was written."""

SLIPS, JOINS = 0.35, 0.1
"""Share of words with a slip, and of spaces left out."""

MIN_TOLD = 3
"""In so many risky exemplars a word must be for slips of it to be mended."""

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def main() -> None:
    """Fit anew; to be run after every change of the exemplars, which a test asks for."""
    given = Exemplars(SHIPPED_EXEMPLARS)
    exemplars = given.shipped
    texts, labels = [folded(exemplar) for exemplar in exemplars], labels_of(exemplars)
    print(f"learning from {len(exemplars)} exemplars", file=sys.stderr)
    learned = _fit_letters(exemplars, texts, labels)
    save_weights(SHIPPED_LETTERS, learned, letters_key(given.shipped_digest))
    with tempfile.TemporaryDirectory() as models:
        embedder = compile_model(load_bundled(), "int8", Path(models))
        vectors = embedder.embed_passages(texts)
    told, strangeness = learned.told.astype(np.float32), ByLetters(learned).strangeness(texts)
    meaning = fit_meaning(exemplars, told, strangeness, vectors, np.ones(len(texts), dtype=np.float32))
    save_weights(SHIPPED_MEANING, meaning, meaning_key(embedder.spec, given.digest))
    for file in (SHIPPED_LETTERS, SHIPPED_MEANING):
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB from {len(exemplars)} exemplars")


def _fit_letters(exemplars: Sequence[Exemplar], texts: Sequence[str], labels: NDArray[np.int64]) -> LetterWeights:
    hand = random.Random(SEED)  # noqa: S311 - no secret hangs on it
    fold = np.array([hand.randrange(FOLDS) for _ in texts])
    slipped = [type_hastily(text, hand) for text in texts]
    with ProcessPoolExecutor(FOLDS) as pool:
        parts = [pool.submit(_told, texts, slipped, labels, fold != part) for part in range(FOLDS)]
        frequency, weights, bias = learn_letters(texts, slipped, labels)
        told = np.empty((len(texts), len(LABELS)))
        for part, scores in enumerate(parts):
            told[fold == part] = scores.result()
    return LetterWeights(
        frequency=frequency.astype(np.float16),
        weights=weights.astype(np.float16),
        bias=bias.astype(np.float32),
        told=told.astype(np.float16),
        risky_words=pack_words(_risky(exemplars, texts)),
        known_words=pack_words(sorted({word for text in texts for word in text.split(" ")})),
        home_words=pack_words(_english(exemplars, texts)),
    )


def _told(
    texts: Sequence[str], slipped: Sequence[str], labels: NDArray[np.int64], shown: NDArray[np.bool_]
) -> FloatMatrix:
    """Return what letters learned from those shown say of the others."""
    frequency, weights, bias = learn_letters(_of(texts, shown), _of(slipped, shown), labels[shown])
    return log_shares(letter_rows(_of(texts, ~shown), frequency) @ weights + bias)


def learn_letters(
    texts: Sequence[str], slipped: Sequence[str], labels: NDArray[np.int64]
) -> tuple[FloatVector, NDArray[np.float64], NDArray[np.float64]]:
    """Learn labels by letters from folded texts and the same with slips; return frequencies, weights and biases."""
    frequency = inverse_frequency([letters_of(text)[0] for text in texts])
    trust = np.repeat([1.0, SLIPPED_TRUST], len(texts))
    weights, bias = regress(letter_rows([*texts, *slipped], frequency), np.tile(labels, 2), trust)
    return frequency, weights, bias


def letter_rows(texts: Sequence[str], frequency: FloatVector) -> csr_matrix:
    """Return folded texts as rows by letters: `(n_texts, BUCKETS)`, sparse."""
    counted = [letters_of(text) for text in texts]
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in counted)])
    values = np.concatenate([weigh(counts, buckets, frequency) for buckets, counts in counted])
    return csr_matrix((values, np.concatenate([buckets for buckets, _ in counted]), starts), (len(texts), BUCKETS))


def type_hastily(text: str, hand: random.Random) -> str:
    """Return a folded text with the slips of a hurried hand: letters swapped, dropped, doubled, mistaken, no vowels."""
    words = [_slip(word, hand) if len(word) > 3 and hand.random() < SLIPS else word for word in text.split(" ")]
    return "".join(word if hand.random() < JOINS else f" {word}" for word in words).strip()


def _slip(word: str, hand: random.Random) -> str:
    place = hand.randrange(1, len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    row = next((row for row in _KEYS if letter in row), letter)
    near = row.find(letter) + hand.choice((-1, 1))
    return hand.choice(
        (
            before + after[0] + letter + after[1:],
            before + after,
            before + letter + letter + after,
            before + row[max(0, min(near, len(row) - 1))] + after,
            word[0] + "".join(one for one in word[1:-1] if one not in "aeiou") + word[-1],
        )
    )


def _risky(exemplars: Sequence[Exemplar], texts: Sequence[str]) -> list[str]:
    """Return the words that are told of risk again and again, and more often than of anything else."""
    risky: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    for exemplar, text in zip(exemplars, texts, strict=True):
        (plain if exemplar.label == "none" else risky).update(set(text.split(" ")))
    return sorted(word for word, count in risky.items() if count >= MIN_TOLD and count > plain[word])


def _english(exemplars: Sequence[Exemplar], texts: Sequence[str]) -> list[str]:
    """Return the words of several English exemplars; those of one alone would make every exemplar look better known."""
    counts: Counter[str] = Counter()
    for exemplar, text in zip(exemplars, texts, strict=True):
        if exemplar.language == "en":
            counts.update(set(text.split(" ")))
    return sorted(word for word, count in counts.items() if count > 1)


def _of(texts: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [texts[place] for place in np.flatnonzero(chosen)]


if __name__ == "__main__":
    main()
