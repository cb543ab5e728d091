"""A job for a home that another process holds enters, that process's answer leaves."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from agent.errors import TicketError
from api.errors import HandOverError
from api.schemas import (
    ArticleReportPageV1,
    ArticleReportV1,
    DecisionV1,
    IngestRunIn,
    IngestRunV1,
    ReindexRunIn,
    RunReportV1,
    SearchV1,
    TicketIn,
)
from index.runs import OPEN

REQUEST_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.2
LINES_PER_PAGE = 500
TICKET_PROBLEM = "urn:runcite:problem:ticket"
"""The problem type of a ticket that cannot be read; see `problems.py`."""

Params = Mapping[str, str | int | list[str]] | None
AnswerT = TypeVar("AnswerT", bound=BaseModel)


class ServerClient:
    """Talks to the `runcite serve` that holds a home."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        # Proxies are for the world outside; this address is this machine's own.
        self._http = httpx.Client(base_url=url, timeout=REQUEST_TIMEOUT_S, trust_env=False, transport=transport)
        self._url = url

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def triage(self, ticket: TicketIn) -> DecisionV1:
        """Have a ticket decided."""
        return self._ask(DecisionV1, "POST", "/v1/triage", json=ticket.model_dump(mode="json", exclude_none=True))

    def search(self, text: str, *, audience: frozenset[str], limit: int) -> SearchV1:
        """Have a search made."""
        return self._ask(SearchV1, "GET", "/v1/search", params={"q": text, "k": limit, "groups": sorted(audience)})

    def ingest(
        self, job: IngestRunIn, on_progress: Callable[[IngestRunV1], None], should_stop: Callable[[], bool] = bool
    ) -> RunReportV1:
        """Hand an ingest job over and wait until it is over.

        Args:
            job: The job, with an absolute path.
            on_progress: Called with the run as it stands, every now and then.
            should_stop: Asked every now and then; once true, the run is left to the server.

        Returns:
            The run's report; of a run that was left to the server, what it had done by then.

        Raises:
            HandOverError: The server refused it, or went away.
        """
        run = self._ask(IngestRunV1, "POST", "/v1/ingest-runs", json=job.model_dump(mode="json"))
        return self._wait(run, on_progress, should_stop)

    def reindex(
        self, job: ReindexRunIn, on_progress: Callable[[IngestRunV1], None], should_stop: Callable[[], bool] = bool
    ) -> RunReportV1:
        """Have the index built anew and wait until it is live; as `ingest`."""
        run = self._ask(IngestRunV1, "POST", "/v1/reindex-runs", json=job.model_dump(mode="json"))
        return self._wait(run, on_progress, should_stop)

    def _wait(
        self, run: IngestRunV1, on_progress: Callable[[IngestRunV1], None], should_stop: Callable[[], bool]
    ) -> RunReportV1:
        while run.state in OPEN and not should_stop():
            time.sleep(POLL_INTERVAL_S)
            run = self._ask(IngestRunV1, "GET", f"/v1/ingest-runs/{run.id}")
            on_progress(run)
        return RunReportV1(**dict(run), articles=tuple(self._lines(run.id)))

    def _lines(self, run_id: str) -> Iterator[ArticleReportV1]:
        cursor: str | None = None
        while True:
            asked: dict[str, str | int | list[str]] = {"limit": LINES_PER_PAGE}
            params = asked if cursor is None else {**asked, "cursor": cursor}
            page = self._ask(ArticleReportPageV1, "GET", f"/v1/ingest-runs/{run_id}/articles", params=params)
            yield from page.articles
            cursor = page.next_cursor
            if cursor is None:
                return

    def _ask(
        self, kind: type[AnswerT], method: str, path: str, *, json: object = None, params: Params = None
    ) -> AnswerT:
        try:
            answer = self._http.request(method, path, json=json, params=params)
        except httpx.HTTPError as error:
            raise HandOverError(
                f"the server at {self._url} holds the store but does not answer ({type(error).__name__}); "
                "wait and try again, or stop it"
            ) from error
        if answer.is_error:
            kind_of_problem, detail = _read_problem(answer)
            if kind_of_problem == TICKET_PROBLEM:
                raise TicketError(detail)
            raise HandOverError(f"the server at {self._url} refused: {detail}")
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise HandOverError(
                f"the server at {self._url} gave an answer that this version does not understand; "
                "restart it so that both are of one version"
            ) from error


def _read_problem(answer: httpx.Response) -> tuple[str, str]:
    try:
        body = answer.json()
        return str(body["type"]), "; ".join([str(body["detail"]), *(str(one) for one in body.get("errors", ()))])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", f"status {answer.status_code}"
