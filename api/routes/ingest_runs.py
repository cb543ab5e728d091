"""`/v1/ingest-runs`: a job enters, a run to ask after and to watch leaves; those of earlier processes are there too."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from api.events import DONE_ID, position_of, watch
from api.history import MAX_PAGE
from api.routes.dependencies import RunsDep, RuntimeDep
from api.runs import Glimpse
from api.schemas import ArticleReportPageV1, IngestRunIn, IngestRunPageV1, IngestRunV1, Name, ReindexRunIn
from index.models import RunState, SyncOutcome
from index.runs import RunQuery

router = APIRouter(prefix="/v1", tags=["ingest"])

Cursor = Annotated[Name | None, Query(description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]

_EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `state`, `progress`, `article` and, at the end, `done`, each with JSON as its data.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "`Last-Event-ID` says that the end has been seen: there is nothing to connect again for."},
}


@router.post("/ingest-runs", operation_id="startIngestRun", status_code=HTTPStatus.ACCEPTED)
def start_run(job: IngestRunIn, runs: RunsDep, response: Response) -> IngestRunV1:
    """Bring a source into the index, in the background; runs work one at a time, in the order they came."""
    run = runs.submit(job)
    response.headers["Location"] = f"/v1/ingest-runs/{run.id}"
    return run


@router.post("/reindex-runs", operation_id="startReindexRun", status_code=HTTPStatus.ACCEPTED)
def start_reindex(job: ReindexRunIn, runs: RunsDep, response: Response) -> IngestRunV1:
    """Build the index anew, in the background: tickets are decided by the old one until the new one is whole.

    It is a run like any other, in the same list, and those of ingest wait for it.
    """
    run = runs.submit_reindex(job)
    response.headers["Location"] = f"/v1/ingest-runs/{run.id}"
    return run


@router.get("/ingest-runs", operation_id="listIngestRuns")
def list_runs(
    runtime: RuntimeDep,
    source: Annotated[Name | None, Query(description="Only runs in whose source's key this occurs.")] = None,
    state: Annotated[list[RunState] | None, Query(description="Only runs in this state; repeatable.")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> IngestRunPageV1:
    """List the runs that are remembered, latest first, those of the command line too."""
    return runtime.history.page(RunQuery(source=source, states=tuple(state or ()), before=cursor, limit=limit))


@router.get("/ingest-runs/{run_id}", operation_id="getIngestRun")
def get_run(run_id: str, runs: RunsDep) -> IngestRunV1:
    """Tell how far a run is, or how it ended."""
    return runs.get(run_id)


@router.get("/ingest-runs/{run_id}/articles", operation_id="listIngestRunArticles")
def list_articles(
    run_id: str,
    runtime: RuntimeDep,
    outcome: Annotated[SyncOutcome | None, Query(description="Only articles with this outcome.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> ArticleReportPageV1:
    """List what a run did with each article; those that were left as they are, are only counted."""
    return runtime.history.articles(run_id, outcome=outcome, cursor=cursor, limit=limit)


@router.get(
    "/ingest-runs/{run_id}/events",
    operation_id="watchIngestRun",
    response_class=Response,
    responses=_EVENT_STREAM,
)
async def watch_run(
    run_id: str,
    runs: RunsDep,
    request: Request,
    last_event_id: Annotated[str | None, Header(description="Id of the last event seen; missed ones follow.")] = None,
) -> Response:
    """Watch a run as server-sent events, from its begin or from the last event seen, until it is over."""
    await run_in_threadpool(runs.get, run_id)
    if last_event_id == DONE_ID:
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def should_end() -> bool:
        return runs.is_stopping() or await request.is_disconnected()

    async def look(after: int) -> Glimpse:
        return await run_in_threadpool(runs.glimpse, run_id, after)

    events = watch(look, position_of(last_event_id), should_end)
    # A proxy that gathers the answer would tell nothing until the end.
    return EventSourceResponse(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
