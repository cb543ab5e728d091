"""Requests of Qdrant's REST interface enter an engine, answers in its envelope leave."""

from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from qdrant_client import models
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.qdrant.engine import Behaviour, Engine, RefusalError

POINTS = TypeAdapter(models.PointInsertOperations)
SELECTOR = TypeAdapter(models.PointsSelector)


def application(engine: Engine) -> Starlette:
    """Make the REST interface of an engine, and `/-/behaviour` to make it misbehave."""

    def route(path: str, method: str, answer: Any) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            return await run_in_threadpool(_answer, engine, request, body, answer)

        return Route(path, endpoint, methods=[method])

    async def behave(request: Request) -> Response:
        engine.behaviour = Behaviour(**await request.json())
        return JSONResponse(engine.calls)

    named = "/collections/{name}"
    return Starlette(
        routes=[
            Route("/-/behaviour", behave, methods=["PUT"]),
            route("/", "GET", lambda _name, _body: {"title": "qdrant", "version": engine.behaviour.version}),
            route("/aliases", "GET", lambda _name, _body: engine.run("get_aliases")),
            route("/collections/aliases", "POST", lambda _name, body: _aliases(engine, body)),
            route(f"{named}/exists", "GET", lambda name, _body: {"exists": engine.exists(name)}),
            route(named, "GET", lambda name, _body: _describe(engine, name)),
            route(named, "PUT", lambda name, body: _create(engine, name, body)),
            route(named, "DELETE", lambda name, _body: engine.drop(name)),
            route(f"{named}/index", "PUT", lambda name, body: _index(engine, name, body)),
            route(f"{named}/points", "PUT", lambda name, body: _upsert(engine, name, body)),
            route(f"{named}/points", "POST", lambda name, body: _retrieve(engine, name, body)),
            route(f"{named}/points/delete", "POST", lambda name, body: _delete(engine, name, body)),
            route(f"{named}/points/payload", "POST", lambda name, body: _payload(engine, name, body)),
            route(f"{named}/points/query", "POST", lambda name, body: _query(engine, name, body)),
            route(f"{named}/points/scroll", "POST", lambda name, body: _scroll(engine, name, body)),
            route(f"{named}/points/count", "POST", lambda name, body: _count(engine, name, body)),
        ]
    )


def _answer(engine: Engine, request: Request, body: bytes, answer: Any) -> Response:
    if engine.behaviour.html:
        return HTMLResponse("<html><body>Welcome to nginx!</body></html>")
    try:
        engine.admit(request.headers.get("api-key"))
        for name in ("consistency", "ordering", "wait"):
            if name in request.query_params:
                engine.note(f"{name} {request.query_params[name]}")
        result = TypeAdapter(Any).dump_python(answer(request.path_params.get("name", ""), body), mode="json")
    except RefusalError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            return Response(error.said, error.status)
        return JSONResponse({"status": {"error": error.said}, "time": 0.0}, error.status)
    bare = request.url.path == "/"
    return JSONResponse(result if bare else {"result": result, "status": "ok", "time": 0.0})


def _aliases(engine: Engine, body: bytes) -> Any:
    actions = models.ChangeAliasesOperation.model_validate_json(body).actions
    return engine.run("update_collection_aliases", change_aliases_operations=actions)


def _create(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.CreateCollection.model_validate_json(body)
    engine.kept_as[name] = asked
    return engine.run(
        "create_collection", name, vectors_config=asked.vectors, sparse_vectors_config=asked.sparse_vectors
    )


def _describe(engine: Engine, name: str) -> Any:
    """Say of a collection what local mode does not keep: how often it is stored, and how compressed."""
    info = engine.run("get_collection", name)
    if (asked := engine.kept_as.get(name)) is not None:
        info.config.params.replication_factor = asked.replication_factor
        info.config.params.write_consistency_factor = asked.write_consistency_factor
        info.config.quantization_config = asked.quantization_config
    return info


def _index(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.CreateFieldIndex.model_validate_json(body)
    return engine.run("create_payload_index", name, field_name=asked.field_name, field_schema=asked.field_schema)


def _upsert(engine: Engine, name: str, body: bytes) -> Any:
    return engine.run("upsert", name, points=POINTS.validate_json(body).points)


def _retrieve(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.PointRequest.model_validate_json(body)
    return engine.run(
        "retrieve", name, ids=asked.ids, with_payload=asked.with_payload, with_vectors=bool(asked.with_vector)
    )


def _delete(engine: Engine, name: str, body: bytes) -> Any:
    return engine.run("delete", name, points_selector=SELECTOR.validate_json(body))


def _payload(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.SetPayload.model_validate_json(body)
    return engine.run("set_payload", name, payload=asked.payload, points=asked.filter)


def _query(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.QueryRequest.model_validate_json(body)
    if asked.params is not None and asked.params.quantization is not None:
        engine.note(f"rescore {asked.params.quantization.rescore}")
        asked.params = None
    return engine.run(
        "query_points",
        name,
        query=asked.query,
        using=asked.using,
        query_filter=asked.filter,
        search_params=asked.params,
        limit=asked.limit,
        with_payload=asked.with_payload,
    )


def _scroll(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.ScrollRequest.model_validate_json(body)
    points, following = engine.run(
        "scroll",
        name,
        limit=asked.limit,
        offset=asked.offset,
        with_payload=asked.with_payload,
        with_vectors=bool(asked.with_vector),
    )
    return {"points": points, "next_page_offset": following}


def _count(engine: Engine, name: str, body: bytes) -> Any:
    asked = models.CountRequest.model_validate_json(body)
    return engine.run("count", name, count_filter=asked.filter, exact=asked.exact)
