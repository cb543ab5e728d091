"""`runcite reindex`: the index of a home enters, one built anew beside it and put in its place leaves."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.announce import find_server
from api.bootstrap import open_rebuilder
from api.cli.options import HomeOption, JsonOption, Session, start
from api.cli.terminal import json_text
from api.cli.watcher import RunWatcher
from api.client import ServerClient
from api.convert import to_report, to_report_line
from api.schemas import ReindexRunIn, RunReportV1
from index.errors import StoreHeldError
from index.interrupt import stop_on_signals
from index.models import ArticleReport
from index.runs import OPEN
from index.sync import RunOptions

NAME = "reindex"
"""What the bar calls the run."""


def reindex(
    context: typer.Context,
    embedding: Annotated[
        str | None,
        typer.Option(
            "--embedding",
            metavar="MODEL",
            help="The model to embed by: a preset such as e5-small-v2, or a model folder. "
            "[env: RUNCITE_EMBEDDING; default: the one in use]",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the index anew from the texts it holds, and put it in the place of the old one in one step.

    No source is asked. A running server does it itself: it answers by the old index until the new one is whole, then by
    that. What is interrupted is gone on with by the next run; ingest waits meanwhile. It takes room for two indexes.
    """
    session = start(context, home)
    named = embedding or (None if session.settings.embedding == "auto" else session.settings.embedding)
    if named is not None and Path(named).is_dir():
        named = str(Path(named).resolve())
    with stop_on_signals() as should_stop:
        run = _carry_out(session, named, RunOptions(should_stop=should_stop))
    if as_json:
        session.terminal.result(json_text(run))
    elif run.state == "done":
        session.terminal.note(
            f"{run.articles_met} articles are indexed anew, {run.chunks_embedded} chunks of them by this run; "
            "the new index answers."
        )
    elif run.state in OPEN:
        session.terminal.note(f"The server goes on with run {run.id}; see `runcite runs {run.id}`.")
    else:
        session.terminal.note(run.error or "", "red")
    if run.error is not None:
        raise typer.Exit(1)


def _carry_out(session: Session, embedding: str | None, options: RunOptions) -> RunReportV1:
    terminal = session.terminal
    watcher = RunWatcher(terminal, lists=False)
    try:
        with (
            open_rebuilder(session.settings, command="runcite reindex", notice=terminal.note) as rebuilder,
            watcher.watching(NAME) as watch,
        ):

            def met(line: ArticleReport) -> None:
                watch.met(to_report_line(line))

            report = rebuilder.rebuild(embedding, met, replace(options, on_total=watch.expect))
            rebuilder.stores.tidy()
            return to_report(report)
    except StoreHeldError:
        url = find_server(session.home)
        if url is None or session.settings.qdrant_url is not None:
            raise
    terminal.note(f"The server at {url} holds the home and takes the job over.")
    client = ServerClient(url)
    try:
        with watcher.watching(NAME) as watch:
            return client.reindex(ReindexRunIn(embedding=embedding), watch.stands, options.should_stop)
    finally:
        client.close()
