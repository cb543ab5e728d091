"""An open home enters, an HTTP application leaves."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from agent.reading import MAX_TICKET_BYTES
from api import problems
from api.guard import BodyLimit, HeadAsGet, LocalCallersOnly
from api.ports import Runtime
from api.routes import articles, decisions, health, ingest_runs, search, triage
from api.runs import RunQueue
from api.schedule import Schedule
from api.schemas import ProblemV1

EXAMPLES = Path(__file__).parent / "examples.json"
"""Requests and answers of a real run over the samples, by operation; `python -m api.examples` writes it."""

_DESCRIPTION = """\
Triages support tickets from your own runbooks, acts only on what is in date, and cites every word.

Every error is a problem document by RFC 9457. There are no keys yet: the server binds loopback only and trusts whoever
calls it there."""

_PROBLEM = {"model": ProblemV1, "content": {problems.MEDIA_TYPE: {}}}


def create_app(runtime: Runtime, sources: Sequence[str] = (), every_s: float | None = None) -> FastAPI:
    """Build the application.

    Args:
        runtime: The open home. Whoever opened it closes it, after the application has shut down.
        sources: What to bring into the index by itself, at its start.
        every_s: Seconds after which it does so again, and again.

    Returns:
        An ASGI application.
    """
    runs = RunQueue(runtime)
    schedule = Schedule(runs, runtime.history, sources, every_s)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        runs.start()
        schedule.start()
        yield
        schedule.stop()
        runs.stop()

    app = FastAPI(
        title="Runcite",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        responses={"4XX": {**_PROBLEM, "description": "The request cannot be answered as it is."}},
        redoc_url=None,
        docs_url=None,
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    app.state.runs = runs
    problems.install(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, max_bytes=MAX_TICKET_BYTES)
    app.add_middleware(LocalCallersOnly)
    for part in (triage, decisions, search, articles, ingest_runs, health):
        app.include_router(part.router)
    _add_examples(app)
    return app


def _add_examples(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None and EXAMPLES.exists():
            schema = generate()
            place_examples(schema, json.loads(EXAMPLES.read_text(encoding="utf-8")))
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema


def place_examples(schema: dict[str, Any], examples: dict[str, Any]) -> None:
    """Put examples where OpenAPI expects them.

    Args:
        schema: The application's OpenAPI document; changed in place.
        examples: By operation id: `request` and `responses` by status, each a mapping of name to value.
    """
    operations = {
        operation["operationId"]: operation for path in schema["paths"].values() for operation in path.values()
    }
    for name, given in examples.items():
        operation = operations[name]
        if "request" in given:
            operation["requestBody"]["content"]["application/json"]["examples"] = _named(given["request"])
        for status, values in given.get("responses", {}).items():
            is_problem = int(status) >= 400
            media = problems.MEDIA_TYPE if is_problem else "application/json"
            answers = operation["responses"].setdefault(status, {"description": "Problem" if is_problem else "Answer"})
            answers.setdefault("content", {}).setdefault(media, {})["examples"] = _named(values)


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}
