"""What callers get of the ledger: decisions in lists and whole, and what a verification of the audit log found."""

from datetime import date

from pydantic import Field

from agent.models import Outcome, RefusalReason, RiskKind
from api.schemas.base import Answer, Moment, Score
from api.schemas.decision import DecisionV1, FreshnessV1
from ingest.models import Priority


class DecisionLineV1(Answer):
    """A decision as a list shows it."""

    decision_id: str
    created_at: Moment
    ticket_id: str
    summary: str | None = Field(description="`null` once the ticket's words are erased.")
    outcome: Outcome
    reason: RefusalReason | None
    priority: Priority
    assigned_team: str
    confidence: Score
    articles: tuple[str, ...] = Field(description="Those cited, or the closest one of a refusal.")


class DecisionPageV1(Answer):
    """Some decisions, latest first; `next_cursor` asks for those before them."""

    decisions: tuple[DecisionLineV1, ...]
    next_cursor: str | None


class ConsideredChunkV1(Answer):
    """A span `[start, end)` of an article's text that speaks for it."""

    start: int
    end: int
    section: tuple[str, ...]
    similarity: Score
    bm25: Score


class ConsideredV1(Answer):
    """An article that a decision looked at, with its scores and freshness then."""

    article_id: str
    title: str
    revision: str
    similarity: Score
    bm25: Score
    confidence: Score
    freshness: FreshnessV1
    chunks: tuple[ConsideredChunkV1, ...]


class RiskSignalV1(Answer):
    """A risk that the ticket's own words carry, and what showed it."""

    kind: RiskKind
    evidence: str


class AuditHeadV1(Answer):
    """An entry of the audit log by number and hash."""

    seq: int
    hash: str


class DecisionRecordV1(Answer):
    """A decision with what it was made of, as it was recorded before anybody heard of it."""

    decision: DecisionV1
    ticket_text: str | None = Field(description="What the requester wrote, scrubbed; `null` once it is erased.")
    as_of: date = Field(description="The day freshness was judged on.")
    considered: tuple[ConsideredV1, ...]
    risks: tuple[RiskSignalV1, ...]
    index_fault: str | None
    audit: AuditHeadV1


class AuditFaultV1(Answer):
    """Something in the audit log that is not as it was written; `seq` is its entry, where it has one."""

    seq: int | None
    detail: str


class AuditReportV1(Answer):
    """What a verification found: how many entries are as they were written, and what is not."""

    sound: bool
    entries: int
    decisions: int
    erased: int
    head: AuditHeadV1 | None
    faults: tuple[AuditFaultV1, ...]
