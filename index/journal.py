"""What a run does with each article enters, and is in the catalog batch by batch: a killed run is told of too."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from index.errors import CatalogError
from index.models import ArticleReport, RunRecord, RunState, SyncOutcome
from index.runs import RunLog
from ingest.errors import RunciteError

LINES_PER_WRITE = 500
"""Whoever keeps this many of the latest lines in memory finds all earlier ones in the catalog."""

STOPPED = "It was stopped at once. What it had indexed is kept; run it again to go on."


@dataclass
class Journal:
    """One run's record, which is written when the run begins and brought up to date until it ends.

    Attributes:
        run_id: ULID of the run.
        source: Key of its source.
        articles_total: How many articles the source says it will list, where it knows.
        chunks_embedded: How many chunks went through the model.
    """

    log: RunLog
    run_id: str
    source: str
    articles_total: int | None = None
    chunks_embedded: int = 0
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _outcomes: Counter[SyncOutcome] = field(default_factory=Counter)
    _said: int = 0
    _unwritten: dict[int, ArticleReport] = field(default_factory=dict)
    _positions: dict[str, int] = field(default_factory=dict)

    def note(self, line: ArticleReport) -> None:
        """Take an article's outcome down; written with the next batch."""
        self._outcomes[line.outcome] += 1
        if line.says_something:
            self._say(line)
        if len(self._unwritten) >= LINES_PER_WRITE:
            self.write()

    def amend(self, line: ArticleReport) -> None:
        """Take down what was found out of an article after its outcome was; its line keeps its place."""
        position = self._positions.get(line.article_id)
        if position is None:
            self._say(line)
        else:
            self._unwritten[position] = line

    def _say(self, line: ArticleReport) -> None:
        self._said += 1
        self._positions[line.article_id] = self._said
        self._unwritten[self._said] = line

    def write(self, state: RunState = "running", error: str | None = None) -> None:
        """Bring the catalog up to date."""
        lines, self._unwritten = sorted(self._unwritten.items()), {}
        self.log.write(
            RunRecord(
                run_id=self.run_id,
                source=self.source,
                state=state,
                started_at=self.started_at,
                finished_at=None if state == "running" else datetime.now(UTC),
                articles_total=self.articles_total,
                outcomes=self._outcomes,
                chunks_embedded=self.chunks_embedded,
                error=error,
            ),
            lines,
        )


@contextmanager
def recorded(log: RunLog, run_id: str, source: str) -> Iterator[Journal]:
    """Keep a run's record for as long as the block runs, which has to end it by `Journal.write`.

    Args:
        log: The catalog's runs.
        run_id: ULID of the run.
        source: Key of its source.

    Yields:
        The record; an error that leaves the block ends it as failed.
    """
    log.enter(run_id, source, "running")
    journal = Journal(log, run_id, source)
    try:
        yield journal
    except BaseException as error:
        state: RunState = "failed" if isinstance(error, Exception) else "interrupted"
        reason = STOPPED if state == "interrupted" else f"It ended by an unexpected {type(error).__name__}."
        if isinstance(error, RunciteError):
            reason = str(error)
        # The catalog may be what failed; the next opener then finds the run open and closes it.
        with suppress(CatalogError):
            journal.write(state, reason)
        raise
