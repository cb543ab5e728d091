import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evaluate.metrics import (
    augrc,
    auroc,
    bootstrap,
    calibration_error,
    clopper_pearson,
    coverage_at,
    hit_at,
    reliability,
    risk_coverage,
    wilson,
)

scored = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30)


@given(scored)
def test_auroc_is_the_share_of_ordered_pairs(rows):
    scores, positive = np.array([float(s) for s, _ in rows]), np.array([p for _, p in rows])
    pairs = list(itertools.product(scores[positive], scores[~positive]))
    expected = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs) if pairs else None
    assert auroc(scores, positive) == (pytest.approx(expected) if expected is not None else None)


@given(scored, st.sampled_from([0.0, 0.05, 0.2]))
def test_coverage_is_the_best_over_all_thresholds(rows, max_wrong):
    scores, right = np.array([float(s) for s, _ in rows]), np.array([r for _, r in rows])
    answerable = max(1, int(right.sum()))
    best = 0.0
    for threshold in scores:
        chosen = scores >= threshold
        if (~right[chosen]).sum() <= max_wrong * chosen.sum():
            best = max(best, right[chosen].sum() / answerable)
    assert coverage_at(scores, right, answerable, max_wrong)[0] == pytest.approx(best)


def test_refusing_everything_covers_nothing():
    assert coverage_at(np.array([0.9, 0.8]), np.array([False, False]), 2, 0.05) == (0.0, None)


def test_hit_at():
    assert hit_at([1, 2, None, 4], 1) == 0.25
    assert hit_at([1, 2, None, 4], 3) == 0.5
    assert hit_at([], 1) is None


def test_wilson_matches_a_published_value():
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_calibration_error_is_how_far_confidence_is_from_the_share_right():
    confidence = np.array([0.2] * 10 + [0.9] * 10)
    right = np.array([True] * 2 + [False] * 8 + [True] * 9 + [False])
    assert calibration_error(confidence, right, bins=2) == pytest.approx(0.0)
    assert calibration_error(np.full(20, 0.9), right, bins=1) == pytest.approx(0.35)
    assert calibration_error(np.zeros(0), np.zeros(0, dtype=bool)) == 0.0


def test_augrc_is_zero_without_errors_and_half_without_hits():
    scores = np.linspace(1, 0, 50)
    assert augrc(scores, np.ones(50, dtype=bool)) == 0.0
    assert augrc(scores, np.zeros(50, dtype=bool)) == pytest.approx(0.5)
    late, early = np.arange(50) < 40, np.arange(50) >= 10
    assert augrc(scores, late) < augrc(scores, early)
    # Where all confidences are equal, order tells nothing: half the errors are met on the way.
    assert augrc(np.full(50, 0.5), late) == pytest.approx(0.5 * 10 / 50)


def test_the_bootstrap_draws_whole_groups_and_is_repeatable():
    def mean(places):
        return float(values[places].mean())

    values = np.array([0.0] * 50 + [1.0] * 50)
    apart = bootstrap([str(n) for n in range(100)], mean)
    together = bootstrap(["a"] * 50 + ["b"] * 50, mean)
    assert apart == bootstrap([str(n) for n in range(100)], mean)
    assert 0.35 < apart[0] < 0.5 < apart[1] < 0.65
    assert together == (0.0, 1.0)
    assert bootstrap([], mean) == (0.0, 1.0)


def test_risk_and_coverage_part_no_equal_confidences():
    confidence, right = np.array([0.9, 0.9, 0.5, 0.2]), np.array([True, False, True, False])
    assert risk_coverage(confidence, right) == ((0.5, 0.5), (0.75, 1 / 3), (1.0, 0.5))
    assert risk_coverage(np.zeros(0), np.zeros(0, dtype=bool)) == ()


def test_reliability_has_the_groups_of_the_calibration_error():
    confidence = np.array([0.2] * 10 + [0.9] * 10)
    right = np.array([True] * 2 + [False] * 8 + [True] * 9 + [False])
    assert [(stated, float(own.mean())) for stated, own in reliability(confidence, right, bins=2)] == [
        (pytest.approx(0.2), 0.2),
        (pytest.approx(0.9), 0.9),
    ]


def test_clopper_pearson_matches_published_values():
    # Newcombe (1998), table I: 81 of 263 gives 0.2527 to 0.3676, and 0 of 20 up to 0.1684.
    assert clopper_pearson(81, 263) == pytest.approx((0.2527, 0.3676), abs=1e-4)
    assert clopper_pearson(0, 20) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert clopper_pearson(20, 20)[1] == 1.0
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_the_bootstrap_leaves_out_draws_that_say_nothing():
    def only_of_both(places):
        return float("nan") if len(set(places.tolist())) < 2 else 1.0

    assert bootstrap(["a", "b"], only_of_both) == (1.0, 1.0)
    assert bootstrap(["a"], only_of_both) == (0.0, 1.0)
