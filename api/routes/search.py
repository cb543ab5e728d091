"""`GET /v1/search`: a query enters, the best passages leave."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.routes.dependencies import AudienceDep, RuntimeDep
from api.schemas import SearchV1

MAX_QUERY_CHARS = 2000

router = APIRouter(prefix="/v1", tags=["articles"])


@router.get("/search", operation_id="search")
def search(
    runtime: RuntimeDep,
    audience: AudienceDep,
    q: Annotated[str, Query(min_length=1, max_length=MAX_QUERY_CHARS, pattern=r"\S", description="What to look for.")],
    k: Annotated[int, Query(ge=1, le=50, description="How many articles.")] = 5,
) -> SearchV1:
    """Find the best passage of each article that the reader may see."""
    return runtime.search(q, audience=audience, limit=k)
