"""The runs of a home's catalog enter, runs and their lines leave page by page, those of earlier processes included."""

from dataclasses import replace
from pathlib import Path

from api.convert import to_report_line, to_run
from api.errors import NotFoundError, UsageError
from api.schemas import ArticleReportPageV1, ArticleReportV1, IngestRunPageV1, IngestRunV1
from index.lock import is_held
from index.models import RunRecord, SyncOutcome
from index.runs import CUT_OFF, OPEN, RunLog, RunQuery

MAX_PAGE = 500


class RunHistory:
    """The ingest runs of one home."""

    def __init__(self, log: RunLog, home: Path) -> None:
        self._log = log
        self._home = home

    def queue(self, run_id: str, source: str) -> None:
        """Remember that a run waits.

        Args:
            run_id: ULID of the run.
            source: How its source was asked for.
        """
        self._log.enter(run_id, source, "queued")

    def fail(self, run_id: str, source: str, error: str) -> None:
        """Remember that a run could not begin.

        Args:
            run_id: ULID of the run.
            source: How its source was asked for.
            error: Why.
        """
        self._log.enter(run_id, source, "failed", error)

    def close_open(self) -> None:
        """Remember that no run goes on any more."""
        self._log.close_open()

    def get(self, run_id: str) -> IngestRunV1:
        """Tell how a run stands.

        Args:
            run_id: Its id.

        Raises:
            NotFoundError: No such run, or it is long past.
        """
        record = self._log.get(run_id)
        if record is None:
            raise NotFoundError(f"no ingest run {run_id!r}; expected an id that `runcite runs` lists")
        return self._shown(record)

    def page(self, query: RunQuery) -> IngestRunPageV1:
        """List runs, latest first.

        Args:
            query: Which; `before` is the cursor of the page before.
        """
        found = self._log.latest(replace(query, limit=query.limit + 1))
        shown = found[: query.limit]
        return IngestRunPageV1(
            runs=tuple(map(self._shown, shown)),
            next_cursor=shown[-1].run_id if len(found) > len(shown) else None,
        )

    def articles(
        self, run_id: str, *, outcome: SyncOutcome | None = None, cursor: str | None = None, limit: int = 100
    ) -> ArticleReportPageV1:
        """List what a run did with its articles; those that are as they were are only counted.

        Args:
            run_id: Its id.
            outcome: Those alone with this outcome.
            cursor: The one of the page before.
            limit: At most so many.

        Raises:
            NotFoundError: No such run.
            UsageError: The cursor is none.
        """
        if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 12):
            raise UsageError(f"cursor {cursor!r} is none; expected the `next_cursor` of another page")
        run = self.get(run_id)
        found = self._log.lines(run_id, after=int(cursor or 0), limit=limit + 1, outcome=outcome)
        shown = found[:limit]
        said = any(count for told, count in run.outcomes.items() if told != "unchanged")
        return ArticleReportPageV1(
            articles=tuple(to_report_line(line) for _, line in shown),
            next_cursor=str(shown[-1][0]) if len(found) > len(shown) else None,
            kept=not said or run.state in OPEN or bool(self._log.lines(run_id, limit=1)),
        )

    def lines(self, run_id: str, after: int, limit: int) -> list[tuple[int, ArticleReportV1]]:
        """List a run's lines behind a position, each with its own, which count from 1."""
        return [
            (position, to_report_line(line)) for position, line in self._log.lines(run_id, after=after, limit=limit)
        ]

    def _shown(self, record: RunRecord) -> IngestRunV1:
        """Tell of a run that its process left open when it died as what it is."""
        if record.state in OPEN and not is_held(self._home):
            record = replace(record, state="interrupted", error=CUT_OFF)
        return to_run(record)
