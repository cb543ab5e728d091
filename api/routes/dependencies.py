"""What every route may ask for: the open home, the runs, the reader's groups."""

from typing import Annotated

from fastapi import Depends, Query, Request

from api.ports import Runtime
from api.runs import RunQueue
from api.schemas import MAX_GROUPS, Name


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def _runs(request: Request) -> RunQueue:
    runs: RunQueue = request.app.state.runs
    return runs


def _audience(
    groups: Annotated[
        list[Name] | None,
        Query(max_length=MAX_GROUPS, description="Groups of the reader, as the trusted client says; repeatable."),
    ] = None,
) -> frozenset[str]:
    return frozenset(groups or ())


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
RunsDep = Annotated[RunQueue, Depends(_runs)]
AudienceDep = Annotated[frozenset[str], Depends(_audience)]
