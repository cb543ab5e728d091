"""The stages between a ticket and a decision, which is in `agent.schema`: what was read, found, judged and drafted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from index.models import Candidate, Retrieval
from ingest.freshness import Freshness

Channel = Literal["email", "chat", "web", "phone", "webhook", "api"]
Outcome = Literal["RESOLVE", "GUIDE_USER", "NEED_INFO", "REQUIRE_APPROVAL", "ESCALATE_HUMAN", "ESCALATE_SECURITY"]
Action = Literal["resolve", "need_info", "escalate"]
Sentiment = Literal["neutral", "frustrated"]
Role = Literal["user", "agent"]
ScrubKind = Literal["private_key", "token", "cookie", "password", "card", "iban", "national_id", "email", "phone"]
CitationUse = Literal["acted_on", "for_review"]
DeciderKind = Literal["extractive", "llm"]
RiskKind = Literal["security", "privileged", "destructive", "outage"]
RefusalReason = Literal[
    "security",
    "approval_required",
    "outage",
    "too_little_information",
    "no_match",
    "draft",
    "archived",
    "superseded",
    "quarantined",
    "stale",
    "expired",
    "freshness_unknown",
    "ambiguous",
    "unverified_identity",
    "language",
    "policy",
    "calibration",
    "citation_failed",
    "model_declined",
    "index_unavailable",
    "not_recorded",
]

ACTING: frozenset[Outcome] = frozenset({"RESOLVE", "GUIDE_USER"})
"""The outcomes that hand the user something to act on."""

_STEP_DOWN: tuple[Outcome, ...] = ("RESOLVE", "GUIDE_USER", "NEED_INFO", "ESCALATE_HUMAN")
"""From an acting outcome a decider may move to the right, never to the left."""


def step_downs(outcome: Outcome) -> tuple[Outcome, ...]:
    """List what a decider may propose where the gates allow `outcome`, boldest first."""
    return _STEP_DOWN[_STEP_DOWN.index(outcome) :] if outcome in ACTING else (outcome,)


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, as the trusted client that hands the ticket over says."""

    email: str | None = None
    groups: tuple[str, ...] = ()
    plan: str | None = None

    @property
    def audience(self) -> frozenset[str]:
        """Every name under which this requester may have been given access."""
        return frozenset(self.groups) | (frozenset({self.email}) if self.email else frozenset())


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker of a conversation says at a time; `role` is `None` until it is known."""

    speaker: str
    text: str
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A support ticket as it arrived.

    Attributes:
        messages: The conversation, where it arrived as one; then there is no body.
        attachments: Names of what came with it, which is not opened.
    """

    id: str
    body: str
    subject: str | None = None
    channel: Channel = "api"
    requester: Requester = Requester()
    identity_verified: bool = False
    messages: tuple[Turn, ...] = ()
    attachments: tuple[str, ...] = ()

    def without_words(self) -> "Ticket":
        """Return what is known of a ticket that has been read: its words are in its reading, and scrubbed there."""
        return replace(self, subject=None, body="", messages=(), attachments=())


@dataclass(frozen=True, slots=True)
class Reading:
    """What a ticket says, secrets, personal data and invisible characters taken out.

    Attributes:
        text: The requester's own words, subject first, with marks such as `[email]` where something was taken out.
        query: What to search for: the same without marks, and no longer than a description is.
        rest: What else the ticket holds: quoted mails, signatures, what others say. Read for risk only.
        summary: One line for a person.
        sentiment: How the requester sounds.
        content_words: How many words say what the ticket is about.
        turns: The conversation, where the ticket is one.
        attachments: Names of what came with it.
        scrubbed: How many secrets and personal data of each kind were taken out.
    """

    text: str
    query: str
    rest: str
    summary: str
    sentiment: Sentiment
    content_words: int
    turns: tuple[Turn, ...] = ()
    attachments: tuple[str, ...] = ()
    scrubbed: Mapping[ScrubKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One feature behind a confidence: its value, and the log-odds it adds to those of a typical wrong candidate."""

    feature: str
    value: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class AssessedCandidate:
    """A candidate with everything the gates need to know of it.

    Attributes:
        candidate: What retrieval found.
        confidence: Probability that this article answers this ticket, 0 to 1.
        why: The features that carried the confidence, the weightiest first.
        freshness: Its state at the decision's clock.
        basis_may_act: Whether policy lets an article with this freshness basis, source and risk lead to an action.
    """

    candidate: Candidate
    confidence: float
    freshness: Freshness
    basis_may_act: bool
    why: tuple[Contribution, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskSignal:
    """A risk that the ticket's own words carry; `evidence` names the pattern or the exemplar that showed it."""

    kind: RiskKind
    evidence: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A label that the policy puts on a ticket, and what else it asks for."""

    name: str
    effect: Literal["tag", "draft", "approval"]


@dataclass(frozen=True, slots=True)
class Signals:
    """What the ticket's own words and its requester say under the policy, whatever article matches.

    Attributes:
        risks: One for each kind of risk found.
        tags: The policy's tags that apply.
        critical_keyword: The critical keyword it holds, if any.
        asks_for_identity: The pattern for which the policy asks for a verified identity, if any.
        language: The language it is written in where that can be told and is not one of the policy's.
    """

    risks: tuple[RiskSignal, ...] = ()
    tags: tuple[Tag, ...] = ()
    critical_keyword: str | None = None
    asks_for_identity: str | None = None
    language: str | None = None

    def risk(self, *kinds: RiskKind) -> RiskSignal | None:
        """Return the first risk of these kinds."""
        return next((risk for risk in self.risks if risk.kind in kinds), None)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a confidence rests on.

    Attributes:
        name: `preset`, or `fitted:` and the id of the calibration.
        fault: Why that calibration no longer holds, and the remedy; `None` where it does, and of the preset.
    """

    name: str = "preset"
    fault: str | None = None

    def __str__(self) -> str:
        """Say it in a decision's provenance."""
        return self.name if self.fault is None else f"{self.name} (stale: {self.fault})"


PRESET = Ground()
"""Of coefficients as they are shipped: fitted to other knowledge bases, with no bound claimed for this one."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the gates look at: facts only, gathered before any of them runs.

    Attributes:
        ticket: The ticket as it arrived.
        reading: What it says.
        retrieval: What the index found; nothing where it could not be searched.
        candidates: What was found, assessed; best first.
        signals: What its words mean under the policy.
        index_fault: Why the index could not be searched, and the remedy; `None` where it was.
        ground: What the confidences rest on.
    """

    ticket: Ticket
    reading: Reading
    retrieval: Retrieval
    candidates: tuple[AssessedCandidate, ...]
    signals: Signals = Signals()
    index_fault: str | None = None
    ground: Ground = PRESET

    @property
    def best(self) -> AssessedCandidate | None:
        """The candidate a decision would act on."""
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate found; `detail` says why in one sentence."""

    gate: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates allow.

    Attributes:
        outcome: The outcome of the first gate that fired, or the boldest one allowed when none did.
        reason: Why it is a refusal; `None` when none fired.
        detail: The firing gate's sentence.
        what_would_change_it: What would have let the ticket pass that gate.
        results: Every gate's result, in the table's order.
        between: Ids of the articles that the ticket does not tell apart, where that is the reason.
    """

    outcome: Outcome
    reason: RefusalReason | None
    detail: str
    what_would_change_it: str
    results: tuple[GateResult, ...]
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of one article's text at one revision, and its text there."""

    article_id: str
    revision: str
    start: int
    end: int
    text: str
    section: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What asking a language model took, and what came of it.

    Attributes:
        model: Its name at the server.
        turns: Replies it gave.
        tokens: Tokens read and written, as the server counts them or as bounded here where it does not.
        cost_usd: What that costs; `None` where the price is not known.
        degraded: Why its answer was not used and the article's own words were; `None` where it was used.
    """

    model: str
    turns: int
    tokens: int
    cost_usd: float | None
    degraded: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a decider proposes: an outcome no bolder than allowed, quotes to act on, and a reply around them.

    Attributes:
        outcome: What it proposes.
        steps: The article's own steps, in order.
        user_message: The reply to the requester, steps included.
        question: What to ask, where the outcome is `NEED_INFO`.
        faults: What is wrong with the selection it was made from; any lowers the decision.
        declined: Why a model would not act where the gates allow it; `None` where it would, or none was asked.
        model_use: What a model did for it; `None` where none was asked.
    """

    outcome: Outcome
    steps: tuple[Quote, ...]
    user_message: str
    question: str | None = None
    faults: tuple[str, ...] = ()
    declined: str | None = None
    model_use: ModelUse | None = None
