"""A question after decisions enters, the SQL that answers it leaves."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from agent.ledger.codec import time_to_text
from agent.ledger.models import DecisionQuery
from agent.ledger.tables import decision_articles, decision_tags, decisions, words

_SHOWN = [
    decisions.c[name]
    for name in (
        "decision_id", "created_at", "ticket_id", "outcome", "reason", "priority", "assigned_team", "confidence",
        "considered",
    )
]  # fmt: skip


def select_decisions(query: DecisionQuery) -> Select[Any]:
    """Write a query as SQL: the columns of a list's line, latest first."""
    return (
        select(*_SHOWN, words.c.summary)
        .outerjoin(words, words.c.decision_id == decisions.c.decision_id)
        .where(*_conditions(query))
        .order_by(decisions.c.decision_id.desc())
        .limit(query.limit)
    )


def _conditions(query: DecisionQuery) -> Iterator[ColumnElement[bool]]:
    column = decisions.c
    for name, wanted in (("outcome", query.outcomes), ("reason", query.reasons)):
        if wanted:
            yield column[name].in_(sorted(wanted))
    same = {"ticket_id": query.ticket, "assigned_team": query.team, "policy_hash": query.policy_hash}
    for name, value in same.items():
        if value is not None:
            yield column[name] == value
    if query.since is not None:
        yield column.created_at >= time_to_text(query.since)
    if query.until is not None:
        yield column.created_at < time_to_text(query.until)
    if query.min_confidence is not None:
        yield column.confidence >= query.min_confidence
    if query.max_confidence is not None:
        yield column.confidence <= query.max_confidence
    if query.before is not None:
        yield column.decision_id < query.before
    yield from _linked(query)


def _linked(query: DecisionQuery) -> Iterator[ColumnElement[bool]]:
    if query.article is not None:
        links = select(decision_articles.c.decision_id).where(decision_articles.c.article_id == query.article)
        if query.revision is not None:
            links = links.where(decision_articles.c.revision == query.revision)
        yield decisions.c.decision_id.in_(links)
    if query.tag is not None:
        tagged = select(decision_tags.c.decision_id).where(decision_tags.c.tag == query.tag)
        yield decisions.c.decision_id.in_(tagged)
