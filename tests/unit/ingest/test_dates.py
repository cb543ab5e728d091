from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import add_interval, parse_date, parse_interval
from ingest.models import Interval

DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-10-01", DAY),
        (" 2026-10-01 ", DAY),
        ("2026-10-01T23:30:00Z", DAY),
        ("2026-10-01 23:30:00+02:00", DAY),
        ("2026/10/01", DAY),
        ("2026.10.1", DAY),
        ("20261001", DAY),
        ("1 October 2026", DAY),
        ("1st Oct 2026", DAY),
        ("1 Oct. 2026", DAY),
        ("Thursday 1 October 2026", DAY),
        ("October 1, 2026", DAY),
        ("Oct 1st 2026", DAY),
        ("31/12/2026", date(2026, 12, 31)),
        ("12/31/2026", date(2026, 12, 31)),
        ("01/01/2026", date(2026, 1, 1)),
        (DAY, DAY),
        (datetime(2026, 10, 1, 12), DAY),  # noqa: DTZ001 - a YAML timestamp without zone
        ("01/02/2026", None),
        ("2026-13-45", None),
        ("2026-02-30", None),
        ("2026-10", None),
        ("1/2/26", None),
        ("1 Smarch 2026", None),
        ("0000-01-01", None),
        ("last week", None),
        ("", None),
        (20261001, None),
        (None, None),
    ],
)
def test_reads_dates_that_mean_one_day(written: object, expected: date | None) -> None:
    assert parse_date(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("6 months", Interval(months=6)),
        ("6 month", Interval(months=6)),
        ("6months", Interval(months=6)),
        ("1 year", Interval(months=12)),
        ("a year", Interval(months=12)),
        ("year", Interval(months=12)),
        ("90 days", Interval(days=90)),
        ("90d", Interval(days=90)),
        ("81 days", Interval(days=81)),
        ("in 3 weeks", Interval(days=21)),
        ("every two years", Interval(months=24)),
        ("1 year and 6 months", Interval(months=18)),
        ("1 year, 6 months", Interval(months=18)),
        ("1 year 10 days", Interval(months=12, days=10)),
        ("Quarterly", Interval(months=3)),
        ("annually", Interval(months=12)),
        ("every quarter", Interval(months=3)),
        ("two quarters", Interval(months=6)),
        ("P6M", Interval(months=6)),
        ("P1Y2W", Interval(months=12, days=14)),
        ("6", None),
        ("6m", None),
        ("soon", None),
        ("6 months or so", None),
        ("0 days", None),
        ("P", None),
        ("-3 weeks", None),
        ("99999 years", None),
        ("", None),
        (6, None),
        (None, None),
    ],
)
def test_reads_intervals(written: object, expected: Interval | None) -> None:
    assert parse_interval(written) == expected


@pytest.mark.parametrize(
    ("start", "interval", "expected"),
    [
        (date(2026, 1, 31), Interval(months=1), date(2026, 2, 28)),
        (date(2024, 1, 31), Interval(months=1), date(2024, 2, 29)),
        (date(2024, 2, 29), Interval(months=12), date(2025, 2, 28)),
        (date(2026, 12, 15), Interval(months=1), date(2027, 1, 15)),
        (date(2026, 8, 31), Interval(months=6), date(2027, 2, 28)),
        (date(2026, 10, 1), Interval(months=1, days=1), date(2026, 11, 2)),
        (date(9999, 6, 1), Interval(months=12), date.max),
        (date(9999, 12, 1), Interval(days=40), date.max),
    ],
)
def test_adds_calendar_months_and_clamps_to_month_end(start: date, interval: Interval, expected: date) -> None:
    assert add_interval(start, interval) == expected


@given(st.text())
def test_no_text_breaks_the_parsers(text: str) -> None:
    parse_date(text)
    parse_interval(text)


@given(st.dates(), st.integers(0, 1200), st.integers(0, 36600))
def test_adding_never_goes_back(start: date, months: int, days: int) -> None:
    assert add_interval(start, Interval(months, days)) >= start
