import csv
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.freshness import Freshness, FreshnessWindows, add_interval, assess, parse_date, parse_interval
from ingest.models import ArticleMetadata, Interval, ReviewDates, RiskClass

AS_OF = date(2026, 11, 20)
SIX_MONTHS = Interval(months=6)


def judge(dates: ReviewDates, *, risk: RiskClass | None = None, superseded_by: str | None = None) -> Freshness:
    return assess(ArticleMetadata(risk=risk, superseded_by=superseded_by, dates=dates), FreshnessWindows(), AS_OF)


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def reviewed(days_ago: int) -> date:
    return AS_OF - timedelta(days=days_ago)


@pytest.mark.parametrize(
    ("dates", "state", "basis"),
    [
        pytest.param(ReviewDates(), "unknown", "none", id="nothing-said"),
        pytest.param(ReviewDates(reviewed(30), SIX_MONTHS), "fresh", "review", id="reviewed-lately"),
        pytest.param(ReviewDates(reviewed(0), Interval(days=15)), "fresh", "review", id="15-days-ahead"),
        pytest.param(ReviewDates(reviewed(0), Interval(days=14)), "due", "review", id="14-days-ahead"),
        pytest.param(ReviewDates(reviewed(10), Interval(days=10)), "due", "review", id="due-today"),
        pytest.param(ReviewDates(reviewed(11), Interval(days=10)), "stale", "review", id="due-yesterday"),
        pytest.param(ReviewDates(reviewed(800), SIX_MONTHS), "stale", "review", id="long-overdue"),
        pytest.param(ReviewDates(None, SIX_MONTHS), "unknown", "none", id="interval-but-no-review"),
        pytest.param(ReviewDates(reviewed(-1), SIX_MONTHS), "fresh", "review", id="review-tomorrow-is-a-time-zone"),
        pytest.param(ReviewDates(reviewed(-2), SIX_MONTHS), "unknown", "none", id="review-in-the-future"),
        pytest.param(ReviewDates(valid_until=AS_OF), "due", "valid_until", id="valid-through-today"),
        pytest.param(ReviewDates(valid_until=reviewed(1)), "expired", "valid_until", id="expired-yesterday"),
        pytest.param(ReviewDates(valid_until=reviewed(-100)), "fresh", "valid_until", id="valid-long"),
        pytest.param(ReviewDates(valid_until=date(2100, 1, 1)), "unknown", "none", id="never-says-nothing"),
        pytest.param(
            ReviewDates(reviewed(1), SIX_MONTHS, date(2100, 1, 1)), "fresh", "review", id="never-leaves-the-review"
        ),
        pytest.param(
            ReviewDates(reviewed(1), SIX_MONTHS, reviewed(1)), "expired", "valid_until", id="worse-wins-expired"
        ),
        pytest.param(ReviewDates(reviewed(800), SIX_MONTHS, reviewed(-99)), "stale", "review", id="worse-wins-stale"),
        pytest.param(ReviewDates(reviewed(1), SIX_MONTHS, reviewed(-99)), "fresh", "review", id="equal-is-review"),
        pytest.param(
            ReviewDates(reviewed(1), SIX_MONTHS, malformed=("valid_until: 'x'",)), "unknown", "none", id="malformed"
        ),
        pytest.param(
            ReviewDates(reviewed(800), SIX_MONTHS, malformed=("valid_until: 'x'",)),
            "stale",
            "review",
            id="malformed-but-proven-stale",
        ),
        pytest.param(
            ReviewDates(valid_until=reviewed(1), malformed=("review_in: 'x'",)),
            "expired",
            "valid_until",
            id="malformed-but-proven-expired",
        ),
        pytest.param(ReviewDates(malformed=("x: 'y'",)), "unknown", "none", id="only-malformed"),
        pytest.param(
            ReviewDates(last_modified=moment(reviewed(5)), malformed=("x: 'y'",)),
            "unknown",
            "none",
            id="an-edit-does-not-mend-a-malformed-date",
        ),
        pytest.param(ReviewDates(last_modified=moment(reviewed(5))), "fresh", "last_modified", id="edited-lately"),
        pytest.param(ReviewDates(last_modified=moment(reviewed(500))), "stale", "last_modified", id="edited-long-ago"),
        pytest.param(ReviewDates(last_modified=moment(reviewed(-5))), "unknown", "none", id="edit-in-the-future"),
        pytest.param(
            ReviewDates(reviewed(800), SIX_MONTHS, last_modified=moment(reviewed(1))),
            "stale",
            "review",
            id="committed-yesterday-reviewed-two-years-ago",
        ),
    ],
)
def test_judges(dates: ReviewDates, state: str, basis: str) -> None:
    found = judge(dates)
    assert (found.state, found.basis) == (state, basis)
    assert found.detail


@pytest.mark.parametrize(
    ("risk", "months"),
    [("low", 12), (None, 6), ("medium", 6), ("high", 3), ("privileged", 3), ("destructive", 3), ("security", 3)],
)
def test_a_review_without_interval_holds_as_long_as_its_risk_class_allows(risk: RiskClass, months: int) -> None:
    found = judge(ReviewDates(reviewed(1)), risk=risk)
    assert found.review_by == add_interval(reviewed(1), Interval(months=months))


def test_superseded_outweighs_everything() -> None:
    assert judge(ReviewDates(reviewed(1), SIX_MONTHS), superseded_by="vpn-new").state == "superseded"


def test_says_how_overdue_a_review_is() -> None:
    found = judge(ReviewDates(date(2025, 9, 1), SIX_MONTHS))
    assert found.detail == "review was due on 2026-03-01, 264 days ago"
    assert (found.review_by, found.overdue_days, found.age_days) == (date(2026, 3, 1), 264, 445)


def test_tells_zero_from_unknown() -> None:
    fresh = judge(ReviewDates(AS_OF, SIX_MONTHS))
    assert (fresh.age_days, fresh.overdue_days) == (0, 0)
    unknown = judge(ReviewDates())
    assert (unknown.age_days, unknown.overdue_days) == (None, None)


def test_a_policy_that_leaves_out_a_class_falls_back_to_the_built_in_window() -> None:
    assert FreshnessWindows(default_review={None: Interval(months=1)}).window("high") == Interval(months=3)


def eval_data() -> Path:
    default = Path(__file__).parents[3].parent / "shared" / "data"
    return Path(os.environ.get("RUNCITE_EVAL_DATA", default))


def test_agrees_with_the_review_dates_of_a_real_manual() -> None:
    path = eval_data() / "govuk_alerts" / "articles.csv"
    if not path.exists():
        pytest.skip(f"no evaluation data at {path}; set RUNCITE_EVAL_DATA to check against it")
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["review_due"]]
    assert len(rows) > 300
    for row in rows:
        last, interval = parse_date(row["last_reviewed"]), parse_interval(row["review_in"])
        assert last is not None, row
        assert interval is not None, row
        assert add_interval(last, interval) == parse_date(row["review_due"]), row
