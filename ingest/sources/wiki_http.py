"""Requests to a wiki enter; complete replies leave, after waiting where the wiki asks for it."""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from ingest.errors import RequestError, SourceError
from ingest.sources.media_http import MediaClient, read_capped

Transport = httpx.BaseTransport
"""What carries requests; tests put their own in its place."""

TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10.0
MAX_ATTEMPTS = 5
MAX_WAIT_S = 60.0
"""A wiki that asks for more patience than this is down for a while: better the run says so than sits."""

FIRST_WAIT_S = 0.5
MAX_REPLY_BYTES = 32 * 1024 * 1024
"""Several times the largest page that is indexed, markup and wikitext together."""

USER_AGENT = "Runcite (runbook indexer)"

_BUSY: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# MediaWiki answers 200 when it is busy and says so in this header: https://www.mediawiki.org/wiki/API:Errors_and_warnings
_BUSY_HEADER = "MediaWiki-API-Error"
_BUSY_CODES: Final = frozenset({"maxlag", "ratelimited"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that was read to its end."""

    status: int
    headers: httpx.Headers
    content: bytes


class WikiClient:
    """Speaks to one endpoint, keeping its cookies. A context manager.

    Args:
        endpoint: URL that every request goes to; redirects are not followed, so that no password goes elsewhere.
        transport: Stands in for the network in tests.
        sleep: Waits that many seconds.
    """

    def __init__(
        self,
        endpoint: str,
        transport: Transport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self._sleep = sleep
        self._http = httpx.Client(
            timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            headers={"User-Agent": USER_AGENT},
            follow_redirects=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, parameters: Mapping[str, str]) -> Reply:
        """Send a GET request; see `_send`."""
        return self._send(self._http.build_request("GET", self.endpoint, params=dict(parameters)))

    def post_form(self, parameters: Mapping[str, str]) -> Reply:
        """Send a form; see `_send`."""
        return self._send(self._http.build_request("POST", self.endpoint, data=dict(parameters)))

    def post_xml(self, content: str) -> Reply:
        """Send an XML document; see `_send`."""
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        return self._send(self._http.build_request("POST", self.endpoint, content=content.encode(), headers=headers))

    def file(self, url: str, limit: int) -> bytes:
        """Fetch a file that the wiki points to; on another host than the wiki's without its session.

        Args:
            url: Where it is.
            limit: The most bytes it may have.

        Raises:
            RequestError: It cannot be had, is larger, or lies where nothing is fetched from.
        """
        own, parts = urlsplit(self.endpoint), urlsplit(url)
        if (parts.scheme, parts.netloc.lower()) != (own.scheme, own.netloc.lower()):
            media = MediaClient(self.endpoint)
            try:
                return media.fetch(url, limit)
            finally:
                media.close()
        try:
            with self._http.stream("GET", url) as response:
                if not response.is_success:
                    raise RequestError(f"the wiki answers HTTP {response.status_code}", response.status_code)
                return read_capped(response, limit)
        except httpx.HTTPError as error:
            raise RequestError(f"the wiki gives no file: {type(error).__name__}; try again later") from error

    def _send(self, request: httpx.Request) -> Reply:
        """Send a request until the wiki is not busy.

        Raises:
            SourceError: It cannot be reached, stays busy, redirects, or replies without end.
        """
        problem = ""
        for attempt in range(MAX_ATTEMPTS):
            wait = FIRST_WAIT_S * 2**attempt
            try:
                reply = self._read(request)
            except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if _is_tls(error):
                    raise SourceError(self._tls_problem(error)) from error
                problem = f"cannot be reached: {str(error) or type(error).__name__}"
            except httpx.HTTPError as error:
                raise SourceError(f"wiki {self.endpoint!r} gave no usable reply: {error}; check its address") from error
            else:
                if not _is_busy(reply):
                    return self._checked(reply)
                problem = f"is busy (HTTP {reply.status})"
                wait = _asked_wait_s(reply.headers.get("Retry-After"), wait)
                if wait > MAX_WAIT_S:
                    raise SourceError(f"wiki {self.endpoint!r} asks to wait {wait:.0f} s; run again after that")
            if attempt + 1 < MAX_ATTEMPTS:
                self._sleep(wait)
        raise SourceError(
            f"wiki {self.endpoint!r} {problem}, {MAX_ATTEMPTS} times; check address and network, or run again later"
        )

    def _read(self, request: httpx.Request) -> Reply:
        content = bytearray()
        response = self._http.send(request, stream=True)
        try:
            for piece in response.iter_bytes():
                content += piece
                if len(content) > MAX_REPLY_BYTES:
                    raise SourceError(
                        f"wiki {self.endpoint!r} sent more than {MAX_REPLY_BYTES:,} bytes in one reply; "
                        "check that the address is the wiki's API"
                    )
        finally:
            response.close()
        return Reply(response.status_code, response.headers, bytes(content))

    def _checked(self, reply: Reply) -> Reply:
        if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
            target = reply.headers.get("Location", "elsewhere")
            raise SourceError(f"wiki {self.endpoint!r} redirects to {target!r}; give that address as the source")
        if reply.status == HTTPStatus.NOT_FOUND:
            raise SourceError(f"wiki {self.endpoint!r} is not there (HTTP 404); check the path of its API")
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise SourceError(f"wiki {self.endpoint!r} failed (HTTP {reply.status}); see the wiki's own log")
        return reply

    def _tls_problem(self, error: Exception) -> str:
        return (
            f"wiki {self.endpoint!r} has no certificate that this machine trusts: {error}; "
            "mend the certificate, or name its authority's file in SSL_CERT_FILE"
        )


def _is_busy(reply: Reply) -> bool:
    return reply.status in _BUSY or reply.headers.get(_BUSY_HEADER) in _BUSY_CODES


def _asked_wait_s(retry_after: str | None, otherwise_s: float) -> float:
    """Read a `Retry-After` header: seconds, or the moment itself."""
    if retry_after is None:
        return otherwise_s
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return otherwise_s
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
