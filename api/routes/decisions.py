"""`/v1/decisions`: filters or an id enter, decisions that were recorded leave."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator

from agent.ledger import DecisionQuery
from agent.models import Outcome, RefusalReason
from api.decisions import MAX_PAGE, in_utc
from api.routes.dependencies import AudienceDep, RuntimeDep
from api.schemas import DecisionPageV1, DecisionRecordV1, Name

router = APIRouter(prefix="/v1", tags=["decisions"])

When = Annotated[datetime, AfterValidator(in_utc)]
Share = Annotated[float | None, Query(ge=0, le=1)]


def _query(  # noqa: PLR0913 - one argument for each filter, as FastAPI reads them
    *,
    outcome: Annotated[list[Outcome] | None, Query(description="What was decided; repeatable.")] = None,
    reason: Annotated[list[RefusalReason] | None, Query(description="Why it was refused; repeatable.")] = None,
    article: Annotated[
        Name | None, Query(description="Id of an article cited, or closest to what was refused.")
    ] = None,
    revision: Annotated[Name | None, Query(description="With `article`: at this revision.")] = None,
    ticket: Annotated[Name | None, Query(description="Id of the ticket.")] = None,
    team: Annotated[Name | None, Query(description="The team it went to.")] = None,
    tag: Annotated[Name | None, Query(description="A tag it has.")] = None,
    since: Annotated[When | None, Query(description="Made then or later; UTC where no zone is given.")] = None,
    until: Annotated[When | None, Query(description="Made before then.")] = None,
    min_confidence: Share = None,
    max_confidence: Share = None,
    cursor: Annotated[Name | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")] = 20,
) -> DecisionQuery:
    return DecisionQuery(
        outcomes=outcome or (),
        reasons=reason or (),
        article=article,
        revision=revision,
        ticket=ticket,
        team=team,
        tag=tag,
        since=since,
        until=until,
        min_confidence=min_confidence,
        max_confidence=max_confidence,
        before=cursor,
        limit=limit,
    )


@router.get("/decisions", operation_id="listDecisions")
def list_decisions(
    runtime: RuntimeDep, audience: AudienceDep, query: Annotated[DecisionQuery, Depends(_query)]
) -> DecisionPageV1:
    """List the decisions that looked at nothing but what the reader may see, latest first."""
    return runtime.decisions.page(query, audience)


@router.get("/decisions/{decision_id}", operation_id="getDecision")
def get_decision(
    decision_id: Annotated[str, Path(max_length=64)], runtime: RuntimeDep, audience: AudienceDep
) -> DecisionRecordV1:
    """Read one decision with what it was made of: candidates, scores, freshness and the scrubbed ticket."""
    return runtime.decisions.record(decision_id, audience)
