"""The id of an account enters, the name by which people know it leaves, asked for once each."""

from threading import Lock

from ingest.errors import RequestError
from ingest.sources.confluence_client import ConfluenceClient


class People:
    """The accounts of one site.

    Args:
        client: Asks the site.
        parameter: What the site calls an account's id: `accountId` on Cloud, `key` on Data Center.
    """

    def __init__(self, client: ConfluenceClient, parameter: str) -> None:
        self._client = client
        self._parameter = parameter
        self._known: dict[str, str | None] = {}
        self._lock = Lock()

    def name(self, account: str) -> str | None:
        """Return an account's display name; `None` where the site does not tell: not every token may read users."""
        # Pages are fetched at the same time, and most have the same few owners.
        with self._lock:
            if account not in self._known:
                self._known[account] = self._ask(account)
            return self._known[account]

    def _ask(self, account: str) -> str | None:
        try:
            name = self._client.get("/rest/api/user", {self._parameter: account}).get("displayName")
        except RequestError:
            return None
        return str(name) if name else None
