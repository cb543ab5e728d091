"""`/v1/ingest-runs`: a job enters, a run to ask after leaves."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from api.routes.dependencies import RunsDep
from api.schemas import IngestRunIn, IngestRunV1

router = APIRouter(prefix="/v1", tags=["ingest"])


@router.post("/ingest-runs", operation_id="startIngestRun", status_code=HTTPStatus.ACCEPTED)
def start_run(job: IngestRunIn, runs: RunsDep, response: Response) -> IngestRunV1:
    """Bring a source into the index, in the background; runs work one at a time, in the order they came."""
    run = runs.submit(job)
    response.headers["Location"] = f"/v1/ingest-runs/{run.id}"
    return run


@router.get("/ingest-runs/{run_id}", operation_id="getIngestRun")
def get_run(run_id: str, runs: RunsDep) -> IngestRunV1:
    """Tell how far a run is, and once it is done what it did with each article."""
    return runs.get(run_id)
