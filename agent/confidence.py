"""How sure we are that an article answers a ticket: what retrieval found enters, a probability per candidate leaves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from index.models import Candidate, Retrieval

CALIBRATION = "preset"
"""Named in every decision until a calibration to the organisation's own tickets replaces it."""


@dataclass(frozen=True, slots=True)
class CosineScale:
    """What cosines mean for one embedding model.

    Attributes:
        unrelated: Cosine at which a passage has nothing to do with the query.
        related: Cosine at which it certainly has.
    """

    unrelated: float
    related: float

    def place(self, cosine: float) -> float:
        """Return where a cosine lies between unrelated (0) and related (1); not clipped."""
        return (cosine - self.unrelated) / (self.related - self.unrelated)


@dataclass(frozen=True, slots=True)
class Weights:
    """Coefficients of a logistic regression over the features of `confidences`."""

    bias: float
    similarity: float
    coverage: float
    title_coverage: float
    margin: float
    unknown: float


PRESET = Weights(bias=-4.0, similarity=5.0, coverage=2.0, title_coverage=1.0, margin=1.5, unknown=-1.0)


def confidences(retrieval: Retrieval, scale: CosineScale, weights: Weights = PRESET) -> tuple[float, ...]:
    """Return P(this article answers this ticket) for each candidate, in the retrieval's order.

    Args:
        retrieval: What the ticket found.
        scale: What cosines mean for the index's embedding model.
        weights: Logistic coefficients.
    """
    candidates = retrieval.candidates
    return tuple(
        _logistic(_log_odds(candidate, _margin(place, candidates), retrieval.unknown_term_share, scale, weights))
        for place, candidate in enumerate(candidates)
    )


def _log_odds(candidate: Candidate, margin: float, unknown: float, scale: CosineScale, weights: Weights) -> float:
    return (
        weights.bias
        + weights.similarity * scale.place(candidate.similarity)
        + weights.coverage * candidate.coverage
        + weights.title_coverage * candidate.title_coverage
        + weights.margin * margin
        + weights.unknown * unknown
    )


def _margin(place: int, candidates: Sequence[Candidate]) -> float:
    """Return by how much a candidate's ranking score leads the best other one; 0 where there is no other."""
    others = [other.fused for other in (*candidates[:place], *candidates[place + 1 :])]
    return candidates[place].fused - max(others) if others else 0.0


def _logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
