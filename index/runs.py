"""Runs and what they did with each article enter the catalog as they happen, and are read back, latest first."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, exists, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from index import codec
from index.models import ArticleReport, RunRecord, RunState, SyncOutcome
from index.tables import errors_mapped, run_articles, runs, writing

RUNS_WITH_LINES = 50
"""Of each source, so many runs that had something to say keep what they said of each article."""

RUNS_KEPT = 1_000
"""Of each source, so many runs are remembered: three weeks of one every half hour."""

OPEN: tuple[RunState, ...] = ("queued", "running")
CUT_OFF = "The process ended before the run did. What it had indexed is kept; run it again to go on."


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs to list.

    Attributes:
        source: Those alone in whose source's key this occurs.
        states: Those alone in one of these states; all of them if empty.
        before: Those alone that are older than the run of this id.
        limit: At most so many.
    """

    source: str | None = None
    states: Collection[RunState] = ()
    before: str | None = None
    limit: int = 20


class RunLog:
    """The runs in one catalog. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def enter(self, run_id: str, source: str, state: RunState, error: str | None = None) -> None:
        """Write that a run waits, begins, or could not begin.

        Args:
            run_id: ULID of the run; one that waited already is brought up to date.
            source: Key of its source, or how it was asked for.
            state: How it stands now.
            error: Why it could not begin.
        """
        now = codec.time_to_text(datetime.now(UTC))
        row: dict[str, Any] = {
            "source": source,
            "state": state,
            "started_at": now,
            "finished_at": None if state in OPEN else now,
            "outcomes": "{}",
            "chunks_embedded": 0,
            "error": error,
        }
        with self._writing() as connection:
            connection.execute(
                upsert(runs)
                .values(run_id=run_id, **row)
                .on_conflict_do_update(index_elements=[runs.c.run_id], set_=row)
            )
            _forget_old(connection, source)

    def write(self, record: RunRecord, lines: Sequence[tuple[int, ArticleReport]]) -> None:
        """Write how far a run is.

        Args:
            record: The run as it stands now.
            lines: What it has done since the last time, each with its position; a line of a known position replaces it.
        """
        row = {
            "state": record.state,
            "finished_at": None if record.finished_at is None else codec.time_to_text(record.finished_at),
            "articles_total": record.articles_total,
            "outcomes": json.dumps(record.outcomes),
            "chunks_embedded": record.chunks_embedded,
            "error": record.error,
        }
        new = [
            {
                "run_id": record.run_id,
                "position": position,
                "article_id": line.article_id,
                "outcome": line.outcome,
                "reason": line.reason,
                "warnings": codec.strings_to_json(line.warnings),
            }
            for position, line in lines
        ]
        with self._writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == record.run_id).values(row))
            if new:
                connection.execute(insert(run_articles).prefix_with("OR REPLACE"), new)

    def close_open(self, error: str = CUT_OFF) -> None:
        """Mark every run that waits or goes on as interrupted.

        For whoever has just taken the home's lock: only its holder runs anything, so these were cut off.

        Args:
            error: What befell them.
        """
        with self._writing() as connection:
            connection.execute(update(runs).where(runs.c.state.in_(OPEN)).values(state="interrupted", error=error))

    def get(self, run_id: str) -> RunRecord | None:
        """Return one run; `None` where there is none of that id, or no longer."""
        with self._reading() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one_or_none()
        return None if row is None else _to_record(row)

    def latest(self, query: RunQuery) -> list[RunRecord]:
        """List the latest runs, latest first."""
        wanted = select(runs).order_by(runs.c.run_id.desc()).limit(query.limit)
        if query.source is not None:
            wanted = wanted.where(runs.c.source.contains(query.source, autoescape=True))
        if query.states:
            wanted = wanted.where(runs.c.state.in_(query.states))
        if query.before is not None:
            wanted = wanted.where(runs.c.run_id < query.before)
        with self._reading() as connection:
            return [_to_record(row) for row in connection.execute(wanted).mappings()]

    def lines(
        self, run_id: str, *, after: int = 0, limit: int = 100, outcome: SyncOutcome | None = None
    ) -> list[tuple[int, ArticleReport]]:
        """List what a run did with its articles, in the order in which it was known.

        Args:
            run_id: The run.
            after: Those alone behind this position.
            limit: At most so many.
            outcome: Those alone with this outcome.

        Returns:
            Lines with their positions, which count from 1.
        """
        wanted = (
            select(run_articles)
            .where(run_articles.c.run_id == run_id, run_articles.c.position > after)
            .order_by(run_articles.c.position)
            .limit(limit)
        )
        if outcome is not None:
            wanted = wanted.where(run_articles.c.outcome == outcome)
        with self._reading() as connection:
            return [(row["position"], _to_line(row)) for row in connection.execute(wanted).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with errors_mapped(self._path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with errors_mapped(self._path), writing(self._engine) as connection:
            yield connection


def _forget_old(connection: Connection, source: str) -> None:
    """Delete what is beyond the bounds of a source's history."""
    mine = select(runs.c.run_id).where(runs.c.source == source).order_by(runs.c.run_id.desc())
    connection.execute(delete(runs).where(runs.c.run_id.in_(mine.limit(-1).offset(RUNS_KEPT))))
    spoke = mine.where(exists().where(run_articles.c.run_id == runs.c.run_id))
    connection.execute(delete(run_articles).where(run_articles.c.run_id.in_(spoke.limit(-1).offset(RUNS_WITH_LINES))))


def _to_record(row: RowMapping) -> RunRecord:
    outcomes: Mapping[SyncOutcome, int] = json.loads(row["outcomes"])
    finished = row["finished_at"]
    return RunRecord(
        run_id=row["run_id"],
        source=row["source"],
        state=row["state"],
        started_at=codec.time_from_text(row["started_at"]),
        finished_at=None if finished is None else codec.time_from_text(finished),
        articles_total=row["articles_total"],
        outcomes=outcomes,
        chunks_embedded=row["chunks_embedded"],
        error=row["error"],
    )


def _to_line(row: RowMapping) -> ArticleReport:
    return ArticleReport(
        article_id=row["article_id"],
        outcome=row["outcome"],
        reason=row["reason"],
        warnings=codec.strings_from_json(row["warnings"]),
    )
