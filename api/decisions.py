"""The ledger of a home enters; recorded decisions leave, in lists or whole, for those who may read what they cite."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from agent.ledger import DecisionQuery, Ledger, Recorded
from agent.models import AssessedCandidate
from api.convert import to_decision
from api.errors import NotFoundError
from api.schemas import (
    AuditHeadV1,
    ConsideredChunkV1,
    ConsideredV1,
    DecisionLineV1,
    DecisionPageV1,
    DecisionRecordV1,
    FreshnessV1,
    RiskSignalV1,
)
from api.shelf import Shelf

MAX_PAGE = 500

Audience = frozenset[str] | None
"""Groups and names of the reader; `None` for whoever has the home itself, and so may read all that is in it."""


def in_utc(moment: datetime) -> datetime:
    """Take a moment in UTC; so it is meant where it names no zone.

    Raises:
        ValueError: It is before the first day of the calendar there, or after the last.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no moment between the years 1 and 9999 in UTC") from error


class Decisions:
    """The decisions of one home."""

    def __init__(self, ledger: Ledger, shelf: Shelf) -> None:
        self._ledger = ledger
        self._shelf = shelf

    def page(self, query: DecisionQuery, audience: Audience) -> DecisionPageV1:
        """List decisions, latest first.

        Args:
            query: Which; `before` is the cursor of the page before.
            audience: Who reads. Decisions that looked at an article which they may not read are left out, so that a
                page with fewer than were asked for need not be the last.
        """
        may_read = cache(lambda article_id: audience is None or self._shelf.may_read(article_id, audience))
        found = self._ledger.find(replace(query, limit=query.limit + 1))
        looked = found[: query.limit]
        return DecisionPageV1(
            decisions=tuple(DecisionLineV1.model_validate(one) for one in looked if all(map(may_read, one.considered))),
            next_cursor=looked[-1].decision_id if len(found) > len(looked) else None,
        )

    def record(self, decision_id: str, audience: Audience) -> DecisionRecordV1:
        """Read one decision with what it was made of.

        Args:
            decision_id: Its id.
            audience: Who reads.

        Raises:
            NotFoundError: There is none, or it looked at an article that this reader may not read.
            WithheldError: What it cites is quarantined.
        """
        found = self._ledger.get(decision_id)
        if found is None or not self._may_read(found, audience):
            raise NotFoundError(f"no decision {decision_id!r}; expected an id as `runcite decisions` lists it")
        return _to_record(found)

    def _may_read(self, found: Recorded, audience: Audience) -> bool:
        if audience is None:
            return True
        looked = (one.candidate.article.article_id for one in found.evidence.candidates)
        if not all(self._shelf.may_read(article_id, audience) for article_id in looked):
            return False
        try:
            for citation in found.decision.citations:
                self._shelf.revision(citation.article_id, citation.revision, audience)
        except NotFoundError:  # it would name the article
            return False
        return True


def _to_record(found: Recorded) -> DecisionRecordV1:
    evidence = found.evidence
    return DecisionRecordV1(
        decision=to_decision(found.decision),
        ticket_text=found.words.reading.text if found.words else None,
        as_of=evidence.as_of,
        considered=tuple(map(_to_considered, evidence.candidates)),
        risks=tuple(map(RiskSignalV1.model_validate, evidence.signals.risks)),
        index_fault=evidence.index_fault,
        audit=AuditHeadV1(seq=found.sequence, hash=found.entry_hash),
    )


def _to_considered(assessed: AssessedCandidate) -> ConsideredV1:
    candidate = assessed.candidate
    return ConsideredV1(
        article_id=candidate.article.article_id,
        title=candidate.article.title,
        revision=candidate.article.revision,
        similarity=candidate.similarity,
        bm25=candidate.bm25,
        confidence=assessed.confidence,
        freshness=FreshnessV1.model_validate(assessed.freshness),
        chunks=tuple(map(ConsideredChunkV1.model_validate, candidate.evidence)),
    )
