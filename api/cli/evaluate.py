"""`runcite eval`: labelled tickets enter; figures, and what differs from an earlier run, leave."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from agent.evaluate.compare import Comparison, compare
from agent.evaluate.dataset import LabelledTickets, load_dataset, load_tickets
from agent.evaluate.figures import EvalReport
from agent.evaluate.report import report
from agent.evaluate.run import Run
from agent.evaluate.run import evaluate as run_evaluation
from api.bootstrap import open_runtime
from api.cli.eval_page import eval_page
from api.cli.options import EmbeddingOption, HomeOption, JsonOption, Session, start
from api.cli.terminal import Terminal
from api.cli.watcher import RunWatcher
from api.errors import UsageError
from api.eval_html import eval_html
from api.home import LocalRuntime

_REPORT_JSON = TypeAdapter(EvalReport)
_COMPARISON_JSON = TypeAdapter(Comparison)
_RUN_JSON = TypeAdapter(Run)


def evaluate(
    context: typer.Context,
    dataset_dir: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET", help="Folder with pages/, queries.jsonl and meta.json; or a file of labelled tickets."
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="RUN.json", help="Compare with an earlier run, written by --json."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots to this file too.")
    ] = None,
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Triage labelled tickets, and print how often that was right, with intervals.

    A folder's own pages are indexed in a home of its own first; a file's tickets are decided as the home decides them
    now, with its index, policy and calibration.
    """
    session = start(context, home, embedding)
    terminal = session.terminal
    before = _read_run(against) if against else None
    with _opened(session, dataset_dir) as (dataset, runtime):
        run = _measured(dataset, runtime, terminal)
    figures = report(run)
    comparison = compare(before, run) if before else None
    if html is not None:
        _write_html(html, figures, comparison)
    if as_json:
        terminal.result(_json(run, figures, comparison))
    else:
        terminal.show(eval_page(figures, comparison))


@contextmanager
def _opened(session: Session, path: Path) -> Iterator[tuple[LabelledTickets, LocalRuntime]]:
    """Open what the tickets are about: the home, or for a folder with pages an index of those."""
    terminal = session.terminal
    if path.is_file():
        with open_runtime(session.settings, command="runcite eval", notice=terminal.note) as runtime:
            yield load_tickets(path, runtime.catalog.standings().keys()), runtime
        return
    dataset = load_dataset(path)
    pages = path / "pages"
    settings = session.settings.model_copy(update={"home": session.home / "eval" / _own_home(dataset.name, pages)})
    with open_runtime(settings, create=True, command="runcite eval", notice=terminal.note) as runtime:
        watcher = RunWatcher(terminal, lists=False)
        with watcher.watching(str(pages)) as watch:
            runtime.ingest(str(pages), on_article=watch.met, on_total=watch.expect, allow_mass_delete=True)
        yield dataset, runtime


def _own_home(dataset: str, pages: Path) -> str:
    """Name a dataset's own home: no two datasets may share an index, whatever their folders are called."""
    readable = re.sub(r"[^\w.-]", "_", dataset)
    return f"{readable}-{hashlib.sha256(str(pages.resolve()).encode()).hexdigest()[:8]}"


def _measured(dataset: LabelledTickets, runtime: LocalRuntime, terminal: Terminal) -> Run:
    articles = len(runtime.catalog.standings())
    columns = (BarColumn(24), TextColumn("ticket {task.completed:.0f} of {task.total:.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as progress:
        task = progress.add_task("tickets", total=len(dataset.tickets))
        return run_evaluation(dataset, runtime.triager, articles, lambda: progress.advance(task))


def _json(run: Run, figures: EvalReport, comparison: Comparison | None) -> str:
    told: dict[str, Any] = _REPORT_JSON.dump_python(figures, mode="json")
    told["answers"] = _RUN_JSON.dump_python(run, mode="json")["answers"]
    told["comparison"] = _COMPARISON_JSON.dump_python(comparison, mode="json") if comparison else None
    return json.dumps(told, indent=2)


def _read_run(file: Path) -> Run:
    try:
        return _RUN_JSON.validate_json(file.read_bytes())
    except OSError as error:
        raise UsageError(f"--against {str(file)!r} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(
            f"--against {str(file)!r} is no run: {where}: {first['msg']}; expected what `runcite eval --json` writes"
        ) from error


def _write_html(file: Path, figures: EvalReport, comparison: Comparison | None) -> None:
    try:
        file.write_text(eval_html(figures, comparison), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html {str(file)!r} cannot be written: {error.strerror}") from error
