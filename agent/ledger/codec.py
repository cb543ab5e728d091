"""A decision and what it was made of enter, the rows that hold them leave; and back."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from agent.ledger.chain import canonical, sha256
from agent.ledger.models import ArticleUse, Evidence, Recorded, RecordedLine, Words
from agent.ledger.tables import decisions
from agent.models import Case
from agent.schema import Decision

RowValues = dict[str, Any]
ArticleRow = tuple[int, str, str, ArticleUse]
"""Position, article id, revision, and what it was to the decision."""

COLUMNS = tuple(column.name for column in decisions.columns)
_LONG = frozenset({"decision", "evidence"})


@dataclass(frozen=True, slots=True)
class Rows:
    """What the tables hold of one decision.

    Attributes:
        decision: Its row, by column.
        articles: Its articles, in order.
        tags: Its tags, sorted.
        summary: The ticket in one line.
        words: The ticket's words as JSON.
        salt: What their digest is salted with.
    """

    decision: RowValues
    articles: tuple[ArticleRow, ...]
    tags: tuple[str, ...]
    summary: str
    words: str
    salt: str


def to_rows(case: Case, decision: Decision, as_of: date, salt: str) -> Rows:
    """Write a decision and what it was made of.

    Args:
        case: The facts it was decided on.
        decision: The decision.
        as_of: The day freshness was judged on.
        salt: Random; without it nobody can tell by its digest what an erased ticket said.
    """
    written = _words().dump_json(Words(case.reading, decision.user_message), exclude_defaults=True).decode()
    row: RowValues = {
        "decision_id": decision.decision_id,
        "created_at": time_to_text(decision.created_at),
        "ticket_id": decision.ticket.id,
        "channel": decision.ticket.channel,
        "outcome": decision.outcome,
        "reason": decision.refusal.reason if decision.refusal else None,
        "priority": decision.priority,
        "assigned_team": decision.assigned_team,
        "category": decision.category,
        "confidence": float(decision.confidence),
        "similarity": float(decision.similarity),
        "decider": decision.provenance.decider,
        "policy_hash": decision.provenance.policy_hash,
        "index_revision": decision.provenance.index_revision,
        "considered": canonical([one.candidate.article.article_id for one in case.candidates]),
        "decision": _decision().dump_json(_without_words(decision)).decode(),
        "evidence": _evidence().dump_json(_evidence_of(case, as_of), exclude_defaults=True).decode(),
        "words_digest": words_digest(salt, decision.ticket.summary, written),
    }
    tags = tuple(sorted(set(decision.tags)))
    return Rows(row, _articles_of(case, decision), tags, decision.ticket.summary, written, salt)


def words_digest(salt: str, summary: str, written: str) -> str:
    """Digest a ticket's words; what the audit log vouches for in their stead."""
    return sha256(canonical([salt, summary, sha256(salt + written)]))


def decision_digest(row: Sequence[Any], articles: Iterable[Sequence[Any]], tags: Sequence[str]) -> str:
    """Digest all that the tables hold of a decision but the ticket's words.

    Args:
        row: Its row, in the order of `COLUMNS`.
        articles: Position, article id, revision and use of each of its articles, in order.
        tags: Its tags, sorted.
    """
    # Long texts by their digest: to quote them as JSON first takes longer than all the rest.
    values = [sha256(value) if name in _LONG else value for name, value in zip(COLUMNS, row, strict=True)]
    return sha256(canonical([values, [list(one) for one in articles], list(tags)]))


def to_recorded(row: RowMapping) -> Recorded:
    """Read a decision back, whole: its row with its words, if they are left, and its entry's `seq` and `hash`."""
    decision = _decision().validate_json(row["decision"])
    words = None if row["words"] is None else _words().validate_json(row["words"])
    if words is not None:
        ticket = replace(decision.ticket, summary=words.reading.summary, attachments=words.reading.attachments)
        decision = replace(decision, ticket=ticket, user_message=words.user_message)
    return Recorded(decision, _evidence().validate_json(row["evidence"]), words, row["seq"], row["hash"])


def to_line(row: RowMapping, articles: Sequence[str]) -> RecordedLine:
    """Read a decision as a list shows it."""
    return RecordedLine(
        decision_id=row["decision_id"],
        created_at=datetime.fromisoformat(row["created_at"]),
        ticket_id=row["ticket_id"],
        summary=row["summary"],
        outcome=row["outcome"],
        reason=row["reason"],
        priority=row["priority"],
        assigned_team=row["assigned_team"],
        confidence=row["confidence"],
        articles=tuple(articles),
        considered=tuple(json.loads(row["considered"])),
    )


def time_to_text(moment: datetime) -> str:
    """Write a moment in UTC, always as long, so that the order of texts is that of moments."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _without_words(decision: Decision) -> Decision:
    return replace(decision, ticket=replace(decision.ticket, summary="", attachments=()), user_message="")


def _evidence_of(case: Case, as_of: date) -> Evidence:
    # What past tickets said is kept where they are, and for as long.
    neighbours = tuple(replace(one, past=replace(one.past, text="")) for one in case.retrieval.neighbours)
    return Evidence(
        as_of=as_of,
        retrieval=replace(case.retrieval, candidates=(), neighbours=neighbours),
        candidates=case.candidates,
        signals=case.signals,
        groups=case.ticket.requester.groups,
        plan=case.ticket.requester.plan,
        index_fault=case.index_fault,
    )


def _articles_of(case: Case, decision: Decision) -> tuple[ArticleRow, ...]:
    """List each article with what it was to the decision, once."""
    named: dict[tuple[str, str, ArticleUse], None] = {
        (one.article_id, one.revision, one.use): None for one in decision.citations
    }
    if decision.refusal is not None and case.best is not None:
        article = case.best.candidate.article
        named[article.article_id, article.revision, "closest"] = None
    return tuple((position, *one) for position, one in enumerate(named))


@cache
def _decision() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)


@cache
def _evidence() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)


@cache
def _words() -> TypeAdapter[Words]:
    return TypeAdapter(Words)
