"""The shapes that cross the edge: decision schema v1, requests, results, problems. Field names are public API."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator

from agent.models import Action, Channel, CitationUse, Outcome, RefusalReason, Sentiment
from index.models import SyncOutcome
from ingest.freshness import Basis, FreshnessState
from ingest.models import Priority, RiskClass, Status

MAX_GROUPS = 256


def _to_iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[datetime, PlainSerializer(_to_iso, return_type=str, when_used="json")]
"""A point in time, to the second, written in UTC with a `Z`."""

Score = Annotated[float, PlainSerializer(lambda score: round(score, 4), return_type=float, when_used="json")]
"""A score, written with four places."""


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair, which is no character") from None
    return text


Words = Annotated[str, AfterValidator(_encodable)]
Name = Annotated[Words, StringConstraints(min_length=1, max_length=320)]


class Answer(BaseModel):
    """Base of all that Runcite hands out; read off the frozen dataclasses inside."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Request(BaseModel):
    """Base of all that Runcite takes in; an unknown field is a mistake that should be heard of."""

    model_config = ConfigDict(extra="forbid")


# The decision, schema v1


class TicketSummaryV1(Answer):
    """The ticket as a decision names it: no body."""

    id: str
    channel: Channel
    summary: str


class StepV1(Answer):
    """One step for the user, verbatim, and the number of the citation that proves it."""

    text: str
    citation: int


class FreshnessV1(Answer):
    """How current an article is at the decision's clock, and how that is known."""

    state: FreshnessState
    basis: Basis
    last_reviewed: date | None
    review_by: date | None
    valid_until: date | None
    age_days: int | None
    overdue_days: int | None


class CitationV1(Answer):
    """A quoted span `[start, end)` of an article's text at a pinned revision."""

    n: int
    use: CitationUse
    article_id: str
    title: str
    url: str | None
    version: str | None
    revision: str
    section: tuple[str, ...]
    quote: str
    start: int
    end: int
    similarity: Score
    owner: str | None
    freshness: FreshnessV1


class RefusalV1(Answer):
    """Why Runcite does not act, and what would change that."""

    reason: RefusalReason
    detail: str
    best_article_id: str | None
    best_similarity: Score | None
    best_confidence: Score | None
    threshold: float
    confidence_threshold: float
    what_would_change_it: str


class RiskFlagV1(Answer):
    """Whether the ticket or its article carries a risk, and which."""

    flag: bool
    reason: str


class EscalationV1(Answer):
    """Whether a person must take over, who, and why."""

    needed: bool
    to: str
    reason: str


class GateResultV1(Answer):
    """What one gate found."""

    gate: str
    passed: bool
    detail: str


class ProvenanceV1(Answer):
    """What produced the decision."""

    decider: Literal["extractive", "llm"]
    model: str | None
    turns: int
    cost_usd: float
    latency_ms: int
    embedding: str
    index_revision: str
    policy_hash: str
    calibration: str


class DecisionV1(Answer):
    """One triage decision, schema v1."""

    schema_version: Literal["1"]
    decision_id: str
    created_at: Moment
    ticket: TicketSummaryV1
    outcome: Outcome
    action: Action
    category: str | None
    classification: str | None
    priority: Priority
    assigned_team: str
    sentiment: Sentiment
    tags: tuple[str, ...]
    has_runbook: bool
    identity_verified: bool
    confidence: Score
    similarity: Score
    steps: tuple[StepV1, ...]
    user_message: str
    citations: tuple[CitationV1, ...]
    refusal: RefusalV1 | None
    risk_flag: RiskFlagV1
    escalation: EscalationV1
    gates: tuple[GateResultV1, ...]
    provenance: ProvenanceV1


# Requests


class RequesterIn(Request):
    """Who asks, as the trusted client says. Groups decide which restricted articles may be used."""

    email: Name | None = None
    groups: tuple[Name, ...] = Field(default=(), max_length=MAX_GROUPS)
    plan: Name | None = None


class TicketIn(Request):
    """One ticket: `text`, or `subject` and `body`."""

    id: Annotated[Words, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = Field(
        default=None, description="Your name for the ticket; one is made where it is left out."
    )
    text: Words | None = Field(default=None, description="The whole ticket, where subject and body are not apart.")
    subject: Words | None = None
    body: Words | None = None
    channel: Channel = "api"
    requester: RequesterIn = RequesterIn()
    identity_verified: bool = Field(
        default=False, description="Whether the requester's identity has been verified by the client.", strict=True
    )

    @model_validator(mode="after")
    def _has_words(self) -> "TicketIn":
        if self.text is not None and (self.subject is not None or self.body is not None):
            raise ValueError("give either `text`, or `subject` and `body`, not both")
        if not any(part and part.strip() for part in (self.text, self.subject, self.body)):
            raise ValueError("the ticket is empty: give `text`, or `subject` and `body`")
        return self


class IngestRunIn(Request):
    """A job: which source to bring into the index."""

    source: Annotated[Words, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")] = Field(
        description="Absolute path, on the server's machine, of a folder, a git work tree or a file."
    )
    allow_mass_delete: bool = Field(
        default=False, description="Let this run remove a large share of the source's articles.", strict=True
    )


# Results


class PassageV1(Answer):
    """The best passage of one article for a query."""

    article_id: str
    title: str
    url: str | None
    version: str | None
    revision: str
    owner: str | None
    section: tuple[str, ...]
    quote: str
    start: int
    end: int
    similarity: Score
    freshness: FreshnessV1


class SearchV1(Answer):
    """What a search found, best first, one passage per article."""

    query: str
    index_revision: str
    results: tuple[PassageV1, ...]


class ArticleLineV1(Answer):
    """An article as a list shows it."""

    article_id: str
    title: str
    source: str
    url: str | None
    version: str | None
    revision: str
    status: Status
    superseded_by: str | None
    owner: str | None
    audience: tuple[str, ...]
    labels: tuple[str, ...]
    category: str | None
    team: str | None
    priority: Priority | None
    risk: RiskClass | None
    requires_identity: bool
    freshness: FreshnessV1
    indexed_at: Moment


class ArticleV1(ArticleLineV1):
    """An article with its text at the live revision."""

    text: str


class RevisionV1(Answer):
    """An article's text as it was at one revision; what a citation opens."""

    article_id: str
    revision: str
    version: str | None
    title: str
    text: str
    published_at: Moment
    live: bool


class ArticleReportV1(Answer):
    """What a run did with one article, and why where that needs saying."""

    article_id: str
    outcome: SyncOutcome
    reason: str
    warnings: tuple[str, ...]


class RunReportV1(Answer):
    """What one ingest run did."""

    run_id: str
    source: str
    started_at: Moment
    finished_at: Moment
    articles: tuple[ArticleReportV1, ...]
    chunks_embedded: int
    error: str | None


RunState = Literal["queued", "running", "done", "failed"]


class IngestRunV1(Answer):
    """A job and how far it is. `report` is there once `state` is `done`, `error` once it is `failed`."""

    id: str
    state: RunState
    source: str
    articles_met: int
    report: RunReportV1 | None
    error: str | None


class HealthV1(Answer):
    """Whether the process is alive, or ready, and why not."""

    status: Literal["ok", "not_ready"]
    detail: str


class ProblemV1(Answer):
    """A problem by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: tuple[str, ...] = ()


class RunSummaryV1(Answer):
    """One past run in short."""

    run_id: str
    source: str
    started_at: Moment
    finished_at: Moment | None
    outcomes: dict[str, int]
    error: str | None


class StatusV1(Answer):
    """What a home holds."""

    home: str
    model: str | None
    server: str | None
    articles: int
    by_state: dict[str, int]
    by_status: dict[str, int]
    runs: tuple[RunSummaryV1, ...]
