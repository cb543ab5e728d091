"""Settings enter; something that searches and triages leaves: this process, or the server that holds the home."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from agent.models import DeciderKind
from api.announce import find_server
from api.bootstrap import open_runtime
from api.convert import to_ticket
from api.errors import UsageError
from api.ports import Runtime
from api.schemas import DecisionV1, SearchV1, TicketIn
from api.settings import Settings
from index.errors import StoreHeldError

if TYPE_CHECKING:
    from api.client import ServerClient


class Engine(Protocol):
    """Searches and triages, wherever the home is open."""

    def search(self, text: str, *, audience: frozenset[str], limit: int, as_of: date | None = None) -> SearchV1:
        """Find the best passage of each article that the audience may read."""
        ...

    def triage(self, ticket: TicketIn, *, as_of: date | None) -> DecisionV1:
        """Decide one ticket."""
        ...


@dataclass(frozen=True, slots=True)
class _Here:
    runtime: Runtime

    def search(self, text: str, *, audience: frozenset[str], limit: int, as_of: date | None = None) -> SearchV1:
        return self.runtime.search(text, audience=audience, limit=limit, as_of=as_of)

    def triage(self, ticket: TicketIn, *, as_of: date | None) -> DecisionV1:
        return self.runtime.triage(to_ticket(ticket), as_of=as_of)


@dataclass(frozen=True, slots=True)
class _AtServer:
    client: "ServerClient"
    url: str
    decider: DeciderKind | None

    def search(self, text: str, *, audience: frozenset[str], limit: int, as_of: date | None = None) -> SearchV1:
        self._check(as_of)
        return self.client.search(text, audience=audience, limit=limit)

    def triage(self, ticket: TicketIn, *, as_of: date | None) -> DecisionV1:
        self._check(as_of)
        # Nor does a caller choose who decides: it would be the server's key that a model is paid with.
        if self.decider is not None:
            raise UsageError(
                f"--decider {self.decider} cannot be used while the server at {self.url} holds the home; its own "
                "RUNCITE_DECIDER says who decides"
            )
        return self.client.triage(ticket)

    def _check(self, as_of: date | None) -> None:
        # Over HTTP nobody sets the clock: a caller who could would decide what counts as fresh.
        if as_of is not None:
            raise UsageError(
                f"--as-of {as_of} cannot be used while the server at {self.url} holds the home; stop it, or use --home"
            )


@contextmanager
def open_engine(settings: Settings, decider: DeciderKind | None = None) -> Iterator[Engine]:
    """Open the home here; where a server holds it, ask that server instead.

    Args:
        settings: Which home.
        decider: The decider asked for in place of the set one, if any; a server has its own.

    Yields:
        What answers.

    Raises:
        StoreHeldError: A process holds the home that serves nobody.
    """
    with ExitStack() as opened:
        yield _open(settings, decider, opened)


def _open(settings: Settings, decider: DeciderKind | None, opened: ExitStack) -> Engine:
    try:
        return _Here(opened.enter_context(open_runtime(settings)))
    except StoreHeldError:
        url = find_server(settings.home)
        if url is None:
            raise
    from api.client import ServerClient  # noqa: PLC0415  # loads an HTTP client, which few commands need

    client = ServerClient(url)
    opened.callback(client.close)
    return _AtServer(client, url, decider)
