"""What enters the ledger and what is asked of it: decisions, what they were made of, audit entries, queries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from agent.models import AssessedCandidate, Outcome, Reading, RefusalReason, Signals
from agent.schema import Decision
from index.models import Retrieval
from ingest.models import Priority

AuditKind = Literal["ledger", "policy", "decision", "erasure", "quarantine", "release", "run", "restore"]

ArticleUse = Literal["acted_on", "for_review", "closest"]
"""`closest` is the best match of a refusal, cited or not."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a decision was made of besides the ticket's words: enough to make it again.

    Attributes:
        as_of: The day freshness was judged on.
        retrieval: What the index found, its candidates left out: they are in `candidates`. Of past tickets only where
            they belonged is kept, not what they said.
        candidates: What was found, assessed, in the order in which it was judged.
        signals: What the ticket's words and its requester mean under the policy.
        groups: The requester's groups.
        plan: The requester's plan.
        index_fault: Why the index could not be searched; `None` where it was.
    """

    as_of: date
    retrieval: Retrieval
    candidates: tuple[AssessedCandidate, ...]
    signals: Signals
    groups: tuple[str, ...]
    plan: str | None
    index_fault: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """What the requester wrote, scrubbed, and what was written back: the part of a record that is erased in time."""

    reading: Reading
    user_message: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as the ledger holds it.

    Attributes:
        decision: The decision; without summary, attachments and reply once its words are erased.
        evidence: What it was made of.
        words: The ticket's words; `None` once they are erased.
        sequence: Number of its entry in the audit log.
        entry_hash: Hash of that entry.
    """

    decision: Decision
    evidence: Evidence
    words: Words | None
    sequence: int
    entry_hash: str


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A decision as a list shows it.

    Attributes:
        decision_id: ULID of the decision.
        created_at: UTC.
        ticket_id: The ticket's id.
        summary: The ticket in one line; `None` once its words are erased.
        outcome: What was decided.
        reason: Why it was refused; `None` where it was not.
        priority: The ticket's priority.
        assigned_team: Whom it went to.
        confidence: Of the best candidate, 0 to 1.
        articles: Ids of the articles cited, or closest, in order.
        considered: Ids of all that was looked at: the line is for those alone who may read every one of them.
    """

    decision_id: str
    created_at: datetime
    ticket_id: str
    summary: str | None
    outcome: Outcome
    reason: RefusalReason | None
    priority: Priority
    assigned_team: str
    confidence: float
    articles: tuple[str, ...]
    considered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """Which decisions to list; whatever is left out does not count.

    Attributes:
        outcomes: One of these.
        reasons: Refused for one of these.
        article: About this article: cited, or closest to a ticket that was refused.
        revision: About this revision of it.
        ticket: For the ticket of this id.
        team: Given to this team.
        tag: With this tag.
        policy_hash: Under this policy.
        since: Made then or later.
        until: Made before then.
        min_confidence: Confidence at least so high.
        max_confidence: Confidence at most so high.
        before: Older than the decision of this id: the cursor of the page before.
        limit: At most so many.
    """

    outcomes: Collection[Outcome] = ()
    reasons: Collection[RefusalReason] = ()
    article: str | None = None
    revision: str | None = None
    ticket: str | None = None
    team: str | None = None
    tag: str | None = None
    policy_hash: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    before: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log.

    Attributes:
        seq: Its number, from 1 without gaps.
        at: When, UTC, ISO 8601.
        kind: What happened.
        actor: Who or what did it.
        object: What it happened to: a decision, a policy hash, an article, a run.
        detail: More of it: canonical JSON of an object whose values are strings, whole numbers and lists of them.
        digest: SHA-256 of what the entry vouches for, hexadecimal; empty where all of it is in `detail`.
        previous: Hash of the entry before.
        hash: SHA-256 over all of the above.
    """

    seq: int
    at: str
    kind: str
    actor: str
    object: str
    detail: str
    digest: str
    previous: str
    hash: str
