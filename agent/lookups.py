"""A customer or a service enters, what its system says of it leaves as text. Sole user of httpx here.

Each system is one URL that answers GET with JSON or text; the question is a query parameter, never part of the path.
"""

import httpx

from agent.errors import LookupFailedError

TIMEOUT_S = 2.0
MAX_ANSWER_BYTES = 64 * 1024
LOG_MINUTES = 15


class JsonService:
    """One URL that answers questions."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Connect to it.

        Args:
            url: Where it is.
            token: Shown to it as a bearer token, and to nobody else: redirects are not followed.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._url = url
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT_S, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, **asked: str) -> str:
        """Ask it.

        Args:
            asked: Query parameters.

        Returns:
            Its answer, at most `MAX_ANSWER_BYTES` of it.

        Raises:
            LookupFailedError: It gives none. The message holds nothing of the question.
        """
        read = bytearray()
        try:
            with self._http.stream("GET", self._url, params=asked) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise LookupFailedError(f"{self._url} answered with status {answer.status_code}; expected 200")
                for part in answer.iter_raw():
                    read += part[: MAX_ANSWER_BYTES - len(read)]
                    if len(read) >= MAX_ANSWER_BYTES:
                        break
        except httpx.HTTPError as error:
            raise LookupFailedError(f"{self._url} cannot be reached ({type(error).__name__})") from error
        return read.decode("utf-8", "replace")


class HttpCustomers:
    """A `CustomerDirectory` behind a URL."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def profile(self, email: str) -> str:
        """Return what is known of a customer."""
        return self._service.get(email=email)


class HttpHealth:
    """A `ServiceHealth` behind a URL."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def health(self, service: str) -> str:
        """Return a service's health."""
        return self._service.get(service=service)


class HttpLogs:
    """A `LogArchive` behind a URL."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def recent(self, service: str) -> str:
        """Return the last lines of a service's log."""
        return self._service.get(service=service, minutes=str(LOG_MINUTES))
