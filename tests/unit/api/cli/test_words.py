from datetime import date
from typing import get_args

import pytest

from agent.models import Outcome, RefusalReason
from api.cli.words import OUTCOME_STYLE, REASON_WORDS, SHORT_OUTCOME, freshness_words, percent, short_version
from api.schemas import FreshnessV1


def test_every_outcome_and_reason_has_words():
    assert set(OUTCOME_STYLE) == set(SHORT_OUTCOME) == set(get_args(Outcome))
    assert set(REASON_WORDS) == set(get_args(RefusalReason))


@pytest.mark.parametrize(("score", "said"), [(0.934, "93 %"), (0.999, "99 %"), (1.0, "100 %"), (0.0, "0 %")])
def test_nothing_is_rounded_up_to_certainty(score, said):
    assert percent(score) == said


def test_freshness_without_any_date_says_so():
    nothing = dict.fromkeys(("last_reviewed", "review_by", "valid_until", "age_days", "overdue_days"))
    assert freshness_words(FreshnessV1(state="unknown", basis="none", **nothing)) == "unknown · no date that counts"


def test_an_edit_is_not_called_a_review():
    edited = FreshnessV1(
        state="stale",
        basis="last_modified",
        last_reviewed=date(2025, 1, 1),
        review_by=None,
        valid_until=None,
        age_days=1,
        overdue_days=1,
    )
    assert freshness_words(edited) == "stale · edited 2025-01-01, 1 day overdue"


def test_a_commit_is_shortened_and_another_version_is_not():
    assert short_version("0123456789abcdef0123456789abcdef01234567") == "0123456789ab"
    assert short_version("Version of last spring, as it was") == "Version of last spring, as it was"
