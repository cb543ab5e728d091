import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evaluate.metrics import auroc, coverage_at, hit_at, wilson

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
