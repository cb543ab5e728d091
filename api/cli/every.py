"""A job and an interval enter; the job is done at every beat until a signal comes, whatever becomes of a single run."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from api.cli.options import Session
from api.cli.sync import Job, carry_out
from api.cli.terminal import json_text
from api.cli.watcher import RunWatcher, sum_up
from api.errors import ConfigurationError, UsageError
from api.schedule import Beat
from api.schemas import Moment, RunReportV1
from index.errors import EmbeddingMismatchError
from ingest.errors import RunciteError

STEP_S = 0.2
"""How soon a signal is noticed while nothing is to do."""


class CycleError(BaseModel):
    """Why there is no report of a source; of all of them where `source` is null."""

    source: str | None
    error: str


class CycleReport(BaseModel):
    """What `--json --every` writes for each beat, on a line of its own."""

    started_at: Moment
    runs: tuple[RunReportV1, ...]
    errors: tuple[CycleError, ...]


def repeat(session: Session, job: Job, watcher: RunWatcher, every_s: float, *, as_json: bool) -> None:
    """Do a job now and at every beat, until it is told to stop.

    The home is free between two beats, so that other commands can work; where one of them holds it, the beat is
    reported and left out.

    Args:
        session: Which home.
        job: What to bring in; its `should_stop` ends the loop.
        watcher: Shows the runs.
        every_s: Seconds from start to start.
        as_json: Write each beat's report as one line of JSON.

    Raises:
        UsageError: The very first beat shows that no beat can ever succeed.
        ConfigurationError: The same.
        EmbeddingMismatchError: The same.
    """
    beat = Beat(every_s)
    while not job.should_stop():
        report = _once(session, job, watcher)
        job = replace(job, is_repeat=True)
        _show(session, report, as_json=as_json)
        if not job.should_stop():
            _wait(session, job, beat.wait_s())
    session.terminal.note("Stopped.")


def _once(session: Session, job: Job, watcher: RunWatcher) -> CycleReport:
    started_at = datetime.now(UTC)
    errors: list[CycleError] = []
    runs: list[RunReportV1] = []

    def take(source: str | None, error: RunciteError) -> None:
        if not job.is_repeat and isinstance(error, (UsageError, ConfigurationError, EmbeddingMismatchError)):
            raise error
        errors.append(CycleError(source=source, error=str(error)))
        session.terminal.complain(f"{source}: {error}" if source else str(error))

    try:
        runs = carry_out(session, replace(job, on_error=take), watcher)
    except RunciteError as error:
        take(None, error)
    return CycleReport(started_at=started_at, runs=tuple(runs), errors=tuple(errors))


def _show(session: Session, report: CycleReport, *, as_json: bool) -> None:
    terminal = session.terminal
    if as_json:
        terminal.result(json_text(report, indent=None))
        terminal.out.file.flush()
        return
    if report.runs:
        sum_up(terminal, report.runs)
        terminal.out.file.flush()


def _wait(session: Session, job: Job, wait_s: float) -> None:
    at = datetime.now(UTC) + timedelta(seconds=wait_s)
    session.terminal.note(f"Next run at {at:%Y-%m-%d %H:%M:%S} UTC; Ctrl-C ends it.")
    deadline = time.monotonic() + wait_s
    while (left := deadline - time.monotonic()) > 0 and not job.should_stop():
        time.sleep(min(left, STEP_S))
