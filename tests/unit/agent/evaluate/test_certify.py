import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from agent.evaluate.certify import GRID, NEVER, Bound, best_certifiable, certify, p_value, upper_share

FIVE_PERCENT = Bound(alpha=0.05, delta=0.10)
DRAWS = 1_000


def draw(rng, n, hit, sharp):
    """Draw tickets whose answers are right so often, and whose scores tell right from wrong so sharply."""
    right = rng.random(n) < hit
    latent = np.where(right, rng.normal(sharp, 1, n), rng.normal(0, 1, n))
    return 1 / (1 + np.exp(-1.5 * (latent - sharp / 2))), ~right


@pytest.mark.parametrize(
    ("hit", "sharp", "n"),
    [
        pytest.param(0.63, 2.7, 120, id="good-ranker-few-tickets"),
        pytest.param(0.63, 2.7, 400, id="good-ranker-many-tickets"),
        pytest.param(0.56, 1.5, 400, id="weak-ranker"),
        pytest.param(0.94, 0.0, 200, id="score-tells-nothing-and-all-break-the-bound"),
    ],
)
def test_a_thousand_draws_break_their_bound_hardly_oftener_than_said(hit, sharp, n):
    rng = np.random.default_rng(7)
    score, wrong = draw(rng, 500_000, hit, sharp)
    order = np.sort(score)
    sorted_wrong = np.append(np.cumsum(wrong[np.argsort(score)][::-1])[::-1], 0)

    def true_share(threshold):
        first = int(np.searchsorted(order, threshold))
        return sorted_wrong[first] / max(1, len(order) - first)

    truth = {threshold: true_share(threshold) for threshold in GRID}
    broken = 0
    for _ in range(DRAWS):
        chosen = certify(*draw(rng, n, hit, sharp), FIVE_PERCENT).chosen
        broken += chosen is not None and truth[chosen.threshold] > FIVE_PERCENT.alpha
    assert broken <= (FIVE_PERCENT.delta + 0.02) * DRAWS


def test_a_good_ranker_is_certified():
    rng = np.random.default_rng(1)
    certified = [certify(*draw(rng, 200, 0.7, 4.0), FIVE_PERCENT).chosen for _ in range(100)]
    assert sum(chosen is not None for chosen in certified) >= 90


@given(st.integers(0, 300), st.integers(1, 300), st.sampled_from([0.01, 0.05, 0.1, 0.3]), st.sampled_from([0.05, 0.1]))
def test_the_upper_bound_and_the_test_are_two_ways_to_say_the_same(wrong, n, alpha, delta):
    wrong = min(wrong, n)
    assert p_value(wrong, n, alpha) == pytest.approx(binom.cdf(wrong, n, alpha))
    assert (upper_share(wrong, n, delta) <= alpha) == (p_value(wrong, n, alpha) <= delta)


@pytest.mark.parametrize(("alpha", "delta", "least"), [(0.05, 0.10, 45), (0.05, 0.05, 59), (0.02, 0.10, 114)])
def test_so_many_must_be_right_before_anything_can_be_said(alpha, delta, least):
    bound = Bound(alpha, delta)
    assert bound.least_acted == least
    right = np.zeros(least, dtype=bool)
    assert certify(np.full(least, 0.9), right, bound).chosen is not None
    assert certify(np.full(least - 1, 0.9), right[:-1], bound).chosen is None


def test_the_sequence_ends_at_its_first_failure():
    # 60 sure and right, then 40 of which half are wrong, then 2,000 right ones: lax thresholds look good, untried.
    score = np.concatenate([np.full(60, 0.9), np.full(40, 0.7), np.full(2_000, 0.5)])
    wrong = np.concatenate([np.zeros(60), np.arange(40) % 2, np.zeros(2_000)]).astype(bool)
    certificate = certify(score, wrong, FIVE_PERCENT)
    assert certificate.chosen is not None
    assert certificate.chosen.threshold == 0.71
    assert certificate.curve[-1].at_most < FIVE_PERCENT.alpha
    assert certificate.curve[-1].passed is None


def test_what_is_never_acted_on_counts_nowhere():
    certificate = certify(np.full(500, NEVER), np.ones(500, dtype=bool), FIVE_PERCENT)
    assert certificate.chosen is None
    assert {point.acted for point in certificate.curve} == {0}


def test_where_the_wish_is_too_high_the_best_is_named():
    score, wrong = np.full(30, 0.9), np.zeros(30, dtype=bool)
    best = best_certifiable(score, wrong, delta=0.10)
    assert certify(score, wrong, FIVE_PERCENT).chosen is None
    assert best is not None
    assert best.bound.alpha == 0.075
    assert best_certifiable(score, ~wrong, delta=0.10) is None
