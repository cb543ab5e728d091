"""The seams of the agent: where candidates and texts come from, who drafts decisions, where they are kept."""

from datetime import date
from typing import Protocol

from agent.models import Case, Draft, Reading, Signals, Ticket, Verdict
from agent.schema import Decision
from index.models import Retrieval, Revision


class Searcher(Protocol):
    """Finds the articles a query may be about, among those the audience may read."""

    def retrieve(self, query: str, *, audience: frozenset[str], limit: int = 8) -> Retrieval:
        """Return candidates, best first."""
        ...


class Library(Protocol):
    """Keeps every article's text at every revision."""

    def revision(self, article_id: str, revision: str) -> Revision | None:
        """Return the text of an article at a revision, or `None` where there is no such."""
        ...


class Decider(Protocol):
    """Drafts a decision within what the gates allow. It may step down from the allowed outcome, never up."""

    def decide(self, case: Case, verdict: Verdict, library: Library) -> Draft:
        """Return a draft for this case."""
        ...


class Recorder(Protocol):
    """Keeps decisions for good."""

    def record(self, case: Case, decision: Decision, as_of: date) -> None:
        """Keep a decision and the facts it was made of, freshness judged on a day; durable when this returns.

        Raises:
            LedgerError: It cannot be kept; nothing of it is.
        """
        ...


class TicketSignals(Protocol):
    """Says what a ticket's words mean under one policy."""

    def read(self, ticket: Ticket, reading: Reading) -> Signals:
        """Return the risks, tags and keywords that a ticket carries."""
        ...

    def promised(self, reply: str) -> str | None:
        """Return what a reply promises that must never be, or `None`."""
        ...


class CustomerDirectory(Protocol):
    """Knows customers."""

    def profile(self, email: str) -> str:
        """Return what is known of the customer with this address, as text.

        Raises:
            LookupFailedError: It cannot be had.
        """
        ...


class ServiceHealth(Protocol):
    """Knows how services are doing."""

    def health(self, service: str) -> str:
        """Return a service's health, as text.

        Raises:
            LookupFailedError: It cannot be had.
        """
        ...


class LogArchive(Protocol):
    """Keeps the logs of services."""

    def recent(self, service: str) -> str:
        """Return a service's last log lines, as text.

        Raises:
            LookupFailedError: They cannot be had.
        """
        ...
