"""A path on a Confluence site enters, its JSON or a file leaves.

Waiting, retrying, paging and the site's known faults are handled here, so that nobody above has to know of them.
"""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from ingest.errors import RequestError, SourceError
from ingest.sources.media_http import LOOPBACK, MediaClient

TIMEOUT_S: Final = 30.0
CONNECTIONS: Final = 4
"""Requests at once: what a site takes from one client without slowing its people down."""

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""A listing of 250 pages is below 2 MB; what is larger than this would exhaust the memory before it is refused."""

TRIES: Final = 6
GATEWAY_TRIES: Final = 3
WAIT_S: Final = (2.0, 60.0)
"""`Retry-After` is honoured between these: zero would hammer the site, an hour would look like a hang."""

FIRST_WAIT_S: Final = 5.0
_GATEWAY: Final = frozenset({502, 503, 504})

Json = dict[str, Any]
Params = Mapping[str, str | int]
Sleep = Callable[[float], None]


class NotAcceptedError(SourceError):
    """The site does not accept the credentials, or an OAuth token lacks the scope for what it is shown for."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to sign in: user and token are basic authentication, a token alone is a bearer, neither is anonymous.

    Attributes:
        user: E-mail address (Cloud) or user name (Data Center).
        token: API token, personal access token, OAuth token or password.
    """

    user: str = ""
    token: str = field(default="", repr=False)

    @property
    def given(self) -> bool:
        """Whether the site is to know who asks."""
        return bool(self.token)


class ConfluenceClient:
    """Asks one site, and nobody else: links that it gives are followed on the configured address alone.

    Args:
        base: Address of the site with its context path, without a slash at the end.
        credentials: How to sign in.
        sleep: Waits; tests pass their own.
        timeout_s: Per request.

    Raises:
        SourceError: The credentials cannot be what a site gave out.
    """

    def __init__(
        self, base: str, credentials: Credentials, *, sleep: Sleep = time.sleep, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.base = base
        self._credentials = credentials
        self._sleep = sleep
        if not (credentials.user + credentials.token).isprintable() or not credentials.token.isascii():
            # httpx would name it in an error, and with it the token.
            raise SourceError(
                "RUNCITE_CONFLUENCE_TOKEN or RUNCITE_CONFLUENCE_USER holds a line break or a character that none has; "
                "copy it anew"
            )
        headers = {"Accept": "application/json", "User-Agent": "runcite"}
        if credentials.given and not credentials.user:
            headers["Authorization"] = f"Bearer {credentials.token}"
        basic = httpx.BasicAuth(credentials.user, credentials.token) if credentials.given and credentials.user else None
        self._http = httpx.Client(
            headers=headers,
            auth=basic,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            # SSL_CERT_FILE names a company's own certificate authority.
            verify=httpx.create_ssl_context(),
            # A company's proxy is set there; it does not stand before this machine itself.
            trust_env=urlsplit(base).hostname not in LOOPBACK,
        )
        self._media = MediaClient(base)

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()
        self._media.close()

    def get(self, path: str, params: Params | None = None) -> Json:
        """Ask for one thing.

        Args:
            path: Below the base, with a slash in front; may hold a query of its own.
            params: The query.

        Returns:
            The JSON object.

        Raises:
            RequestError: The site refused, failed, or answered with something else.
            SourceError: The credentials are wrong, or the site cannot be reached.
        """
        return self._read(path, self._answer(path, params))

    def download(self, path: str, limit: int) -> bytes:
        """Fetch a file.

        Cloud hands files out from a media host, to which it redirects with a signed address: that is followed without
        the credentials. A redirect within the site leads to its login page.

        Args:
            path: Below the base, or with the site's context path as the site shows it; may hold a query.
            limit: The most bytes it may have.

        Raises:
            RequestError: It cannot be had.
            SourceError: The credentials are wrong, or the site cannot be reached.
        """
        parts = urlsplit(path)
        if parts.scheme or parts.netloc or not parts.path.startswith("/"):
            raise RequestError(f"the site gives {path[:120]!r} as its address, expected a path on the site itself")
        answer = self._answer(self._below_base(path, {}), None, limit)
        if answer.is_redirect:
            where = urljoin(f"{self.base}/", answer.headers.get("Location", ""))
            if urlsplit(where).netloc == urlsplit(self.base).netloc:
                raise RequestError("the site leads elsewhere instead of giving it; the account may not read it")
            return self._media.fetch(where, limit)
        self._require_answer(parts.path, answer)
        return answer.content

    def _answer(self, path: str, params: Params | None, limit: int = MAX_ANSWER_BYTES) -> httpx.Response:
        """Ask until the site does not ask to wait."""
        for attempt in range(TRIES):
            answer = self._send(path, params, attempt, limit)
            if answer is None:
                continue
            wait = _wait_s(answer, attempt)
            if wait is None:
                return answer
            if attempt < TRIES - 1:
                self._sleep(wait)
        raise RequestError(f"{path!r} was refused {TRIES} times; the site is overloaded, try again later", 429)

    def listing(self, path: str, params: Params, limit: int) -> Iterator[Json]:
        """List everything, whichever way the site pages.

        Args:
            path: Below the base.
            params: The query without its limit.
            limit: Entries to ask for at once; the site may give fewer.

        Yields:
            The entries.

        Raises:
            RequestError: A part could not be had.
            SourceError: The credentials are wrong, or the site cannot be reached.
        """
        start = 0
        page, limit = self._part(path, {**params, "limit": limit})
        met: set[str] = set()
        while True:
            results = page.get("results")
            if not isinstance(results, list):
                raise RequestError(f"{path!r} has no list of results; expected a Confluence listing, check the address")
            if not all(isinstance(entry, dict) for entry in results):
                raise RequestError(f"{path!r} lists something that is no object; expected a Confluence listing")
            yield from results
            link = _mapping(page.get("_links")).get("next")
            if not link:
                return
            query = dict(parse_qsl(urlsplit(link).query))
            if "cursor" in query:
                if link in met:
                    raise RequestError(f"{path!r} gives the cursor {query['cursor']!r} twice; its listing has no end")
                met.add(link)
                page = self.get(self._below_base(link, page))
                continue
            # The site clamps a limit silently and yet advances `start` by the one asked for; trusting its link loses
            # rows. It also filters by rights after it has cut, so that a part may be empty and not be the last.
            start = start + len(results) if results else max(start + 1, _number(query.get("start", "")))
            page, limit = self._part(path, {**params, "start": start, "limit": limit})

    def _part(self, path: str, params: Params) -> tuple[Json, int]:
        """Ask for a part of a listing, for half as many entries each time the site breaks down over it."""
        limit = int(params["limit"])
        while True:
            try:
                return self.get(path, {**params, "limit": limit}), limit
            except RequestError as error:
                overtaxed = error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                if not overtaxed or limit == 1:
                    raise
                limit = max(1, limit // 2)

    def _below_base(self, link: str, page: Json) -> str:
        """Make a link of the site's a path below the configured base, whatever host and context path it shows."""
        parts = urlsplit(link)
        links = _mapping(page.get("_links"))
        prefixes = {urlsplit(self.base).path, urlsplit(str(links.get("base", ""))).path, str(links.get("context", ""))}
        prefixes.add("/wiki" if parts.path.startswith("/wiki/") else "")
        longest = max((prefix for prefix in prefixes if parts.path.startswith(f"{prefix}/")), key=len, default="")
        # Without a slash in front, a path would become a part of the host's name, and that host would get the token.
        return f"/{parts.path.removeprefix(longest).lstrip('/')}?{parts.query}"

    def _send(self, path: str, params: Params | None, attempt: int, limit: int) -> httpx.Response | None:
        """Send one request; `None` where it is worth another."""
        try:
            with self._http.stream("GET", self.base + path, params=dict(params) if params else None) as response:
                _read_capped(response, path, limit)
                return response
        except httpx.TimeoutException as error:
            if attempt == 0 and not isinstance(error, httpx.ConnectTimeout):
                return None
            if isinstance(error, httpx.ConnectTimeout):
                raise SourceError(f"{self.base!r} does not answer; check the address and the network") from error
            raise RequestError(f"{path.partition('?')[0]!r} took longer than allowed; try again later") from error
        except (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError) as error:
            # A server may close a connection that it kept open at the moment it is used again.
            if attempt < GATEWAY_TRIES - 1:
                return None
            raise SourceError(self._unreachable(error)) from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise SourceError(self._unreachable(error)) from error

    def _unreachable(self, error: httpx.RequestError | httpx.InvalidURL) -> str:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return (
                    f"{self.base!r} fails the TLS check: {cause.reason or cause}; expected a trusted certificate, set "
                    "SSL_CERT_FILE to your certificate authority's file"
                )
            cause = cause.__cause__ or cause.__context__
        return f"{self.base!r} cannot be reached: {error}; check the address, the network and the proxy"

    def _read(self, path: str, answer: httpx.Response) -> Json:
        shown = path.partition("?")[0]
        self._require_answer(shown, answer)
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            kind = answer.headers.get("Content-Type", "nothing known")
            raise RequestError(
                f"{shown!r} answers with {kind!r}, expected JSON; a login page or proxy may stand before it"
            ) from error
        if not isinstance(document, dict):
            raise RequestError(f"{shown!r} answers with a {type(document).__name__}, expected a JSON object")
        if following := answer.links.get("next", {}).get("url"):
            document.setdefault("_links", {}).setdefault("next", following)
        return document

    def _require_answer(self, shown: str, answer: httpx.Response) -> None:
        refused = answer.headers.get("X-Seraph-LoginReason", "") in {"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"}
        if answer.status_code == HTTPStatus.UNAUTHORIZED or refused:
            raise NotAcceptedError(
                f"{self.base!r} does not accept the credentials (HTTP {answer.status_code}); set "
                "RUNCITE_CONFLUENCE_USER and RUNCITE_CONFLUENCE_TOKEN, or the token alone for a personal or OAuth one"
            )
        if answer.is_redirect:
            where = answer.headers.get("Location", "")
            raise RequestError(f"{shown!r} leads to {where[:120]!r}; expected JSON, give the site's final address")
        if answer.is_error:
            raise RequestError(f"{shown!r} answers HTTP {answer.status_code}", answer.status_code)


def _read_capped(response: httpx.Response, path: str, limit: int) -> None:
    """Read an answer into memory, unless it is absurd."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > limit:
            raise RequestError(f"{path.partition('?')[0]!r} is over {limit:,} bytes; nothing so large is read")
        parts.append(part)
    # What `Response.read` does; it would have read without a limit.
    response._content = b"".join(parts)  # noqa: SLF001


def _wait_s(answer: httpx.Response, attempt: int) -> float | None:
    """Return how long to wait before asking again; `None` where the answer stands."""
    status = answer.status_code
    stated = str(answer.headers.get("Retry-After", "")).strip()
    if status != HTTPStatus.TOO_MANY_REQUESTS:
        retriable = status in _GATEWAY and attempt < GATEWAY_TRIES - 1
        if not retriable:
            return None
    low, high = WAIT_S
    if stated.isdecimal():
        return min(max(float(stated), low), high)
    return min(FIRST_WAIT_S * 2.0**attempt, high)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}
