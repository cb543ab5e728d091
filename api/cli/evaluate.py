"""`runcite eval`: a labelled dataset enters, the figures of a triager over it leave."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.table import Table
from rich.text import Text

from agent.evaluate.dataset import load_dataset
from agent.evaluate.run import EvalReport, Share
from agent.evaluate.run import evaluate as run_evaluation
from api.bootstrap import open_runtime
from api.cli.ingest import RunWatcher
from api.cli.options import EmbeddingOption, HomeOption, JsonOption, start
from api.errors import NothingToDoError
from api.settings import DEFAULT_HOME

_REPORT_JSON = TypeAdapter(EvalReport)


def evaluate(
    context: typer.Context,
    dataset_dir: Annotated[
        Path, typer.Argument(metavar="DATASET_DIR", help="Folder with pages/, queries.jsonl and meta.json.")
    ],
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Ingest a labelled dataset into a home of its own, triage its tickets, and print how often that was right."""
    session = start(context, home, embedding)
    terminal = session.terminal
    dataset = load_dataset(dataset_dir)
    if not dataset.tickets:
        raise NothingToDoError(
            f"no ticket in {str(dataset_dir / 'queries.jsonl')!r}; expected one JSON object per line"
        )
    if session.home == DEFAULT_HOME:
        name = re.sub(r"[^\w.-]", "_", dataset.name)
        session = replace(session, settings=session.settings.model_copy(update={"home": DEFAULT_HOME / f"eval-{name}"}))
    with open_runtime(session.settings, create=True, command="runcite eval", notice=terminal.note) as runtime:
        watcher = RunWatcher(terminal, lists=False)
        with watcher.watching(dataset.pages) as met:
            runtime.ingest(str(dataset.pages), on_article=met, allow_mass_delete=True)
        articles = len(runtime.catalog.standings())
        report = run_evaluation(dataset, runtime.triager, articles)
    if as_json:
        terminal.result(_REPORT_JSON.dump_json(report, indent=2).decode())
    else:
        terminal.show(_page(report))


def _page(report: EvalReport) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    rows = {
        "dataset": report.dataset,
        "size": f"{report.articles} articles, {report.tickets} tickets, {report.answerable} of them answerable",
        "hit@1": _share(report.hit_at_1),
        "hit@3": _share(report.hit_at_3),
        "AUROC": "–" if report.auroc is None else f"{report.auroc:.3f}  of confidence",
        "coverage": f"{report.coverage_at_5:.3f} at ≤ 5 % wrong, {report.coverage_at_1:.3f} at ≤ 1 %",
        "stale refused": f"{_share(report.stale_refused)} of those found",
        "acted on stale": str(report.acted_on_stale),
        "refusals": ", ".join(f"{count} {reason}" for reason, count in sorted(report.refusals.items())) or "none",
        "latency": f"{report.latency_p50_ms:.0f} ms median, {report.latency_p95_ms:.0f} ms p95",
    }
    for name, value in rows.items():
        facts.add_row(name, Text(value))
    for kind, figures in report.slices.items():
        hit = "" if figures.hit_at_1 is None else f", hit@1 {figures.hit_at_1:.3f}"
        facts.add_row(kind.replace("_", " "), Text(f"{figures.n} tickets, {figures.answered} answered{hit}"))
    return facts


def _share(share: Share) -> str:
    if share.value is None:
        return "–"
    return f"{share.value:.3f}  ({share.low:.3f}–{share.high:.3f}, n = {share.n})"
