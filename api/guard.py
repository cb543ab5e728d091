"""Raw requests enter; those that are too large, or that a web page elsewhere sent, go no further."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.loopback import is_loopback
from api.problems import problem


class _TooLongError(Exception):
    """The body is longer than allowed."""


class BodyLimit:
    """Refuses a request whose body is longer than a limit before anything parses it, whatever its headers claim."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_claim(Headers(scope=scope).get("content-length", ""))
            body = await self._read(receive)
        except _TooLongError:
            detail = f"the request body is longer than {self._max_bytes:,} bytes; send a shorter one"
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _check_claim(self, content_length: str) -> None:
        if content_length.isdecimal() and int(content_length) > self._max_bytes:
            raise _TooLongError

    async def _read(self, receive: Receive) -> bytes | None:
        """Read the body; `None` where the client left in the middle of it, and so waits for no answer."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise _TooLongError
            more = message.get("more_body", False)
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


class HeadAsGet:
    """Answers HEAD wherever GET is answered, as HTTP asks: the same status and headers, no body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for the whole answer, and send its head."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


class LocalCallersOnly:
    """Refuses requests under a foreign host name or from a foreign web page.

    The server has no keys yet and trusts whoever reaches loopback. A browser reaches it on behalf of any page, under
    the page's own name by DNS rebinding, so both the name asked for and the origin must be loopback's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check host and origin, then hand on."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if not _is_local(f"//{headers.get('host', '')}") or (origin is not None and not _is_local(origin)):
                detail = "this server answers only to local programs: use http://127.0.0.1 or http://localhost"
                await problem(HTTPStatus.FORBIDDEN, "not-local", detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_local(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False
