"""Metadata statements under whatever names people use enter; `ArticleMetadata` and warnings leave.

What cannot be understood never widens what an article may do: it is then a draft, of high risk, for verified
requesters, for nobody's eyes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, get_args

from ingest.dates import parse_date, parse_interval
from ingest.models import EVERYONE, ArticleMetadata, Interval, Priority, ReviewDates, RiskClass, Status
from ingest.parse.inline import clean_line

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "owner": ("owner", "owners", "owner_slack", "maintainer"),
    "last_reviewed_on": ("last_reviewed_on", "last_reviewed", "reviewed", "reviewed_on"),
    "review_in": ("review_in", "review_interval", "review_every"),
    "review_by": ("review_by", "review_due", "next_review"),
    "valid_until": ("valid_until", "valid_to", "expires", "expiry_date", "expires_on"),
    "status": ("status",),
    "superseded_by": ("superseded_by", "replaced_by"),
    "labels": ("labels",),
    "tags": ("tags",),
    "audience": ("audience",),
    "symptoms": ("symptoms",),
    "category": ("category",),
    "team": ("team",),
    "priority": ("priority",),
    "risk": ("risk",),
    "requires_identity": ("requires_identity",),
    "draft": ("draft",),
    "published": ("published",),
}

_STATUSES: Mapping[str, Status] = {
    **{name: name for name in get_args(Status)},
    **dict.fromkeys(("active", "live", "current", "approved", "final"), "published"),
    **dict.fromkeys(("retired", "obsolete", "deprecated", "outdated"), "archived"),
}
_EVERYONE_WORDS: Final = frozenset({EVERYONE, "everyone"})
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_UNSAID: Final = frozenset({"never", "none", "n/a", "na", "-"})
_PRIORITY = re.compile(r"p?([1-4])")
_SEPARATORS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a set of statements says.

    Attributes:
        title: The title stated, if any.
        metadata: Everything else.
        warnings: What could not be understood, and what was assumed instead.
    """

    title: str | None
    metadata: ArticleMetadata
    warnings: tuple[str, ...]


def read_metadata(fields: Mapping[str, object]) -> Reading:
    """Interpret statements such as front matter or page properties.

    Args:
        fields: Values by name; case, spaces, hyphens and underscores in names do not matter. Values are text, lists,
            booleans, numbers or dates.

    Returns:
        Title, metadata and warnings.
    """
    reader = _Reader(fields)
    metadata = ArticleMetadata(
        owner=reader.text("owner"),
        status=reader.status(),
        superseded_by=reader.text("superseded_by"),
        labels=tuple(dict.fromkeys([*reader.phrases("labels"), *reader.phrases("tags")])),
        audience=reader.audience(),
        symptoms=reader.phrases("symptoms"),
        category=reader.text("category"),
        team=reader.text("team"),
        priority=reader.priority(),
        risk=reader.risk(),
        requires_identity=reader.requires_identity(),
        dates=reader.dates(),
    )
    return Reading(reader.text("title"), metadata, tuple(reader.warnings))


def both(first: object, second: object) -> object:
    """Join two statements under one name: what contradicts itself says nothing that can be understood.

    Args:
        first: One value.
        second: The other.

    Returns:
        The value, if they agree; else a mapping, which no field understands.
    """
    return first if first == second else {"once": first, "again": second}


def combine(own: ArticleMetadata, stated: ArticleMetadata) -> ArticleMetadata:
    """Join what a document says of itself with what its source says of it.

    The document's own word counts, except where the other allows less: both must let a reader in, the stricter status
    and the earlier end of validity hold, and a date that either side garbles is garbled.

    Args:
        own: The document's front matter, `<meta>` tags or page properties.
        stated: The source's labels, rights, owner and state.
    """
    strictness: tuple[Status, ...] = ("published", "draft", "archived", "quarantined")
    ends = [day for day in (own.dates.valid_until, stated.dates.valid_until) if day]
    return ArticleMetadata(
        owner=own.owner or stated.owner,
        status=max(own.status, stated.status, key=strictness.index),
        superseded_by=own.superseded_by or stated.superseded_by,
        labels=tuple(dict.fromkeys(own.labels + stated.labels)),
        audience=narrower(own.audience, stated.audience),
        symptoms=tuple(dict.fromkeys(own.symptoms + stated.symptoms)),
        category=own.category or stated.category,
        team=own.team or stated.team,
        priority=own.priority or stated.priority,
        risk=own.risk or stated.risk,
        requires_identity=own.requires_identity or stated.requires_identity,
        dates=ReviewDates(
            own.dates.last_reviewed_on or stated.dates.last_reviewed_on,
            own.dates.review_in or stated.dates.review_in,
            min(ends, default=None),
            None,
            own.dates.malformed + stated.dates.malformed,
        ),
    )


def narrower(own: tuple[str, ...], stated: tuple[str, ...]) -> tuple[str, ...]:
    """Return the audience that both of two audiences let in."""
    if EVERYONE in own:
        return stated
    return own if EVERYONE in stated else tuple(name for name in own if name in stated)


def title_field(fields: Mapping[str, object]) -> str | None:
    """Return the title that a document's statements give it, if any."""
    return _Reader(fields).text("title")


@dataclass(slots=True)
class _Reader:
    """Looks statements up under all their names and collects warnings."""

    fields: Mapping[str, object]
    warnings: list[str] = field(default_factory=list)
    _canonical: dict[str, object] = field(default_factory=dict)
    _malformed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        named: dict[str, object] = {}
        for written, value in self.fields.items():
            name = _SEPARATORS.sub("_", written.strip().lower())
            named[name] = both(named.get(name, value), value)
        for canonical, aliases in _ALIASES.items():
            present = [alias for alias in aliases if alias in named]
            # An empty statement under one name does not hide a full one under another.
            told = [alias for alias in present if named[alias] not in (None, "")] or present
            if told:
                self._canonical[canonical] = named[told[0]]
            if len({str(named[alias]) for alias in told}) > 1 and canonical != "owner":
                self.warnings.append(f"{' and '.join(told)} say different things; {told[0]} counts")

    def text(self, name: str) -> str | None:
        """Return a one-line text; of a list, its entries joined."""
        value = self._canonical.get(name)
        if isinstance(value, (list, tuple)):
            return ", ".join(_strings(value) or ()) or None
        return None if value is None or isinstance(value, Mapping) else clean_line(str(value)) or None

    def phrases(self, name: str) -> tuple[str, ...]:
        """Return a list of phrases; text is taken apart at line ends or semicolons, else at commas."""
        value = self._canonical.get(name)
        phrases = _strings(_split(value) if isinstance(value, str) else value)
        if phrases is None and value is not None:
            self._warn(name, value, "a list of phrases", "it is ignored")
        return tuple(dict.fromkeys(phrases or ()))

    def audience(self) -> tuple[str, ...]:
        """Return who may read the article: everyone where nothing is said, nobody where it cannot be understood."""
        if "audience" not in self._canonical:
            return (EVERYONE,)
        value = self._canonical["audience"]
        groups = _strings(_split(value) if isinstance(value, str) else value)
        if not groups:
            self._warn("audience", value, "a list of groups and users, or 'everyone'", "nobody can read the article")
            return ()
        return tuple(dict.fromkeys(EVERYONE if group.lower() in _EVERYONE_WORDS else group for group in groups))

    def status(self) -> Status:
        """Return the status; anything not understood is a draft."""
        if self._flag("draft", unreadable=True) or not self._flag("published", unreadable=False, absent=True):
            return "draft"
        if "status" not in self._canonical:
            return "published"
        value = self._canonical["status"]
        status = _STATUSES.get(str(value).strip().lower())
        if status is None:
            self._warn("status", value, f"one of {', '.join(get_args(Status))}", "the article is treated as a draft")
        return status or "draft"

    def priority(self) -> Priority | None:
        """Return the priority, if one is stated."""
        value = self._canonical.get("priority")
        match = _PRIORITY.fullmatch(str(value).strip().lower())
        if value is not None and match is None:
            self._warn("priority", value, "P1, P2, P3 or P4", "it is ignored")
        levels: tuple[Priority, ...] = get_args(Priority)
        return levels[int(match[1]) - 1] if match else None

    def risk(self) -> RiskClass | None:
        """Return the risk class; anything not understood is high."""
        value = self._canonical.get("risk")
        if value is None:
            return None
        classes: dict[str, RiskClass] = {name: name for name in get_args(RiskClass)}
        risk = classes.get(str(value).strip().lower())
        if risk is None:
            self._warn("risk", value, f"one of {', '.join(classes)}", "the risk is taken as high")
        return risk or "high"

    def requires_identity(self) -> bool:
        """Return whether the requester must be verified; yes where it cannot be understood."""
        return self._flag("requires_identity", unreadable=True)

    def dates(self) -> ReviewDates:
        """Return the statements about currency.

        `review_by` has no place of its own: with a last review it gives the interval, unless `review_in` is shorter;
        alone it is the last day the article is good for, because nothing says that it was ever reviewed.
        """
        reviewed = self._date("last_reviewed_on")
        review_in = self._interval("review_in")
        review_by = self._date("review_by")
        valid_until = self._date("valid_until")
        if review_by is not None and reviewed is not None:
            review_in = self._earlier(reviewed, review_in, review_by)
        elif review_by is not None:
            valid_until = min(review_by, valid_until or review_by)
        return ReviewDates(reviewed, review_in, valid_until, None, tuple(self._malformed))

    def _earlier(self, reviewed: date, review_in: Interval | None, review_by: date) -> Interval | None:
        days = (review_by - reviewed).days
        if days <= 0:
            self._malformed.append(f"review_by: {review_by} is not after the review of {reviewed}")
            return review_in
        if review_in is None:
            return Interval(days=days)
        # Approximate on purpose: only which of two statements is shorter is asked.
        stated = timedelta(days=review_in.months * 30.4 + review_in.days)
        return min((stated, review_in), (timedelta(days=days), Interval(days=days)), key=lambda pair: pair[0])[1]

    def _date(self, name: str) -> date | None:
        value = self._canonical.get(name)
        if value is None or str(value).strip().lower() in _UNSAID:
            return None
        day = parse_date(value)
        if day is None:
            self._malformed.append(f"{name}: {clean_line(str(value))[:60]!r}")
            self._warn(name, value, "a date such as 2026-10-01", "the article's freshness is unknown")
        return day

    def _interval(self, name: str) -> Interval | None:
        value = self._canonical.get(name)
        if value is None:
            return None
        interval = parse_interval(value)
        if interval is None:
            self._malformed.append(f"{name}: {clean_line(str(value))[:60]!r}")
            self._warn(name, value, "an interval such as '6 months'", "the article's freshness is unknown")
        return interval

    def _flag(self, name: str, *, unreadable: bool, absent: bool = False) -> bool:
        if name not in self._canonical:
            return absent
        word = str(self._canonical[name]).strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        self._warn(name, self._canonical[name], "true or false", f"{str(unreadable).lower()} is assumed")
        return unreadable

    def _warn(self, name: str, value: object, expected: str, consequence: str) -> None:
        said = "" if value is None else clean_line(str(value))[:60]
        self.warnings.append(f"{name} is {said!r}, expected {expected}; {consequence}")


def _split(text: str) -> list[str]:
    separator = next((mark for mark in ("\n", ";") if mark in text.strip()), ",")
    return text.split(separator)


def _strings(value: object) -> list[str] | None:
    """Clean a list of texts; `None` where it is not one."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not _all_texts(value):
        return None
    return [text for text in (clean_line(item).removeprefix("- ") for item in value) if text]


def _all_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
