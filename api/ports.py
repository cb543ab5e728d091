"""The seam between the edges and what they drive: an open home that searches, triages and ingests."""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from agent.ledger import DecisionQuery
from agent.models import Ticket
from api.history import RunHistory
from api.schemas import (
    ArticleReportV1,
    ArticleV1,
    DecisionPageV1,
    DecisionRecordV1,
    DecisionV1,
    RevisionV1,
    RunReportV1,
    SearchV1,
)
from ingest.ports import OnTotal, ignore_total

OnArticle = Callable[[ArticleReportV1], None]
"""Called with each article's line as soon as it is known."""


class Articles(Protocol):
    """Reads articles by id, for a reader of given groups."""

    def article(self, article_id: str, audience: frozenset[str]) -> ArticleV1:
        """Read one article at its live revision."""
        ...

    def revision(self, article_id: str, revision: str, audience: frozenset[str]) -> RevisionV1:
        """Read an article as it was at one revision."""
        ...

    def is_empty(self) -> bool:
        """Tell whether there is no article at all."""
        ...


class RecordedDecisions(Protocol):
    """Reads what was decided, for a reader of given groups."""

    def page(self, query: DecisionQuery, audience: frozenset[str] | None) -> DecisionPageV1:
        """List decisions, latest first."""
        ...

    def record(self, decision_id: str, audience: frozenset[str] | None) -> DecisionRecordV1:
        """Read one decision with what it was made of."""
        ...


class Runtime(Protocol):
    """An open home."""

    @property
    def shelf(self) -> Articles:
        """Its articles."""
        ...

    @property
    def decisions(self) -> RecordedDecisions:
        """What it has decided."""
        ...

    def policy_problem(self) -> str | None:
        """Say why the policy file as it is now is not in force; `None` where it is."""
        ...

    def fault(self) -> str | None:
        """Tell what keeps the index from being searched, and the remedy; `None` where nothing does."""
        ...

    @property
    def history(self) -> RunHistory:
        """Its ingest runs."""
        ...

    def search(self, text: str, *, audience: frozenset[str], limit: int, as_of: date | None = None) -> SearchV1:
        """Find the best passage of each article that the audience may read."""
        ...

    def triage(self, ticket: Ticket, *, as_of: date | None = None) -> DecisionV1:
        """Decide one ticket and record the decision."""
        ...

    def ingest(
        self,
        source: str,
        *,
        on_article: OnArticle | None = None,
        allow_mass_delete: bool = False,
        should_stop: Callable[[], bool] = ...,
        on_total: OnTotal = ignore_total,
        run_id: str | None = None,
    ) -> RunReportV1:
        """Bring the index in line with a source; once `should_stop` is true, finish what is in hand and end."""
        ...

    def reindex(
        self,
        embedding: str | None = None,
        *,
        on_article: OnArticle | None = None,
        should_stop: Callable[[], bool] = ...,
        on_total: OnTotal = ignore_total,
        run_id: str | None = None,
    ) -> RunReportV1:
        """Build the index anew beside the live one and switch to it; once `should_stop` is true, end and keep it."""
        ...
