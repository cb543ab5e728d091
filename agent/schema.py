"""The decision, schema v1: the names of its fields are public API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from agent.models import (
    Action,
    Channel,
    CitationUse,
    Contribution,
    DeciderKind,
    GateResult,
    Outcome,
    RefusalReason,
    ScrubKind,
    Sentiment,
)
from ingest.freshness import Freshness
from ingest.models import Priority


@dataclass(frozen=True, slots=True)
class TicketSummary:
    """The ticket as a decision names it: no body, what came with it by name, what was scrubbed from it by number."""

    id: str
    channel: Channel
    summary: str
    attachments: tuple[str, ...] = ()
    scrubbed: Mapping[ScrubKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step for the user, verbatim, and the number of the citation that proves it."""

    text: str
    citation: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A quoted span of an article at a pinned revision. Field names are public API."""

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
    similarity: float
    owner: str | None
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Runcite does not act, and what would change that. Field names are public API."""

    reason: RefusalReason
    detail: str
    best_article_id: str | None
    best_similarity: float | None
    best_confidence: float | None
    threshold: float
    confidence_threshold: float
    what_would_change_it: str


@dataclass(frozen=True, slots=True)
class RiskFlag:
    """Whether the ticket or its article carries a risk, and which."""

    flag: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whether a person must take over, who, and why."""

    needed: bool
    to: str
    reason: str


RoutingBasis = Literal["article", "past_tickets", "policy"]


@dataclass(frozen=True, slots=True)
class Grounds:
    """Who says where a ticket belongs; `confidence` is its probability, `None` where there was no vote."""

    basis: RoutingBasis
    confidence: float | None


@dataclass(frozen=True, slots=True)
class PastTicketRef:
    """A past ticket like this one, how like it, and where it belonged. Field names are public API."""

    example_id: str
    similarity: float
    category: str | None
    classification: str | None
    priority: Priority | None
    team: str | None


@dataclass(frozen=True, slots=True)
class Routing:
    """On what grounds a ticket was put where it is; `None` where nothing says. Field names are public API."""

    category: Grounds | None
    classification: Grounds | None
    priority: Grounds
    team: Grounds
    past_tickets: tuple[PastTicketRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What produced a decision, so that it can be explained and replayed."""

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


@dataclass(frozen=True, slots=True)
class Decision:
    """One triage decision, schema v1. Field names are public API."""

    schema_version: Literal["1"]
    decision_id: str
    created_at: datetime
    ticket: TicketSummary
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
    confidence: float
    similarity: float
    steps: tuple[Step, ...]
    user_message: str
    citations: tuple[Citation, ...]
    refusal: Refusal | None
    risk_flag: RiskFlag
    escalation: Escalation
    gates: tuple[GateResult, ...]
    provenance: Provenance
    why: tuple[Contribution, ...]
    routing: Routing
