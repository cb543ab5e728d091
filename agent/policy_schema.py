"""What people may write in a policy file: every key, its kind and its bounds. `agent.policy_file` reads it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from agent.errors import PatternError
from agent.risk.patterns import check_pattern
from ingest.dates import parse_interval
from ingest.models import Priority, RiskClass


def _pattern(text: str) -> str:
    try:
        check_pattern(text)
    except PatternError as error:
        raise ValueError(str(error)) from error
    return text


def _interval(text: str) -> str:
    if parse_interval(text) is None:
        raise ValueError(f"{text!r} is no interval; expected a number and a unit, such as 6 months or 90 days")
    return text


PatternText = Annotated[str, AfterValidator(_pattern)]
IntervalText = Annotated[str, AfterValidator(_interval)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MatchSection(_Section):
    """When an article counts as the answer."""

    min_similarity: Annotated[float, Field(ge=0, le=1)] | None = None
    min_confidence: Annotated[float, Field(ge=0.3, le=1)]
    ambiguity_odds: Annotated[float, Field(ge=1, le=100)]
    twin_odds: Annotated[float, Field(ge=1, le=100)]
    min_content_words: Annotated[int, Field(ge=1, le=50)]


class ReviewSection(_Section):
    """How long a review holds where the article does not say, by risk class."""

    default: IntervalText
    low: IntervalText
    medium: IntervalText
    high: IntervalText
    privileged: IntervalText
    destructive: IntervalText
    security: IntervalText


class FreshnessSection(_Section):
    """What counts as in date."""

    due_days: Annotated[int, Field(ge=0, le=365)]
    review_every: ReviewSection
    sources_with_recorded_edits: tuple[Name, ...]
    sources_acting_when_unknown: tuple[Name, ...]


class RoutingSection(_Section):
    """Which team takes over, by reason."""

    default: Name
    security: Name
    privileged: Name
    destructive: Name
    outage: Name


class PrioritiesSection(_Section):
    """How urgent, by reason."""

    default: Priority
    security: Priority | None = None
    privileged: Priority | None = None
    destructive: Priority | None = None
    outage: Priority | None = None


class IdentitySection(_Section):
    """Where a verified identity is asked for besides what articles ask."""

    risk: tuple[RiskClass, ...]
    articles: tuple[Name, ...]
    patterns: tuple[PatternText, ...]


class TagSection(_Section):
    """When a tag is put on a ticket, and what that asks for."""

    effect: Literal["tag", "draft", "approval"]
    patterns: tuple[PatternText, ...] = ()
    groups: tuple[Name, ...] = ()
    plans: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _has_a_reason(self) -> "TagSection":
        if not (self.patterns or self.groups or self.plans):
            raise ValueError("no ticket can get this tag; name patterns, groups or plans, or set the tag to null")
        return self


class ReplySection(_Section):
    """How replies end."""

    sign_off: Annotated[str, Field(max_length=500)]


class OutageSection(_Section):
    """What monitoring's own alerts count as."""

    alerts: Literal["runbook", "escalate"]


class SignalSection(_Section):
    """What shows one kind of risk, by language, what hints at it, and what only sounds like it."""

    patterns: dict[Language, tuple[PatternText, ...]] = {}
    hints: dict[Language, tuple[PatternText, ...]] = {}
    innocent: dict[Language, tuple[PatternText, ...]] = {}


class SignalsSection(_Section):
    """What shows risk, by kind."""

    security: SignalSection = SignalSection()
    privileged: SignalSection = SignalSection()
    destructive: SignalSection = SignalSection()
    outage: SignalSection = SignalSection()


class PolicySchema(_Section):
    """A whole policy, defaults and the file's own values together."""

    version: Literal[1]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    match: MatchSection
    freshness: FreshnessSection
    teams: Annotated[tuple[Name, ...], Field(min_length=1)]
    routing: RoutingSection
    priorities: PrioritiesSection
    critical_keywords: tuple[PatternText, ...]
    safe_runbooks: tuple[Name, ...]
    identity: IdentitySection
    tags: dict[Name, TagSection]
    never_promise: tuple[PatternText, ...]
    reply: ReplySection
    outage: OutageSection
    exemplars: Name | None
    signals: SignalsSection
