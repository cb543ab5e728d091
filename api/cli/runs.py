"""`runcite runs`: the ingest runs of a home, or what one of them did with each article."""

from collections.abc import Iterator
from typing import Annotated, get_args

import typer

from api.bootstrap import open_shelf
from api.cli.lists import run_history, run_page
from api.cli.options import HomeOption, JsonOption, number_between, start
from api.cli.terminal import json_text
from api.errors import NothingToDoError, UsageError
from api.history import MAX_PAGE, RunHistory
from api.schemas import ArticleReportV1, IngestRunPageV1, RunReportV1
from index.models import SyncOutcome
from index.runs import RUNS_WITH_LINES, RunQuery


def runs(
    context: typer.Context,
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN_ID]", help="Show what this run did with each article.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="TEXT", help="Only runs in whose source this occurs.")
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome",
            metavar="OUTCOME",
            help=f"With RUN_ID: only articles with this outcome. One of {', '.join(get_args(SyncOutcome))}.",
        ),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            "-n", "--limit", metavar="N", parser=number_between(1, MAX_PAGE, "--limit"), help="How many runs at most."
        ),
    ] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the ingest runs that are remembered, latest first; with an id, what that run did with each article.

    Articles that a run left as they were are only counted.
    """
    wanted = _outcome(outcome)
    if run_id is None and wanted is not None:
        raise UsageError("--outcome needs a RUN_ID; `runcite runs` lists them")
    if run_id is not None and source is not None:
        raise UsageError("--source and a RUN_ID exclude each other; expected one of them")
    session = start(context, home)
    with open_shelf(session.settings) as shelf:
        if run_id is not None:
            report, kept = _read(shelf.history, run_id, wanted)
        else:
            page = shelf.history.page(RunQuery(source=source, limit=limit))
    if run_id is None:
        if not page.runs:
            raise NothingToDoError(f"no ingest run in {str(session.home)!r}" + (f" of {source!r}" if source else ""))
        if as_json:
            session.terminal.result(json_text(IngestRunPageV1(runs=page.runs, next_cursor=page.next_cursor)))
        else:
            session.terminal.show(run_history(page.runs, ids=True))
        return
    if as_json:
        session.terminal.result(json_text(report))
    else:
        session.terminal.show(run_page(report, report.articles))
    if not kept:
        session.terminal.note(
            f"Only its counts are kept; the last {RUNS_WITH_LINES} runs of a source that changed something keep more."
        )


def _read(history: RunHistory, run_id: str, outcome: SyncOutcome | None) -> tuple[RunReportV1, bool]:
    run = history.get(run_id)
    kept = history.articles(run_id, limit=1).kept
    return RunReportV1(**dict(run), articles=tuple(_lines(history, run_id, outcome))), kept


def _lines(history: RunHistory, run_id: str, outcome: SyncOutcome | None) -> Iterator[ArticleReportV1]:
    cursor: str | None = None
    while True:
        page = history.articles(run_id, outcome=outcome, cursor=cursor, limit=MAX_PAGE)
        yield from page.articles
        cursor = page.next_cursor
        if cursor is None:
            return


def _outcome(given: str | None) -> SyncOutcome | None:
    for known in get_args(SyncOutcome):
        if known == given:
            found: SyncOutcome = known
            return found
    if given is not None:
        raise UsageError(f"--outcome {given!r} is none; expected one of {', '.join(get_args(SyncOutcome))}")
    return None
