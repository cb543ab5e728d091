"""Corpora of ranked candidates enter, the coefficients of a conditional logit over them leave."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from agent.confidence import FEATURES, Coefficients
from benchmarks.labelled import Corpus
from index import features

FloatArray = NDArray[np.float64]

UNITS = {
    "best_standing": 1.0,
    "centre_standing": 1.0,
    "title_standing": 1.0,
    "best_place": 0.25,
    "centre_place": 0.25,
    "title_place": 0.25,
    "bm25": 0.15,
    "coverage": 0.2,
    "title_coverage": 0.15,
    "title_share": 0.3,
    "letters_standing": 1.0,
    "named": 0.25,
}
"""What makes about as much of a difference in each feature, so that one penalty fits all."""

HAND_SET = {
    "best_standing": 1.0,
    "centre_standing": features.CENTRE_WEIGHT,
    "title_standing": features.TITLE_WEIGHT,
    "bm25": features.BM25_WEIGHT,
    "title_coverage": features.TERMS_WEIGHT,
    "title_share": features.TERMS_WEIGHT,
    "letters_standing": features.LETTERS_WEIGHT,
    "named": features.NAMED_WEIGHT,
}
"""The weights of the ranking score that candidates are found by."""

PRIOR_SHARE = 0.5
"""Log-odds per unit of the hand-set ranking score: where the weights stay as far as the tickets do not move them."""

PENALTY = 0.1
"""On the squared distance from there, in `UNITS`, beside the mean log loss of a ticket."""

MISLABELLED = 0.06
"""Share of tickets whose label is taken to be chance: a few arguable ones must not make every confidence timid."""

_START_NONE = 4.0


def fit(corpora: Sequence[Corpus]) -> Coefficients:
    """Fit to several corpora, each weighing the same.

    An article that is acceptable counts as right. No weight is below zero: what speaks for an article in one knowledge
    base must not speak against it in another.

    Args:
        corpora: What to fit to.
    """
    units = np.array([UNITS[name] for name in FEATURES])
    prior = PRIOR_SHARE * units * np.array([HAND_SET.get(name, 0.0) for name in FEATURES])
    parts = [(corpus.features / units, _chosen(corpus), corpus.found, corpus.unknown) for corpus in corpora]
    n = len(FEATURES)

    def loss(point: FloatArray) -> tuple[float, FloatArray]:
        away = point[:n] - prior
        total, slope = PENALTY * float(away @ away + point[-1] ** 2), np.zeros_like(point)
        slope[:n], slope[-1] = 2 * PENALTY * away, 2 * PENALTY * point[-1]
        for x, chosen, found, unknown in parts:
            odds = _softmax(x @ point[:n], found, point[n] + point[-1] * unknown)
            chance = np.where(chosen, odds, 0.0)
            right = chance.sum(axis=1, keepdims=True).clip(1e-12)
            believed = (1 - MISLABELLED) * right + MISLABELLED / odds.shape[1]
            share = 1 / (len(x) * len(parts))
            total -= share * float(np.log(believed).sum())
            # How far the label is believed: little where the model is sure that it is another.
            error = share * ((1 - MISLABELLED) * right / believed) * (odds - chance / right)
            slope[:n] += np.einsum("ij,ijk->k", error[:, :-1], x)
            slope[n] += error[:, -1].sum()
            slope[-1] += error[:, -1] @ unknown
        return total, slope

    start = np.append(prior, [_START_NONE, 0.0])
    bounds = [(0.0, None)] * n + [(None, None), (0.0, None)]
    point = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    wrong = np.mean([corpus.features[corpus.found & ~corpus.right].mean(axis=0) for corpus in corpora], axis=0)
    return Coefficients(
        weights={name: round(float(weight), 4) for name, weight in zip(FEATURES, point[:n] / units, strict=True)},
        typical={name: round(float(value), 4) for name, value in zip(FEATURES, wrong, strict=True)},
        none=round(float(point[n]), 4),
        none_unknown=round(float(point[-1]), 4),
    )


def predict(corpus: Corpus, coefficients: Coefficients, among: NDArray[np.bool_]) -> FloatArray:
    """Return P(this article answers this ticket): `(n_tickets, n_candidates) float64`.

    Args:
        corpus: The tickets.
        coefficients: The model.
        among: `(n_tickets, n_candidates)`: the candidates to choose from.
    """
    weights = np.array([coefficients.weights[name] for name in FEATURES])
    none = coefficients.none + coefficients.none_unknown * corpus.unknown
    return _softmax(corpus.features @ weights, among, none)[:, :-1]


def _chosen(corpus: Corpus) -> NDArray[np.bool_]:
    right = corpus.right | corpus.acceptable
    return np.concatenate([right, ~right.any(axis=1, keepdims=True)], axis=1)


def _softmax(utilities: FloatArray, found: NDArray[np.bool_], none: FloatArray) -> FloatArray:
    scores = np.concatenate([np.where(found, utilities, -np.inf), none[:, None]], axis=1)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: FloatArray = odds / odds.sum(axis=1, keepdims=True)
    return chances
