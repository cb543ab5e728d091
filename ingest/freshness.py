"""What an article says about its currency enters, with the policy's windows and a day; one judgement leaves. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from ingest.dates import add_interval, parse_date, parse_interval
from ingest.models import ArticleMetadata, Interval, ReviewDates, RiskClass

__all__ = [
    "DEFAULT_REVIEW",
    "Basis",
    "Freshness",
    "FreshnessState",
    "FreshnessWindows",
    "add_interval",
    "assess",
    "parse_date",
    "parse_interval",
]

FreshnessState = Literal["fresh", "due", "stale", "expired", "superseded", "unknown"]
Basis = Literal["review", "valid_until", "last_modified", "none"]

DEFAULT_REVIEW: Mapping[RiskClass | None, Interval] = {
    None: Interval(months=6),
    "low": Interval(months=12),
    "medium": Interval(months=6),
    "high": Interval(months=3),
    "privileged": Interval(months=3),
    "destructive": Interval(months=3),
    "security": Interval(months=3),
}
"""How long a review holds where the article does not say, by its risk class."""

NEVER_YEARS = 30
"""A validity ending further ahead is a vendor's "never" (ServiceNow writes 2100-01-01), not somebody's statement."""

CLOCK_SLACK = timedelta(days=1)
"""Somewhere on earth it is already tomorrow; a review later than that has not happened."""

_SEVERITY: Mapping[FreshnessState, int] = {"fresh": 0, "due": 1, "unknown": 2, "stale": 3, "expired": 4}


@dataclass(frozen=True, slots=True)
class FreshnessWindows:
    """The policy's part in the judgement.

    Attributes:
        due_days: For how many days before its deadline an article counts as due.
        default_review: How long a review or edit holds where the article does not say, by risk class; `None` is the
            class of articles that name none.
    """

    due_days: int = 14
    default_review: Mapping[RiskClass | None, Interval] = field(default_factory=lambda: dict(DEFAULT_REVIEW))

    def window(self, risk: RiskClass | None) -> Interval:
        """Return the interval of a risk class; of a class the policy leaves out, the built-in one."""
        return self.default_review.get(risk, DEFAULT_REVIEW[risk])


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether an article may be relied on, and why.

    Attributes:
        state: The judgement.
        basis: The statement it rests on; `none` where no statement carries it.
        last_reviewed: The day a person last confirmed the article.
        review_by: The day its next review is due, whether by its own interval or by the window of its risk class.
        valid_until: The last day it may be used.
        age_days: Days since that review, or since the last edit where the basis is `last_modified`.
        overdue_days: Days since the deadline that decided; zero before it, `None` where there is none.
        detail: One sentence for a person.
    """

    state: FreshnessState
    basis: Basis
    last_reviewed: date | None = None
    review_by: date | None = None
    valid_until: date | None = None
    age_days: int | None = None
    overdue_days: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one statement alone says."""

    state: FreshnessState
    basis: Basis
    detail: str
    deadline: date | None = None


def assess(metadata: ArticleMetadata, windows: FreshnessWindows, as_of: date) -> Freshness:
    """Judge an article's currency on a given day.

    The worst finding decides, a review before a validity where they are equal. A statement that cannot be read is a
    finding of its own: it outweighs every good one and yields only to proof that the article is stale or expired.

    Args:
        metadata: What the article says.
        windows: The policy's windows.
        as_of: The day of judgement.

    Returns:
        The judgement with its reason.
    """
    dates = metadata.dates
    window = windows.window(metadata.risk)
    review_by = None
    if dates.last_reviewed_on is not None:
        review_by = add_interval(dates.last_reviewed_on, dates.review_in or window)
    if metadata.superseded_by is not None:
        worst = _Finding("superseded", "none", f"superseded by {metadata.superseded_by!r}")
    else:
        findings = _findings(dates, review_by, windows, as_of) or [_by_edit(dates, window, windows, as_of)]
        worst = max(findings, key=lambda finding: _SEVERITY[finding.state])
    edited = worst.basis == "last_modified"
    since = dates.last_modified.date() if edited and dates.last_modified else dates.last_reviewed_on
    return Freshness(
        worst.state,
        worst.basis,
        dates.last_reviewed_on,
        worst.deadline if edited else review_by,
        dates.valid_until,
        (as_of - since).days if since else None,
        max(0, (as_of - worst.deadline).days) if worst.deadline else None,
        worst.detail,
    )


def _findings(dates: ReviewDates, review_by: date | None, windows: FreshnessWindows, as_of: date) -> list[_Finding]:
    """Collect what explicit statements say; the first of equals wins, so the review comes first."""
    findings = []
    if dates.last_reviewed_on is not None and review_by is not None:
        findings.append(_by_review(dates.last_reviewed_on, review_by, windows, as_of))
    elif dates.review_in is not None:
        findings.append(_Finding("unknown", "none", "a review interval is set, but no review was ever recorded"))
    if dates.valid_until is not None and not _means_never(dates.valid_until, as_of):
        findings.append(_by_validity(dates.valid_until, windows, as_of))
    if dates.malformed:
        findings.append(_Finding("unknown", "none", f"cannot read {'; '.join(dates.malformed)}"))
    return findings


def _by_review(reviewed: date, review_by: date, windows: FreshnessWindows, as_of: date) -> _Finding:
    if reviewed > as_of + CLOCK_SLACK:
        return _Finding("unknown", "none", f"last review is dated {reviewed}, which has not come yet")
    return _by_deadline(review_by, "review", ("review was due", "review is due"), windows, as_of)


def _by_validity(valid_until: date, windows: FreshnessWindows, as_of: date) -> _Finding:
    if as_of > valid_until:
        return _Finding(
            "expired", "valid_until", f"expired after {valid_until}, {_ago(valid_until, as_of)}", valid_until
        )
    return _by_deadline(valid_until, "valid_until", ("", "expires after"), windows, as_of)


def _by_edit(dates: ReviewDates, window: Interval, windows: FreshnessWindows, as_of: date) -> _Finding:
    """Judge by the last edit, the weakest statement, heard only where there is no other."""
    if dates.last_modified is None:
        return _Finding("unknown", "none", "no review date, validity or recorded edit")
    edited = dates.last_modified.date()
    if edited > as_of + CLOCK_SLACK:
        return _Finding("unknown", "none", f"last edit is dated {edited}, which has not come yet")
    said = f"last edited on {edited} and never reviewed; review"
    phrases = (f"{said} was due", f"{said} is due")
    return _by_deadline(add_interval(edited, window), "last_modified", phrases, windows, as_of)


def _by_deadline(
    deadline: date, basis: Basis, phrases: tuple[str, str], windows: FreshnessWindows, as_of: date
) -> _Finding:
    """Compare with a deadline; that day itself is still in time."""
    past, coming = phrases
    if as_of > deadline:
        return _Finding("stale", basis, f"{past} on {deadline}, {_ago(deadline, as_of)}", deadline)
    state: FreshnessState = "due" if (deadline - as_of).days <= windows.due_days else "fresh"
    joint = " " if coming.endswith("after") else " on "
    return _Finding(state, basis, f"{coming}{joint}{deadline}", deadline)


def _means_never(valid_until: date, as_of: date) -> bool:
    return valid_until > add_interval(as_of, Interval(months=12 * NEVER_YEARS))


def _ago(day: date, as_of: date) -> str:
    days = (as_of - day).days
    return f"{days} day ago" if days == 1 else f"{days} days ago"
