"""`runcite ingest`: sources enter, an index in line with them and a report of each article leave."""

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import BaseModel

from api.cli.every import repeat
from api.cli.options import EmbeddingOption, EveryOption, HomeOption, JsonOption, start
from api.cli.sync import Job, carry_out
from api.cli.terminal import json_text
from api.cli.watcher import RunWatcher, sum_up
from api.errors import NothingToDoError, UsageError
from api.schedule import parse_interval
from api.schemas import RunReportV1
from api.sources import locate, supported
from index.interrupt import stop_on_signals


class IngestReport(BaseModel):
    """What `--json` writes: a run per source, in the order given."""

    runs: tuple[RunReportV1, ...]


def ingest(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help=f"What to bring in: {supported()}.")],
    every: EveryOption = None,
    allow_mass_delete: Annotated[
        bool, typer.Option("--allow-mass-delete", help="Let a run remove a large share of a source's articles.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="List unchanged articles too.")] = False,
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring sources into the index: what is new, changed or gone since the last run.

    Each source is a run of its own. Exit code 1 means that some article failed; the report says which and why. With
    --every the command stays and repeats itself until Ctrl-C or SIGTERM, whatever becomes of a single run.
    """
    if every is not None and allow_mass_delete:
        raise UsageError("--allow-mass-delete is for one run that somebody has looked at; leave --every out for it")
    every_s = None if every is None else parse_interval(every)
    locations = [locate(source) for source in sources]
    session = start(context, home, embedding)
    terminal = session.terminal
    watcher = RunWatcher(terminal, lists=not as_json, verbose=verbose)
    with stop_on_signals() as should_stop:
        job = Job(tuple(locations), allow_mass_delete, should_stop)
        if every_s is not None:
            repeat(session, job, watcher, every_s, as_json=as_json)
            return
        runs = carry_out(session, job, watcher)
    found_any = any(run.articles_met or run.outcomes or run.error for run in runs)
    if as_json:
        terminal.result(json_text(IngestReport(runs=tuple(runs))))
    elif found_any:
        watcher.list_late_warnings(runs)
        sum_up(terminal, runs)
    if not found_any:
        raise NothingToDoError(
            f"no article in {', '.join(map(repr, sources))}; "
            "expected files of Markdown, HTML, text, Office, PDF or e-mail"
        )
    if has_failures(runs):
        raise typer.Exit(1)


def has_failures(runs: Sequence[RunReportV1]) -> bool:
    """Tell whether any run stopped early or any article failed."""
    return any(run.error or run.outcomes.get("failed") for run in runs)
