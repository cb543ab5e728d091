"""`runcite eval`: a labelled dataset enters, the figures of a triager over it leave."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from agent.evaluate.dataset import Dataset, load_dataset
from agent.evaluate.run import EvalReport, Share
from agent.evaluate.run import evaluate as run_evaluation
from api.bootstrap import open_runtime
from api.cli.options import EmbeddingOption, HomeOption, JsonOption, start
from api.cli.terminal import Terminal, one_line
from api.cli.watcher import RunWatcher
from api.errors import NothingToDoError
from api.home import LocalRuntime

_REPORT_JSON = TypeAdapter(EvalReport)


def evaluate(
    context: typer.Context,
    dataset_dir: Annotated[
        Path, typer.Argument(metavar="DATASET_DIR", help="Folder with pages/, queries.jsonl and meta.json.")
    ],
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest a labelled dataset into a home of its own, triage its tickets, and print how often that was right."""
    session = start(context, home, embedding)
    terminal = session.terminal
    dataset = load_dataset(dataset_dir)
    if not dataset.tickets:
        raise NothingToDoError(
            f"no ticket in {str(dataset_dir / 'queries.jsonl')!r}; expected one JSON object per line"
        )
    settings = session.settings.model_copy(
        update={"home": session.home / "eval" / _own_home(dataset.name, dataset_dir / "pages")}
    )
    with open_runtime(settings, create=True, command="runcite eval", notice=terminal.note) as runtime:
        watcher = RunWatcher(terminal, lists=False)
        with watcher.watching(str(dataset.pages)) as watch:
            runtime.ingest(str(dataset.pages), on_article=watch.met, on_total=watch.expect, allow_mass_delete=True)
        articles = len(runtime.catalog.standings())
        report = _measured(dataset, runtime, articles, terminal)
    if as_json:
        terminal.result(_REPORT_JSON.dump_json(report, indent=2).decode())
    else:
        terminal.show(_page(report))


def _own_home(dataset: str, pages: Path) -> str:
    """Name a dataset's own home: no two datasets may share an index, whatever their folders are called."""
    readable = re.sub(r"[^\w.-]", "_", dataset)
    return f"{readable}-{hashlib.sha256(str(pages.resolve()).encode()).hexdigest()[:8]}"


def _measured(dataset: Dataset, runtime: LocalRuntime, articles: int, terminal: Terminal) -> EvalReport:
    columns = (BarColumn(24), TextColumn("ticket {task.completed:.0f} of {task.total:.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as progress:
        task = progress.add_task("tickets", total=len(dataset.tickets))
        return run_evaluation(dataset, runtime.triager, articles, lambda: progress.advance(task))


def _page(report: EvalReport) -> Group:
    table = _facts({"dataset": report.dataset, "size": _size(report)})
    ranking = {
        "hit@1": (_share(report.hit_at_1), "the right article ranks first"),
        "hit@3": (_share(report.hit_at_3), "it is among the first three"),
        "by group": (_figure(report.hit_at_1_by_group), "hit@1, each group of variants counted once"),
        "MRR": (_figure(report.mrr), "one over the place of the right article, on average"),
    }
    confidence = {
        "AUROC": (_figure(report.auroc), "how often a right first article gets more confidence than a wrong one"),
        "AUGRC": (f"{report.augrc:.3f}", "answered and wrong, over all thresholds; 0 is best"),
        "coverage": (
            _between(report.coverage_at_5, report.coverage_at_5_interval),
            "answered rightly if at most 5 % of the answers may be wrong",
        ),
        "": (_between(report.coverage_at_1, report.coverage_at_1_interval), "the same, if at most 1 % may be"),
        "ECE": (f"{report.ece:.3f}", "how far confidence is from the share right, on average"),
    }
    freshness = {
        "stale refused": (_share(report.stale_refused), "overdue articles that matched and were refused"),
        "acted on stale": (str(report.acted_on_stale), "actions on an article that is not in date; must be 0"),
        "no review date": (str(report.refusals.get("freshness_unknown", 0)), "refused because nobody knows"),
    }
    speed = {
        "latency": (f"{report.latency_p50_ms:.0f} ms", "median of a whole triage"),
        " ": (f"{report.latency_p95_ms:.0f} ms", "95 of 100 are quicker"),
    }
    return Group(
        table,
        *_section("Ranking, of the answerable tickets", _explained(ranking)),
        *_section("Confidence, freshness set aside", _explained(confidence)),
        *_section("Freshness gate", _explained(freshness)),
        *_section("Decisions", _decisions(report)),
        *_section("Speed", _explained(speed)),
        Text("\n(a–b) is the 95 % interval, n how many were counted.", style="dim"),
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _between(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value:.3f} ({low:.3f}–{high:.3f})"


def _section(title: str, body: RenderableType) -> tuple[RenderableType, ...]:
    return Text(f"\n{title}", style="bold cyan"), Padding(body, (0, 0, 0, 2))


def _size(report: EvalReport) -> str:
    return f"{report.articles} articles, {report.tickets} tickets, {report.answerable} of them answerable"


def _facts(rows: Mapping[str, str]) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in rows.items():
        facts.add_row(name, Text(value))
    return facts


def _explained(rows: Mapping[str, tuple[str, str]]) -> Table:
    figures = Table.grid(padding=(0, 2))
    figures.add_column(no_wrap=True, min_width=14)
    figures.add_column(no_wrap=True)
    figures.add_column(style="dim", overflow="fold")
    for name, (figure, meaning) in rows.items():
        figures.add_row(name, Text(figure), Text(meaning))
    return figures


def _decisions(report: EvalReport) -> Table:
    """Show what became of each kind of ticket, then why tickets were refused."""
    rows = {}
    for kind, figures in report.slices.items():
        hit = "" if figures.hit_at_1 is None else f", hit@1 {figures.hit_at_1:.3f}"
        rows[one_line(kind).replace("_", " ")] = f"{figures.n} tickets, {figures.answered} acted on{hit}"
    refused = sorted(report.refusals.items(), key=lambda item: -item[1])
    rows["refused"] = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in refused) or "none"
    return _facts(rows)


def _share(share: Share) -> str:
    if share.value is None:
        return "–"
    return f"{share.value:.3f} ({share.low:.3f}–{share.high:.3f}, n = {share.n})"
