"""How sure we are that an article answers a ticket: what retrieval found enters, probabilities and reasons leave."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from operator import attrgetter

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import ConfidenceError
from agent.models import Contribution
from index.models import Candidate, Features, Retrieval

FEATURES = tuple(field.name for field in fields(Features))
"""What the coefficients are of, in order."""

_VALUES = attrgetter(*FEATURES)

REASONS = 3
"""How many features a decision names."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A conditional logit over the candidates of a ticket, and one more choice: that none of them answers it.

    Attributes:
        weights: Log-odds per unit of each feature.
        typical: What each feature is like among candidates that are not the answer; reasons are told against it.
        none: Log-odds of no answer.
        none_unknown: Added to it per share of the ticket's terms that no article uses.
    """

    weights: dict[str, float]
    typical: dict[str, float]
    none: float
    none_unknown: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """P(this article answers this ticket), and the features that carried it, the weightiest first."""

    confidence: float
    why: tuple[Contribution, ...]


class _Feature(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    weight: float
    typical: float


class _File(BaseModel):
    """The file that `benchmarks/fit_confidence.py` writes; its other keys say where the figures come from."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    features: dict[str, _Feature]
    none: float
    none_unknown: float


def read_coefficients(text: str) -> Coefficients:
    """Read fitted coefficients.

    Args:
        text: The JSON that `benchmarks/fit_confidence.py` writes.

    Raises:
        ConfidenceError: It is not that, or not of these features.
    """
    remedy = "Restore it, or fit it anew with `python -m benchmarks.fit_confidence`."
    try:
        read = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfidenceError(f"confidence coefficients cannot be read: {where}: {first['msg']}. {remedy}") from error
    if read.features.keys() != set(FEATURES):
        differing = sorted(read.features.keys() ^ set(FEATURES))
        raise ConfidenceError(
            f"confidence coefficients are not of this version's features: {differing!r} differ. {remedy}"
        )
    return Coefficients(
        weights={name: one.weight for name, one in read.features.items()},
        typical={name: one.typical for name, one in read.features.items()},
        none=read.none,
        none_unknown=read.none_unknown,
    )


@cache
def preset() -> Coefficients:
    """Return the coefficients shipped with Runcite; the file says what they were fitted to."""
    return read_coefficients(files("agent").joinpath("confidence.json").read_text(encoding="utf-8"))


def estimate(retrieval: Retrieval, coefficients: Coefficients) -> tuple[Estimate, ...]:
    """Say of each candidate how likely it is the answer; together with "none of them" that makes 1.

    An article that another candidate replaces is the same answer: it takes nothing from the others.

    Args:
        retrieval: What the ticket found.
        coefficients: Of `preset`, or fitted to the organisation's own tickets.

    Returns:
        Estimates in the retrieval's order.
    """
    candidates = retrieval.candidates
    utilities = [_utility(candidate.features, coefficients) for candidate in candidates]
    none = coefficients.none + coefficients.none_unknown * retrieval.unknown_term_share
    top = max([none, *utilities])
    odds = [math.exp(utility - top) for utility in utilities]
    replaced = _replaced(candidates)
    rest = math.exp(none - top) + sum(one for one, old in zip(odds, replaced, strict=True) if not old)
    return tuple(
        Estimate(one / (rest + one if old else rest), _reasons(candidate.features, coefficients))
        for candidate, one, old in zip(candidates, odds, replaced, strict=True)
    )


def _utility(features: Features, coefficients: Coefficients) -> float:
    return math.fsum(coefficients.weights[name] * value for name, value in _named(features))


def _replaced(candidates: Sequence[Candidate]) -> list[bool]:
    found = {candidate.article.article_id for candidate in candidates}
    return [
        (new := candidate.article.metadata.superseded_by) is not None
        and new in found
        and new != candidate.article.article_id
        for candidate in candidates
    ]


def _reasons(features: Features, coefficients: Coefficients) -> tuple[Contribution, ...]:
    weights, typical = coefficients.weights, coefficients.typical
    parts = ((name, value, weights[name] * (value - typical[name])) for name, value in _named(features))
    weightiest = sorted(parts, key=lambda part: -abs(part[2]))[:REASONS]
    return tuple(Contribution(name, round(value, 4), round(log_odds, 2)) for name, value, log_odds in weightiest)


def _named(features: Features) -> Iterator[tuple[str, float]]:
    return zip(FEATURES, _VALUES(features), strict=True)
