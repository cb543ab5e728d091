"""Errors enter, problem documents by RFC 9457 leave. What is not ours to explain says nothing of itself."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from agent.errors import AgentError, LedgerError
from api.errors import BusyError, EdgeError, NotFoundError, WithheldError
from api.mistakes import describe_mistakes
from api.schemas import ProblemV1
from index.errors import IndexingError
from ingest.errors import RunciteError

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:runcite:problem:"
RETRY_AFTER_S = 5
_MAX_ERRORS = 20
_MAX_ECHO = 200

_log = logging.getLogger("runcite.http")

# The first class that fits names status and type.
_KINDS: tuple[tuple[type[RunciteError], HTTPStatus, str], ...] = (
    (NotFoundError, HTTPStatus.NOT_FOUND, "not-found"),
    (WithheldError, HTTPStatus.FORBIDDEN, "quarantined"),
    (BusyError, HTTPStatus.TOO_MANY_REQUESTS, "busy"),
    (LedgerError, HTTPStatus.SERVICE_UNAVAILABLE, "ledger-unavailable"),
    (AgentError, HTTPStatus.UNPROCESSABLE_ENTITY, "ticket"),
    (EdgeError, HTTPStatus.UNPROCESSABLE_ENTITY, "request"),
    (IndexingError, HTTPStatus.SERVICE_UNAVAILABLE, "index-unavailable"),
    (RunciteError, HTTPStatus.UNPROCESSABLE_ENTITY, "request"),
)


def problem(
    status: HTTPStatus,
    kind: str,
    detail: str,
    errors: tuple[str, ...] = (),
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Write a problem document.

    Args:
        status: HTTP status.
        kind: What kind of problem, for machines; becomes the last part of `type`.
        detail: What happened and what to do, for a person.
        errors: Each single mistake, where there may be several.
        headers: Headers that belong to the status.
    """
    body = ProblemV1(
        type=TYPE_BASE + kind, title=status.phrase, status=status, detail=detail, errors=errors
    ).model_dump_json(exclude_defaults=True)
    waiting = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status in waiting else {}
    return Response(body, status, {**headers, **retry}, media_type=MEDIA_TYPE)


def describe(error: RunciteError) -> tuple[HTTPStatus, str]:
    """Tell the status and kind of one of our errors."""
    return next((status, kind) for type_, status, kind in _KINDS if isinstance(error, type_))


def _ours(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RunciteError):
        raise error
    status, kind = describe(error)
    return problem(status, kind, str(error))


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    sent_as = request.headers.get("content-type", "nothing")
    if error.body is not None and "json" not in sent_as:
        detail = f"the body was sent as {sent_as[:_MAX_ECHO]!r}; expected JSON, with Content-Type: application/json"
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    found = describe_mistakes(error.errors()[:_MAX_ERRORS])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "request", "the request does not fit the schema", found)


def _plain(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status, headers = HTTPStatus(error.status_code), error.headers or {}
    asked = f"{request.method} {request.url.path[:_MAX_ECHO]!r}"
    detail = str(error.detail)
    if status == HTTPStatus.NOT_FOUND:
        detail = f"nothing answers {asked}; GET /openapi.json lists what does"
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{asked} is not possible; expected {headers.get('Allow', 'another method')}"
    return problem(status, status.phrase.lower().replace(" ", "-"), detail, headers=headers)


def _unknown(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "an unexpected error occurred; the server's log has the details"
    )


def install(app: FastAPI) -> None:
    """Make an application answer every error with a problem document."""
    app.add_exception_handler(RunciteError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unknown)
