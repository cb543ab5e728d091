"""`/healthz` and `/readyz`: whether the process is alive, and whether it can decide tickets."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from api.routes.dependencies import RuntimeDep
from api.schemas import HealthV1

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="isAlive")
def is_alive() -> HealthV1:
    """Tell that the process answers."""
    return HealthV1(status="ok", detail="alive")


@router.get("/readyz", operation_id="isReady", responses={503: {"model": HealthV1}})
def is_ready(runtime: RuntimeDep, response: Response) -> HealthV1:
    """Tell whether tickets can be decided: 503 while the index holds no article, or cannot be searched."""
    if runtime.shelf.is_empty():
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return HealthV1(status="not_ready", detail="the index is empty: run `runcite ingest` or POST /v1/ingest-runs")
    if (fault := runtime.fault()) is not None:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return HealthV1(status="not_ready", detail=fault)
    problem = runtime.policy_problem()
    if problem is not None:
        return HealthV1(
            status="ok", detail=f"ready, under the last good policy, as the one now there is not: {problem}"
        )
    return HealthV1(status="ok", detail="ready")
