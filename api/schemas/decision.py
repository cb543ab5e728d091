"""The decision, schema v1. Names and their order are public API."""

from datetime import date
from typing import Literal

from pydantic import Field

from agent.models import Action, Channel, CitationUse, DeciderKind, Outcome, RefusalReason, ScrubKind, Sentiment
from agent.schema import RoutingBasis
from api.schemas.base import Answer, Moment, Score
from ingest.freshness import Basis, FreshnessState
from ingest.models import Priority


class TicketSummaryV1(Answer):
    """The ticket as a decision names it: no body; `scrubbed` counts the secrets and personal data taken out."""

    id: str
    channel: Channel
    summary: str
    attachments: tuple[str, ...] = ()
    scrubbed: dict[ScrubKind, int] = Field(default_factory=dict)


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
    attached_to: str | None
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


class ContributionV1(Answer):
    """One feature behind the confidence, and the log-odds it adds to those of a typical wrong article."""

    feature: str
    value: float
    log_odds: float


class GroundsV1(Answer):
    """Who says where the ticket belongs; `confidence` is its probability, null where there was no vote."""

    basis: RoutingBasis
    confidence: Score | None


class PastTicketRefV1(Answer):
    """A past ticket like this one, how like it, and where it belonged."""

    example_id: str
    similarity: Score
    category: str | None
    classification: str | None
    priority: Priority | None
    team: str | None


class RoutingV1(Answer):
    """On what grounds the ticket was put where it is; null where nothing says. At most five past tickets are named."""

    category: GroundsV1 | None
    classification: GroundsV1 | None
    priority: GroundsV1
    team: GroundsV1
    past_tickets: tuple[PastTicketRefV1, ...]


class ProvenanceV1(Answer):
    """What produced the decision."""

    decider: DeciderKind
    model: str | None
    turns: int
    tokens: int
    cost_usd: float | None
    degraded: str | None
    latency_ms: int
    embedding: str
    index_revision: str
    policy_hash: str
    calibration: str
    recorded: bool


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
    why: tuple[ContributionV1, ...]
    routing: RoutingV1
