"""The closed sets of the decision schema enter, words for a technician leave."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from agent.models import Outcome, RefusalReason
from api.schemas import CitationV1, FreshnessV1, PassageV1
from index.models import SyncOutcome

OUTCOME_STYLE: dict[Outcome, str] = {
    "RESOLVE": "bold white on green",
    "GUIDE_USER": "bold white on dark_green",
    "NEED_INFO": "bold black on yellow",
    "REQUIRE_APPROVAL": "bold white on dark_orange3",
    "ESCALATE_HUMAN": "bold white on blue",
    "ESCALATE_SECURITY": "bold white on red",
}

SHORT_OUTCOME: dict[Outcome, str] = {
    "RESOLVE": "resolve",
    "GUIDE_USER": "guide",
    "NEED_INFO": "ask",
    "REQUIRE_APPROVAL": "approval",
    "ESCALATE_HUMAN": "person",
    "ESCALATE_SECURITY": "security",
}

FRESHNESS_STYLE = {
    "fresh": "green",
    "due": "yellow",
    "stale": "red",
    "expired": "red",
    "superseded": "red",
    "unknown": "magenta",
}

REASON_WORDS: dict[RefusalReason, str] = {
    "security": "This looks like a security incident",
    "approval_required": "This needs somebody's approval",
    "outage": "This looks like an outage",
    "too_little_information": "The ticket says too little",
    "no_match": "No runbook matches",
    "draft": "The runbook is still a draft",
    "archived": "The runbook is archived",
    "superseded": "The runbook has been superseded",
    "quarantined": "The runbook is quarantined",
    "stale": "The runbook is overdue for review",
    "expired": "The runbook has expired",
    "freshness_unknown": "Nobody knows whether the runbook is current",
    "ambiguous": "Two runbooks fit equally well",
    "unverified_identity": "The requester's identity is not verified",
    "language": "The ticket is in a language that the policy does not act in",
    "policy": "The policy wants a person to answer this",
    "calibration": "What confidence was calibrated to has changed",
    "citation_failed": "A quotation could not be verified",
    "model_declined": "The language model would not answer this",
    "index_unavailable": "The knowledge base cannot be searched",
    "not_recorded": "The decision could not be recorded",
}


def outcome_words(outcome: Outcome) -> str:
    """Name an outcome for the badge."""
    return outcome.replace("_", " ")


def outcome_counts(outcomes: Mapping[SyncOutcome, int]) -> str:
    """Sum a run up, as in `3 updated, 55 unchanged`."""
    return ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in outcomes.items())


def duration_words(seconds: float) -> str:
    """Write how long something takes, as in `40 s`, `12 min` or `3 h 20 min`; never more exact than it can be meant."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def percent(score: float) -> str:
    """Write a share of one as whole per cents; never rounded up to certainty."""
    whole = round(score * 100)
    return "99 %" if whole >= 100 > score * 100 else f"{whole} %"


def _count(days: int, what: Literal["day"] = "day") -> str:
    return f"{days} {what}" if days == 1 else f"{days} {what}s"


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else "?"


def freshness_words(freshness: FreshnessV1) -> str:
    """Say how current an article is and how that is known, as in `fresh · reviewed 2026-10-01, due 2027-04-01`."""
    said: list[str] = []
    if freshness.last_reviewed is not None:
        verb = "edited" if freshness.basis == "last_modified" else "reviewed"
        said.append(f"{verb} {_day(freshness.last_reviewed)}")
    if freshness.review_by is not None:
        said.append(f"due {_day(freshness.review_by)}")
    if freshness.valid_until is not None:
        said.append(f"valid until {_day(freshness.valid_until)}")
    if freshness.overdue_days is not None and freshness.overdue_days > 0:
        said.append(f"{_count(freshness.overdue_days)} overdue")
    if not said:
        said.append("no date that counts")
    return f"{freshness.state} · {', '.join(said)}"


def version_words(cited: CitationV1 | PassageV1) -> str:
    """Name the version as the source does, or else the revision in short."""
    if cited.version:
        return f"version {short_version(cited.version)}"
    return f"revision {cited.revision.removeprefix('sha256:')[:12]}"


def short_version(version: str) -> str:
    """Cut a commit hash to its first twelve characters; any other version stays."""
    is_hash = len(version) == 40 and all(character in "0123456789abcdef" for character in version)
    return version[:12] if is_hash else version
