"""A table and a query enter, rows of a ServiceNow instance leave. The only file that speaks HTTP to it."""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ingest.errors import RequestError, SourceError
from ingest.sources.media_http import read_capped

TIMEOUT_S = 30.0
PAGE_ROWS = 500
ATTEMPTS = 5
MAX_WAIT_S = 120.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024

Row = Mapping[str, str]

_SYS_ID = re.compile(r"[0-9A-Za-z]{1,64}")
_NEXT = re.compile(r'<[^>]*[?&]sysparm_offset=(\d+)[^>]*>\s*;\s*rel="next"')
_AGAIN = frozenset({429, 500, 502, 503, 504})


class RefusedError(SourceError):
    """The instance does not let this user read a table or a row."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the instance is shown: an OAuth access token, or a user with a password."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """Whether there is enough to sign in with."""
        return bool(self.token or (self.user and self.password))


class TableClient:
    """Reads tables of one instance.

    Args:
        base: Its address, without a path.
        credentials: What to sign in with.
        sleep: Waits that many seconds.
    """

    def __init__(self, base: str, credentials: Credentials, sleep: Callable[[float], None] = time.sleep) -> None:
        headers = {"Accept": "application/json"}
        auth = None
        if credentials.token:
            headers["Authorization"] = f"Bearer {credentials.token}"
        else:
            auth = httpx.BasicAuth(credentials.user or "", credentials.password or "")
        self._base = base
        self._sleep = sleep
        # A redirect goes to a login page, or takes the credentials elsewhere: neither is followed.
        self._http = httpx.Client(
            base_url=base, headers=headers, auth=auth, timeout=TIMEOUT_S, follow_redirects=False, trust_env=True
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def rows(self, table: str, query: str, fields: Sequence[str]) -> Iterator[Row]:
        """List rows in the order of their ids, each once, however the table changes meanwhile.

        A page begins behind the last id seen, not at an offset: a row that goes away would shift the rows behind it
        over the edge of a page. Where access rules hide every row of a page, it is empty although more follow; only
        then the offset moves.

        Args:
            table: The table's name.
            query: An encoded query; may be empty.
            fields: Columns, `sys_id` among them.

        Raises:
            RefusedError: The user may not read the table.
            SourceError: The instance cannot be reached, or does not answer as it should.
        """
        last, offset = "", 0
        while True:
            parts = [query, f"sys_id>{last}" if last else "", "ORDERBYsys_id"]
            reply = self._get(f"/api/now/table/{table}", fields, "^".join(filter(None, parts)), offset)
            rows = _rows(reply, self._base)
            remaining = _count(reply)
            for row in rows:
                if not _SYS_ID.fullmatch(row.get("sys_id", "")) or row["sys_id"] <= last:
                    raise SourceError(f"{self._base} gave rows of {table} out of order, so the listing is not complete")
                last = row["sys_id"]
                yield row
            # `remaining` counts from the id that the page began behind.
            if remaining is not None and offset + len(rows) >= remaining:
                return
            if rows:
                offset = 0
                continue
            following = _NEXT.search(reply.headers.get("Link", ""))
            offset = int(following[1]) if following and int(following[1]) > offset else offset + PAGE_ROWS
            if remaining is None or offset >= remaining:
                return

    def row(self, table: str, sys_id: str, fields: Sequence[str]) -> Row | None:
        """Fetch one row; `None` where it has gone.

        Raises:
            RefusedError: The user may not read it.
            SourceError: As for `rows`.
        """
        reply = self._get(f"/api/now/table/{table}/{sys_id}", fields)
        if reply.status_code == httpx.codes.NOT_FOUND:
            return None
        result = _result(reply, self._base)
        return _flat(result) if isinstance(result, dict) else None

    def file(self, sys_id: str, limit: int) -> bytes | None:
        """Fetch an attachment's content; `None` where it has gone.

        Raises:
            RefusedError: The user may not read it.
            RequestError: It is larger than `limit` bytes, or breaks off.
            SourceError: As for `rows`.
        """
        path = f"/api/now/attachment/{sys_id}/file"
        try:
            with self._http.stream("GET", path, headers={"Accept": "*/*"}) as reply:
                if reply.status_code == httpx.codes.NOT_FOUND:
                    return None
                if reply.status_code == httpx.codes.UNAUTHORIZED:
                    self._require_answer(reply, path)
                if reply.status_code == httpx.codes.FORBIDDEN:
                    raise RefusedError(f"{self._base}{path} may not be read; give the user a role that reads it")
                if not reply.is_success:
                    raise RequestError(f"{self._base}{path} answered with status {reply.status_code}")
                return read_capped(reply, limit)
        except httpx.TransportError as error:
            raise RequestError(f"{self._base}{path} broke off: {type(error).__name__}; try again later") from error

    def _get(self, path: str, fields: Sequence[str], query: str | None = None, offset: int = 0) -> httpx.Response:
        # Without display values times are in UTC and choices are not translated.
        params: dict[str, str | int] = {
            "sysparm_fields": ",".join(fields),
            "sysparm_display_value": "false",
            "sysparm_exclude_reference_link": "true",
        }
        if query is not None:
            params |= {"sysparm_query": query, "sysparm_limit": PAGE_ROWS, "sysparm_offset": offset}
        for attempt in range(ATTEMPTS):
            try:
                reply = self._http.get(path, params=params)
            except httpx.TransportError as error:
                if _is_tls(error):
                    raise SourceError(
                        f"{self._base} has no certificate that this machine trusts: {error}; mend the certificate, or "
                        "name its authority's file in SSL_CERT_FILE"
                    ) from error
                if attempt == ATTEMPTS - 1:
                    raise SourceError(
                        f"cannot reach {self._base}: {error}; check the address and the network"
                    ) from error
                self._sleep(2.0**attempt)
                continue
            if reply.status_code not in _AGAIN:
                break
            if attempt < ATTEMPTS - 1:
                self._sleep(min(_wait(reply, 2.0**attempt), MAX_WAIT_S))
        self._require_answer(reply, path)
        return reply

    def _require_answer(self, reply: httpx.Response, path: str) -> None:
        status = reply.status_code
        if status == httpx.codes.UNAUTHORIZED:
            raise SourceError(
                f"{self._base} refused the credentials; check RUNCITE_SERVICENOW_USER and RUNCITE_SERVICENOW_PASSWORD, "
                "or RUNCITE_SERVICENOW_TOKEN"
            )
        if status == httpx.codes.FORBIDDEN:
            raise RefusedError(f"{self._base}{path} may not be read; give the user a role that reads it")
        is_json = "json" in reply.headers.get("Content-Type", "")
        if reply.is_redirect or (reply.is_success and not is_json):
            raise SourceError(
                f"{self._base} answered with a page instead of data; the session may have ended or the instance sleep: "
                "open it in a browser, and check that the user may use the REST API"
            )
        if status in _AGAIN or not (reply.is_success or status == httpx.codes.NOT_FOUND):
            raise SourceError(f"{self._base}{path} answered with status {status}; try again later")
        if len(reply.content) > MAX_ANSWER_BYTES:
            raise SourceError(f"{self._base}{path} answered with {len(reply.content):,} bytes, more than can be right")


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _wait(reply: httpx.Response, default: float) -> float:
    """Read `Retry-After`: seconds, or a date."""
    said = reply.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return default


def _count(reply: httpx.Response) -> int | None:
    said = reply.headers.get("X-Total-Count", "")
    return int(said) if said.isdigit() else None


def _result(reply: httpx.Response, base: str) -> Any:  # noqa: ANN401 - JSON
    try:
        body = reply.json()
    except ValueError as error:
        raise SourceError(f"{base} answered with JSON that is cut off or broken ({error}); try again later") from error
    # A query that takes too long ends with both: rows so far, and an error.
    if not isinstance(body, dict) or "result" not in body or body.get("error"):
        raise SourceError(f"{base} answered with an error in place of all rows: {str(body)[:200]}; try again later")
    return body["result"]


def _rows(reply: httpx.Response, base: str) -> list[Row]:
    if reply.status_code == httpx.codes.NOT_FOUND:
        # Some versions answer so where no row matches, and all where the table is not there or not to be seen.
        if "No Record found" in reply.text:
            return []
        raise RefusedError(f"{base}{reply.url.path} does not exist, or may not be read; check the user's roles")
    result = _result(reply, base)
    if not isinstance(result, list) or not all(isinstance(row, dict) for row in result):
        raise SourceError(f"{base} answered with something else than rows: {str(result)[:200]}")
    return [_flat(row) for row in result]


def _flat(row: Mapping[str, Any]) -> Row:
    """Make every value text; a reference may come as a link with its value."""
    values = ((name, value.get("value") if isinstance(value, dict) else value) for name, value in row.items())
    return {name: "" if value is None else str(value) for name, value in values}
