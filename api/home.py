"""The parts of an open home enter; searching, triage and ingest over them leave."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from ulid import ULID

from agent.ledger import Ledger
from agent.models import Ticket
from agent.rules import PolicyKeeper
from agent.triage import Triager
from api.convert import to_decision, to_passage, to_report, to_report_line
from api.decisions import Decisions
from api.history import RunHistory
from api.live import Live
from api.ports import OnArticle
from api.rebuild import Rebuilder
from api.schemas import DecisionV1, RunReportV1, SearchV1
from api.shelf import Shelf, today
from index.catalog import Catalog
from index.models import ArticleReport
from index.sync import RunOptions
from ingest.errors import RunciteError
from ingest.ports import OnTotal, Source, ignore_total


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class LocalRuntime:
    """A home that this process has open.

    `holding` takes the right to write its index for as long as a run lasts; nothing where the process has it anyway.
    """

    catalog: Catalog
    ledger: Ledger
    live: Live
    rebuilder: Rebuilder
    shelf: Shelf
    history: RunHistory
    open_source: Callable[[str], Source]
    holding: Callable[[], AbstractContextManager[object]]

    @property
    def decisions(self) -> Decisions:
        """What it has decided."""
        return Decisions(self.ledger, self.shelf)

    @property
    def triager(self) -> Triager:
        """What decides on trial, for a process in which nothing else becomes live meanwhile."""
        return self.live.now.triager

    @property
    def policy(self) -> PolicyKeeper:
        """The policy in force, whose thresholds depend on the model."""
        return self.live.now.policy

    def fault(self) -> str | None:
        """Tell what keeps the index from being searched, and the remedy; `None` where nothing does."""
        return self.live.now.health.fault

    def policy_problem(self) -> str | None:
        """Say why the policy file as it is now is not in force; `None` where it is."""
        policy = self.policy
        policy.current()
        return policy.problem

    def search(self, text: str, *, audience: frozenset[str], limit: int, as_of: date | None = None) -> SearchV1:
        """Find the best passage of each article that the audience may read.

        Args:
            text: What to look for.
            audience: Groups and names of the reader.
            limit: How many articles at most.
            as_of: The day freshness is judged on; today where it is left out.
        """
        with self.live.using() as serving:
            found = serving.searcher.retrieve(text, audience=audience, limit=limit)
        passages = []
        for candidate in found.candidates[:limit]:
            revision = self.catalog.revision(candidate.article.article_id, candidate.article.revision)
            if revision is not None and candidate.evidence:
                passages.append(to_passage(candidate, revision, self.policy.loaded.policy.windows, as_of or today()))
        return SearchV1(query=text, index_revision=found.index_revision, results=tuple(passages))

    def triage(self, ticket: Ticket, *, as_of: date | None = None) -> DecisionV1:
        """Decide one ticket and record the decision.

        Args:
            ticket: The ticket.
            as_of: The day freshness is judged on; today where it is left out.
        """
        with self.live.using() as serving:
            return to_decision(serving.desk.triage(ticket, as_of=as_of))

    def ingest(
        self,
        source: str,
        *,
        on_article: OnArticle | None = None,
        allow_mass_delete: bool = False,
        should_stop: Callable[[], bool] = _never,
        on_total: OnTotal = ignore_total,
        run_id: str | None = None,
    ) -> RunReportV1:
        """Bring the index in line with a source.

        Args:
            source: A location that `api.sources` can open.
            on_article: Called with each article's line as soon as it is known.
            allow_mass_delete: Remove vanished articles however many they are.
            should_stop: Asked between articles; once true the run ends after what it has in hand.
            on_total: Told how many articles the source is going to list, where it knows.
            run_id: What to call the run; a new ULID where it is left out.
        """
        run_id = run_id or str(ULID())

        def met(report: ArticleReport) -> None:
            if on_article is not None:
                on_article(to_report_line(report))

        options = RunOptions(
            allow_mass_delete=allow_mass_delete, should_stop=should_stop, on_total=on_total, run_id=run_id
        )
        try:
            with self.holding():
                # Another process may have made another generation live before it gave the lock back.
                self.live.follow()
                self.rebuilder.stores.tidy()
                report = self.live.now.syncer.run(self._opened(source, run_id), met, options)
                self.ledger.note_run(report)
                return to_report(report)
        finally:
            self.live.now.health.look()

    def reindex(
        self,
        embedding: str | None = None,
        *,
        on_article: OnArticle | None = None,
        should_stop: Callable[[], bool] = _never,
        on_total: OnTotal = ignore_total,
        run_id: str | None = None,
    ) -> RunReportV1:
        """Build the index anew beside the live one, and switch to it: requests go on, and none fails for it.

        Args:
            embedding: The model; that of the live index where it is left out.
            on_article: Called with each article's line as soon as it is built.
            should_stop: Asked between batches; once true the run ends, and the next one goes on with it.
            on_total: Told how many articles there are.
            run_id: What to call the run; a new ULID where it is left out.
        """

        def met(report: ArticleReport) -> None:
            if on_article is not None:
                on_article(to_report_line(report))

        options = RunOptions(should_stop=should_stop, on_total=on_total, run_id=run_id)
        try:
            with self.holding():
                report = self.rebuilder.rebuild(embedding, met, options)
                self.live.follow()
                self.rebuilder.stores.tidy()
                return to_report(report)
        finally:
            self.live.now.health.look()

    def _opened(self, location: str, run_id: str) -> Source:
        """Open a source; a run that fails for want of one is remembered too."""
        try:
            source = self.open_source(location)
            _ = source.key  # an export is opened to find it
        except RunciteError as error:
            self.history.fail(run_id, location, str(error))
            raise
        return source
