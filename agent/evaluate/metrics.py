"""Figures over ranked, scored answers. Pure functions over arrays."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

BoolArray = NDArray[np.bool_]
"""`(n_tickets,) bool`."""

IntArray = NDArray[np.int64]
"""`(n_tickets,) int64`."""

FloatArray = NDArray[np.float64]
"""`(n_tickets,) float64`."""


def auroc(scores: FloatArray, positive: BoolArray) -> float | None:
    """Return the area under the ROC curve: P(a positive scores above a negative), ties counted half.

    Args:
        scores: `(n,)`, higher means surer.
        positive: `(n,)`.

    Returns:
        0 to 1, or `None` where there is only one class.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    # Mann-Whitney: the rank sum of the positives, with ties at their mean rank.
    unique, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    mean_rank = last_rank - (counts - 1) / 2
    del unique
    rank_sum = float(mean_rank[inverse][positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def coverage_at(scores: FloatArray, right: BoolArray, answerable: int, max_wrong: float) -> tuple[float, float | None]:
    """Return the share of answerable tickets answered rightly while at most `max_wrong` of the answers are wrong.

    The threshold is the best one in hindsight: this measures how well the score ranks, not a threshold to deploy.

    Args:
        scores: `(n,)` score of the answer to each ticket, must-refuse tickets included.
        right: `(n,)` whether that answer is right; never for a must-refuse ticket.
        answerable: How many tickets have an answer.
        max_wrong: Largest share of wrong answers among all answers, 0 to 1.

    Returns:
        Coverage, 0 to 1, and the threshold reaching it; no threshold where none does.
    """
    order = np.argsort(-scores, kind="stable")
    ranked_right = np.cumsum(right[order])
    answered = np.arange(1, len(order) + 1)
    # A threshold cannot part equal scores, so only the last of each run of ties is a possible cut.
    cut = np.append(scores[order][1:] < scores[order][:-1], True)
    allowed = cut & ((answered - ranked_right) <= max_wrong * answered)
    if not allowed.any() or answerable == 0:
        return 0.0, None
    last = int(np.flatnonzero(allowed)[np.argmax(ranked_right[allowed])])
    return float(ranked_right[last] / answerable), float(scores[order][last])


def calibration_error(confidence: FloatArray, right: BoolArray, bins: int = 10) -> float:
    """Return the expected calibration error: how far, on average, the stated confidence is from the share right.

    Args:
        confidence: `(n,)` stated probability of each answer, 0 to 1.
        right: `(n,)` whether it is right.
        bins: Groups of equally many tickets, by confidence.

    Returns:
        0 to 1; 0 without tickets.
    """
    order = np.argsort(confidence, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    return float(sum(abs(float((confidence[group] - right[group]).sum())) for group in groups) / max(1, len(order)))


def reliability(confidence: FloatArray, right: BoolArray, bins: int = 10) -> list[tuple[float, BoolArray]]:
    """Return what was stated and what came of it, in the groups of `calibration_error`, by confidence.

    Args:
        confidence: `(n,)` stated probability of each answer, 0 to 1.
        right: `(n,)` whether it is right.
        bins: Groups of equally many tickets.

    Returns:
        Per group the mean confidence and whether each of its answers is right.
    """
    order = np.argsort(confidence, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    return [(float(confidence[group].mean()), right[group]) for group in groups]


def risk_coverage(confidence: FloatArray, right: BoolArray) -> tuple[tuple[float, float], ...]:
    """Return the share answered and the share of those answered wrongly, at each threshold, strict to lax.

    Args:
        confidence: `(n,)`.
        right: `(n,)`.
    """
    n = len(confidence)
    if n == 0:
        return ()
    order = np.argsort(-confidence, kind="stable")
    wrong, answered = np.cumsum(~right[order]), np.arange(1, n + 1)
    # A threshold cannot part equal confidences.
    cuts = np.append(np.flatnonzero(np.diff(confidence[order])), n - 1)
    return tuple((float(answered[cut] / n), float(wrong[cut] / answered[cut])) for cut in cuts)


def augrc(confidence: FloatArray, right: BoolArray) -> float:
    """Return the area under the generalised risk curve: P(answered and wrong), averaged over how many are answered.

    Source: J. Traub and others, "Overcoming Common Flaws in the Evaluation of Selective Classification Systems",
    NeurIPS 2024, https://arxiv.org/abs/2407.01032.

    Args:
        confidence: `(n,)`.
        right: `(n,)`.

    Returns:
        0 (none wrong) to 0.5 (all wrong); 0 without tickets.
    """
    n = len(right)
    if n == 0:
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) / n
    # Equal confidences are answered together: between the ends of a run of ties the curve is a straight line.
    last = np.append(np.flatnonzero(np.diff(confidence[order])), n - 1)
    coverage, risk = np.append(0.0, (last + 1) / n), np.append(0.0, wrong[last])
    return float(np.trapezoid(risk, coverage))


def bootstrap(groups: Sequence[str], figure: Callable[[IntArray], float], draws: int = 200) -> tuple[float, float]:
    """Return the 95 % interval of a figure by drawing groups of tickets again, with replacement, from a fixed seed.

    Args:
        groups: `(n,)` group of each ticket; tickets of one group are drawn together, for they are not independent.
        figure: Computes the figure of some tickets, given their places, `(n_drawn,) int64`; NaN where it has none.
        draws: How often.

    Returns:
        The 2.5th and the 97.5th percentile; 0 and 1 without tickets.
    """
    if not groups:
        return 0.0, 1.0
    names, member = np.unique(np.array(groups), return_inverse=True)
    places = [np.flatnonzero(member == group) for group in range(len(names))]
    rng = np.random.default_rng(0)
    drawn = [
        figure(np.concatenate([places[group] for group in rng.integers(len(places), size=len(places))]))
        for _ in range(draws)
    ]
    # Some draws hold one class only, of which some figures say nothing.
    telling = [value for value in drawn if not math.isnan(value)]
    low, high = np.percentile(telling, [2.5, 97.5]) if telling else (0.0, 1.0)
    return float(low), float(high)


def hit_at(ranks: Sequence[int | None], k: int) -> float | None:
    """Return the share of answerable tickets whose first right article is among the first `k`.

    Args:
        ranks: Per answerable ticket the place of the first right article, from 1; `None` where it was not found.
        k: How many places count.
    """
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks) if ranks else None


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, 95 % by default.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a proportion: never narrower than it says, for few or no successes too.

    Source: C. Clopper and E. Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934).
    """
    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return float(low), float(high)
