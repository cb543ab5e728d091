"""Dates and review intervals as people write them enter; a date, an interval or `None` leaves."""

import calendar
import re
from datetime import date, datetime, timedelta

from ingest.models import Interval

_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[t ]\d{1,2}:\d{2}.*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_FIRST = re.compile(r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th)?(?: of)?[ -]([a-z]+)\.?,?[ -](\d{4})")
_MONTH_FIRST = re.compile(r"(?:[a-z]+,? )?([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_MONTHS = {
    name: month
    for month in range(1, 13)
    for name in (calendar.month_name[month].lower(), calendar.month_abbr[month].lower())
} | {"sept": 9}

_WORDS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
} | {"a": 1, "an": 1}
_NAMED = {
    "daily": Interval(days=1),
    "weekly": Interval(days=7),
    "fortnightly": Interval(days=14),
    "monthly": Interval(months=1),
    "quarterly": Interval(months=3),
    "half-yearly": Interval(months=6),
    "biannually": Interval(months=6),
    "semiannually": Interval(months=6),
    "yearly": Interval(months=12),
    "annually": Interval(months=12),
}
_UNITS = {
    "day": Interval(days=1),
    "d": Interval(days=1),
    "week": Interval(days=7),
    "wk": Interval(days=7),
    "w": Interval(days=7),
    "fortnight": Interval(days=14),
    "month": Interval(months=1),
    "mo": Interval(months=1),
    "quarter": Interval(months=3),
    "year": Interval(months=12),
    "yr": Interval(months=12),
    "y": Interval(months=12),
}
_COUNT = "|".join(["[0-9]{1,5}", *sorted(_WORDS, key=len, reverse=True)])
_PART = re.compile(rf"(?:({_COUNT})[ -]*)?([a-z]+?)(?:s|\(s\))?(?:,? and |, ?| |$)")
_ISO_DURATION = re.compile(r"p(?:(\d{1,4})y)?(?:(\d{1,4})m)?(?:(\d{1,4})w)?(?:(\d{1,5})d)?")
_LONGEST_MONTHS = 100 * 12
_LONGEST_DAYS = 100 * 366


def parse_date(value: object) -> date | None:
    """Read a date that means one day only.

    Args:
        value: A date, a datetime, or text such as `2026-10-01`, `2026-10-01T09:00:00Z`, `2026/10/01`,
            `1 October 2026` or `Oct 1, 2026`.

    Returns:
        The date, as written where it came with a time. `None` for what is no date, and for `01/02/2026`, which is
        January to some readers and February to others.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    text = " ".join(value.strip().lower().split())
    for pattern, order in (
        (_ISO, (1, 3, 4)),
        (_COMPACT, (1, 2, 3)),
        (_DAY_FIRST, (3, 2, 1)),
        (_MONTH_FIRST, (3, 1, 2)),
    ):
        match = pattern.fullmatch(text)
        if match:
            return _date(*(match[group] for group in order))
    match = _NUMERIC.fullmatch(text)
    return _unambiguous(int(match[1]), int(match[3]), match[4]) if match else None


def _unambiguous(first: int, second: int, year: str) -> date | None:
    """Read two numbers as day and month where only one reading is a date, or both are the same."""
    if first > 12 or first == second:
        return _date(year, str(second), str(first))
    return _date(year, str(first), str(second)) if second > 12 else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month) if month.isdigit() else _MONTHS[month], int(day))
    except (ValueError, KeyError):
        return None


def parse_interval(value: object) -> Interval | None:
    """Read a review interval.

    Args:
        value: Text such as `6 months`, `in 3 weeks`, `1 year`, `quarterly`, `every two years` or `P6M`.

    Returns:
        The interval; `None` for what is none, is nothing long, or is longer than a century.
    """
    if isinstance(value, Interval):
        return value
    if not isinstance(value, str):
        return None
    text = " ".join(value.lower().strip(" .").split())
    text = re.sub(r"^(?:in|every|each|after|within) ", "", text)
    interval = _NAMED.get(text) or _iso_duration(text) or _sum_of_parts(text)
    if interval is None or not interval.months + interval.days > 0:
        return None
    return interval if interval.months <= _LONGEST_MONTHS and interval.days <= _LONGEST_DAYS else None


def _iso_duration(text: str) -> Interval | None:
    match = _ISO_DURATION.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days = (int(group or 0) for group in match.groups())
    return Interval(years * 12 + months, weeks * 7 + days)


def _sum_of_parts(text: str) -> Interval | None:
    """Read `1 year and 6 months`; any word that is not understood spoils the whole."""
    months = days = position = 0
    while position < len(text):
        match = _PART.match(text, position)
        unit = _UNITS.get(match[2]) if match else None
        if match is None or unit is None:
            return None
        count = int(match[1]) if (match[1] or "").isdigit() else _WORDS.get(match[1] or "one")
        if count is None:
            return None
        months, days, position = months + count * unit.months, days + count * unit.days, match.end()
    return Interval(months, days) if text else None


def add_interval(start: date, interval: Interval) -> date:
    """Add calendar months, then days.

    Args:
        start: The first day.
        interval: What to add.

    Returns:
        The same day of the later month, or that month's last day where it is shorter; never past `date.max`.
    """
    month_index = start.year * 12 + start.month - 1 + interval.months
    year, month = divmod(month_index, 12)
    if year > date.max.year:
        return date.max
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    try:
        return date(year, month + 1, day) + timedelta(days=interval.days)
    except OverflowError:
        return date.max
