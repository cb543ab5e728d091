"""Scores and mistakes of labelled tickets enter; the laxest threshold whose share of mistakes is bounded leaves.

Learn-then-Test with a fixed sequence: thresholds are tried from strict to lax, each by an exact binomial test of "more
than alpha of what is acted on is wrong", until one test does not reject. As the order is fixed beforehand, trying many
costs nothing: that any threshold passed is wrong about its share has a probability of at most delta.

Source: A. Angelopoulos and others, "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control", 2021,
https://arxiv.org/abs/2110.01052.
"""

import math
from dataclasses import dataclass
from typing import Final

from scipy.special import bdtr, betaincinv

from agent.evaluate.metrics import BoolArray, FloatArray

GRID: Final = tuple(round(1 - step / 100, 2) for step in range(1, 71))
"""The thresholds, 0.99 to 0.30: the laxest is the lowest that a policy may name."""

NEVER: Final = -1.0
"""Score of a ticket that is acted on at no threshold."""

_ALPHAS: Final = tuple(round(step / 200, 3) for step in range(1, 101))
"""Shares of mistakes, 0.5 % to 50 %, among which the best that can be certified is looked for."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What is to be certified: with confidence `1 - delta`, at most `alpha` of what is acted on is wrong."""

    alpha: float
    delta: float

    @property
    def least_acted(self) -> int:
        """How many tickets must be acted on, all rightly, before anything can be said."""
        return math.ceil(math.log(self.delta) / math.log(1 - self.alpha))


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What acting from one threshold on comes to.

    Attributes:
        threshold: Tickets with this score or more are acted on.
        acted: How many.
        wrong: How many of them wrongly.
        at_most: Share wrong that is not exceeded, with the bound's confidence, at this threshold taken alone.
        passed: Whether the test that had its turn here passed; `None` where none had.
    """

    threshold: float
    acted: int
    wrong: int
    at_most: float
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the tickets certify.

    Attributes:
        bound: What was to be certified.
        tickets: How many there were.
        chosen: The laxest point that passed; `None` where none did.
        curve: Every threshold, strict to lax.
    """

    bound: Bound
    tickets: int
    chosen: RiskPoint | None
    curve: tuple[RiskPoint, ...]


def certify(score: FloatArray, wrong: BoolArray, bound: Bound) -> Certificate:
    """Find the laxest threshold from which at most `alpha` of what is acted on is wrong, certified.

    The strictest thresholds act on too few tickets to pass and would end the sequence before it began, so it begins
    where enough are acted on. How many are acted on tells nothing of how many of them are wrong, as long as a surer
    decision is not more often wrong than a less sure one.

    Args:
        score: `(n,)`, higher means surer; `NEVER` where no threshold acts. One row per independent ticket.
        wrong: `(n,)` whether acting on the ticket is a mistake.
        bound: What is to be certified.
    """
    curve: list[RiskPoint] = []
    going_on = True
    for threshold in GRID:
        acting = score >= threshold
        acted, mistakes = int(acting.sum()), int(wrong[acting].sum())
        at_most = upper_share(mistakes, acted, bound.delta)
        passed = at_most <= bound.alpha if going_on and acted >= bound.least_acted else None
        going_on = going_on and passed is not False
        curve.append(RiskPoint(threshold, acted, mistakes, at_most, passed))
    chosen = next((point for point in reversed(curve) if point.passed), None)
    return Certificate(bound, len(score), chosen, tuple(curve))


def best_certifiable(score: FloatArray, wrong: BoolArray, delta: float) -> Certificate | None:
    """Find the smallest share of mistakes that the tickets do certify; `None` where not even one half.

    It says what to ask for, and is no certificate: it was chosen after seeing the mistakes.

    Args:
        score: As for `certify`.
        wrong: As for `certify`.
        delta: As for `certify`.
    """
    certificates = (certify(score, wrong, Bound(alpha, delta)) for alpha in _ALPHAS)
    return next((one for one in certificates if one.chosen is not None), None)


def p_value(wrong: int, acted: int, alpha: float) -> float:
    """Return how likely so few mistakes are if more than `alpha` of all that is acted on is wrong."""
    return float(bdtr(wrong, acted, alpha)) if acted else 1.0


def upper_share(wrong: int, n: int, delta: float) -> float:
    """Return the Clopper-Pearson bound of a share: with confidence `1 - delta` it is not more.

    It is at most `alpha` exactly where `p_value` at `alpha` is at most `delta`.
    """
    return 1.0 if wrong >= n else float(betaincinv(wrong + 1, n - wrong, 1 - delta))
