"""What a Qdrant server or the way to it does wrong enters, an error of ours with its remedy leaves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import grpc
import httpx
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from index.errors import EmbeddingMismatchError, StoreError

_MAX_ECHO = 200
_STRANGER = "what answered there is no Qdrant server"

# What to do, by what is wrong.
_REMEDIES = {
    "key": "Set RUNCITE_QDRANT_API_KEY to a key that may do this.",
    "missing": "Run `runcite ingest SOURCE`: the collection is made, and filled from the catalog.",
    "dimension": "Pass the --embedding the index was built with, or delete the collection and run "
    "`runcite ingest SOURCE`: it is filled from the catalog.",
    "full": "Free space on its disk and run it again; what was indexed so far is kept.",
    "busy": "Runcite tries again by itself; give the server more room if it stays so.",
    "slow": "Check that it runs and has enough to run on; Runcite tries again by itself.",
    "down": "Start it, or correct RUNCITE_QDRANT_URL; Runcite tries again by itself.",
    "stranger": "Correct RUNCITE_QDRANT_URL: expected the address of a Qdrant server.",
    "other": "See the server's log; Runcite tries again by itself.",
}

_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "key",
    HTTPStatus.FORBIDDEN: "key",
    HTTPStatus.NOT_FOUND: "missing",
    HTTPStatus.REQUEST_TIMEOUT: "slow",
    HTTPStatus.TOO_MANY_REQUESTS: "busy",
    HTTPStatus.BAD_GATEWAY: "down",
    HTTPStatus.SERVICE_UNAVAILABLE: "down",
    HTTPStatus.GATEWAY_TIMEOUT: "slow",
    HTTPStatus.INSUFFICIENT_STORAGE: "full",
}

_BY_CODE = {
    grpc.StatusCode.UNAUTHENTICATED: "key",
    grpc.StatusCode.PERMISSION_DENIED: "key",
    grpc.StatusCode.NOT_FOUND: "missing",
    grpc.StatusCode.DEADLINE_EXCEEDED: "slow",
    grpc.StatusCode.UNAVAILABLE: "down",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "busy",
}


@contextmanager
def mapped(url: str, doing: str) -> Iterator[None]:
    """Turn whatever the client raises into an error of ours.

    Args:
        url: The server's address, for messages.
        doing: What is being done, for messages.

    Yields:
        Nothing.

    Raises:
        EmbeddingMismatchError: The vectors have another length than the collection's.
        StoreError: Anything else.
    """
    try:
        yield
    except (ApiException, QdrantException, grpc.RpcError, ValueError) as error:
        kind, said = _explain(error)
        message = f"The Qdrant server at {url!r} failed to {doing}: {said}. {_REMEDIES[kind]}"
        raise (EmbeddingMismatchError if kind == "dimension" else StoreError)(message) from error


def _explain(error: Exception) -> tuple[str, str]:
    """Tell what is wrong: its kind, and in words."""
    match error:
        case UnexpectedResponse():
            said = error.content.decode("utf-8", "replace")
            # A gateway in between answers in HTML; Qdrant always in JSON.
            known = said.lstrip().startswith("{") or error.status_code in (
                HTTPStatus.UNAUTHORIZED,
                HTTPStatus.FORBIDDEN,
            )
            status = _BY_STATUS.get(error.status_code or 0, "other" if known else "stranger")
            kind = "stranger" if status == "missing" and not known else status
            return _by_words(said, kind), f"it answered {error.status_code}: {_short(said)}"
        case ResponseHandlingException():
            return _by_source(error.source)
        case grpc.RpcError():
            # Every error of a call is a `grpc.Call` too, which has code and details; the stubs do not say so.
            said = str(getattr(error, "details", str)() or type(error).__name__)
            code = getattr(error, "code", lambda: None)()
            return _by_words(said, _BY_CODE.get(code, "other")), _short(said)
        case json.JSONDecodeError():
            return "stranger", _STRANGER
        case QdrantException():
            return "busy", _short(str(error))
        case _:
            # The client's local mode raises nothing but `ValueError`.
            said = str(error)
            return _by_words(said, "missing" if "not found" in said else "other"), _short(said)


def _by_source(source: Exception) -> tuple[str, str]:
    if isinstance(source, httpx.TimeoutException):
        return "slow", "it did not answer in time"
    if isinstance(source, httpx.TransportError):
        return "down", f"it cannot be reached ({_short(str(source) or type(source).__name__)})"
    return "stranger", _STRANGER


def _by_words(said: str, kind: str) -> str:
    lowered = said.lower()
    if "dimension" in lowered:
        return "dimension"
    if "no space left" in lowered or "disk space" in lowered:
        return "full"
    return kind


def _short(said: str) -> str:
    line = " ".join(said.split()).rstrip(".")
    return line if len(line) <= _MAX_ECHO else line[: _MAX_ECHO - 1] + "…"
