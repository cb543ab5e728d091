"""`GET /v1/articles/…`: an id enters, the article as it is, or as it was when it was cited, leaves.

Ids contain slashes, so the longer route is declared first, and falls back where an id itself holds `/revisions/`.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.errors import NotFoundError
from api.routes.dependencies import AudienceDep, RuntimeDep
from api.schemas import ArticleV1, RevisionV1

router = APIRouter(prefix="/v1", tags=["articles"])

ArticleId = Annotated[str, Path(description="The article's id, its slashes as they are.", max_length=1024)]


@router.get("/articles/{article_id:path}/revisions/{revision}", operation_id="getRevision", response_model=RevisionV1)
def get_revision(
    article_id: ArticleId,
    revision: Annotated[str, Path(description="`sha256:…`, as a citation names it.", max_length=200)],
    runtime: RuntimeDep,
    audience: AudienceDep,
) -> RevisionV1 | Response:
    """Read an article as it was at one revision: what a citation quotes, as it was quoted."""
    try:
        return runtime.shelf.revision(article_id, revision, audience)
    except NotFoundError:
        if revision.startswith("sha256:"):
            raise
        article = runtime.shelf.article(f"{article_id}/revisions/{revision}", audience)
        return Response(article.model_dump_json(), media_type="application/json")


@router.get("/articles/{article_id:path}", operation_id="getArticle")
def get_article(article_id: ArticleId, runtime: RuntimeDep, audience: AudienceDep) -> ArticleV1:
    """Read an article at its live revision."""
    return runtime.shelf.article(article_id, audience)
