"""`runcite ingest`: sources enter, an index in line with them and a report of each article leave."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.announce import find_server
from api.bootstrap import open_runtime
from api.cli.lists import report_line, run_table
from api.cli.options import EmbeddingOption, HomeOption, JsonOption, Session, start
from api.cli.terminal import Terminal, json_text, one_line
from api.client import ServerClient
from api.errors import NothingToDoError
from api.schemas import ArticleReportV1, IngestRunIn, RunReportV1
from api.sources import locate, supported
from index.errors import StoreHeldError
from index.interrupt import stop_on_signals

QUIET_OUTCOMES = frozenset({"unchanged"})
"""What a person only wants counted."""


class IngestReport(BaseModel):
    """What `--json` writes: a run per source, in the order given."""

    runs: tuple[RunReportV1, ...]


def ingest(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help=f"What to bring in: {supported()}.")],
    allow_mass_delete: Annotated[
        bool, typer.Option("--allow-mass-delete", help="Let a run remove a large share of a source's articles.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="List unchanged articles too.")] = False,
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring folders and git work trees into the index: what is new, changed or gone since the last run.

    Each source is a run of its own. Exit code 1 means that some article failed; the report says which and why.
    """
    locations = [locate(source) for source in sources]
    session = start(context, home, embedding)
    watcher = RunWatcher(session.terminal, lists=not as_json, verbose=verbose)
    runs = ingest_locations(session, locations, watcher, allow_mass_delete=allow_mass_delete)
    found_any = any(run.articles or run.error for run in runs)
    if as_json:
        session.terminal.result(json_text(IngestReport(runs=tuple(runs))))
    elif found_any:
        _sum_up(session.terminal, runs)
    if not found_any:
        raise NothingToDoError(
            f"no article in {', '.join(map(repr, sources))}; "
            "expected files of Markdown, HTML, text, Office, PDF or e-mail"
        )
    if has_failures(runs):
        raise typer.Exit(1)


def has_failures(runs: Sequence[RunReportV1]) -> bool:
    """Tell whether any run stopped early or any article failed."""
    return any(run.error or any(article.outcome == "failed" for article in run.articles) for run in runs)


def ingest_locations(
    session: Session, locations: Sequence[str], watcher: "RunWatcher", *, allow_mass_delete: bool = False
) -> list[RunReportV1]:
    """Run each source here, or have the server that holds the home run it."""
    try:
        with (
            open_runtime(
                session.settings, create=True, command="runcite ingest", notice=session.terminal.note
            ) as runtime,
            stop_on_signals() as should_stop,
        ):
            runs = []
            for location in locations:
                with watcher.watching(location) as met:
                    runs.append(
                        runtime.ingest(
                            location, on_article=met, allow_mass_delete=allow_mass_delete, should_stop=should_stop
                        )
                    )
                if should_stop():
                    break
            return runs
    except StoreHeldError:
        url = find_server(session.home)
        # With the vectors on a Qdrant server no server holds the home: another ingest does, and is soon done.
        if url is None or session.settings.qdrant_url is not None:
            raise
    session.terminal.note(f"The server at {url} holds the home and takes the job over.")
    return _hand_over(url, locations, watcher, allow_mass_delete=allow_mass_delete)


def _hand_over(
    url: str, locations: Sequence[str], watcher: "RunWatcher", *, allow_mass_delete: bool
) -> list[RunReportV1]:
    client = ServerClient(url)
    runs = []
    try:
        for location in locations:
            with watcher.watching(location) as met:
                job = IngestRunIn(source=location, allow_mass_delete=allow_mass_delete)
                run = client.ingest(job, on_progress=watcher.count)
                for article in run.articles:
                    met(article)
            runs.append(run)
    finally:
        client.close()
    return runs


def _sum_up(terminal: Terminal, runs: Sequence[RunReportV1]) -> None:
    terminal.show(run_table(runs))
    for run in runs:
        if run.error:
            terminal.note(f"{one_line(run.source)}: {one_line(run.error)}", "red")


class RunWatcher:
    """Shows a run while it works: a bar on a terminal, a line per article."""

    def __init__(self, terminal: Terminal, *, lists: bool, verbose: bool = False) -> None:
        self._terminal = terminal
        self._lists = lists
        self._verbose = verbose
        self._met = 0
        self._progress: Progress | None = None

    @contextmanager
    def watching(self, location: str) -> Iterator[Callable[[ArticleReportV1], None]]:
        """Show one source's run for as long as the block runs."""
        self._met = 0
        columns = (BarColumn(24), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        terminal = self._terminal
        with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as progress:
            self._progress = progress
            self._task = progress.add_task(one_line(location.rstrip("/").rpartition("/")[2]), total=None)
            yield self._show
            self._progress = None

    def count(self, met: int) -> None:
        """Say how many articles have been met."""
        self._met = met
        if self._progress is not None:
            self._progress.update(self._task, description=f"articles: {met}")

    def _show(self, report: ArticleReportV1) -> None:
        self.count(self._met + 1)
        if self._lists and (self._verbose or report.outcome not in QUIET_OUTCOMES or report.warnings):
            # On one screen the bar must know of the line, or the two are drawn into each other.
            shares_screen = self._terminal.out.is_terminal and self._terminal.err.is_terminal
            console = self._terminal.err if shares_screen else self._terminal.out
            console.print(report_line(report), soft_wrap=True)
