"""Search results, articles, runs and the home's state enter, lists for a person leave."""

from collections.abc import Sequence
from typing import get_args

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.cli.passage import excerpt, quoted
from api.cli.render import freshness_text
from api.cli.terminal import one_line, shown
from api.cli.words import FRESHNESS_STYLE, outcome_counts, version_words
from api.schemas import ArticleLineV1, ArticleReportV1, IngestRunV1, PassageV1, SearchV1, StatusV1
from index.models import SyncOutcome

_OUTCOME_STYLE = {
    "indexed": "green",
    "updated": "green",
    "metadata_only": "cyan",
    "quarantined": "bold magenta",
    "unchanged": "dim",
    "deleted": "yellow",
    "skipped": "yellow",
    "failed": "bold red",
}
_STATE_STYLE = {"queued": "dim", "running": "cyan", "failed": "bold red", "interrupted": "yellow"}
_MAX_QUOTE_LINES = 8
_MAX_QUOTE_CHARS = 320


def search_list(found: SearchV1) -> RenderableType:
    """Show what a search found, a passage per article."""
    return Group(*(_result(number, one) for number, one in enumerate(found.results, start=1)))


def _result(number: int, found: PassageV1) -> RenderableType:
    head = Text.assemble((f"{number}. ", "bold cyan"), (one_line(found.title), "bold"))
    facts = Text(f"{one_line(found.article_id)} · {one_line(version_words(found))}", style="dim")
    if found.attached_to:
        facts.append(f" · attached to {one_line(found.attached_to)}")
    facts.append(f" · similarity {found.similarity:.2f}")
    current = freshness_text(found.freshness)
    current.append(f" · owner {one_line(found.owner)}" if found.owner else " · no owner", "default")
    quote = excerpt(found.quote, max_lines=_MAX_QUOTE_LINES, max_chars=_MAX_QUOTE_CHARS)
    words = quoted(quote)
    where = " › ".join(one_line(part) for part in found.section)
    parts: list[RenderableType] = [facts, current, words]
    if where:
        parts.append(Text(where, style="dim"))
    return Group(head, Padding(Group(*parts), (0, 0, 1, 3)))


def article_table(articles: Sequence[ArticleLineV1]) -> Table:
    """Show articles, one row each; the status only where it is not the usual one."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Article", overflow="fold")
    table.add_column("State", no_wrap=True)
    table.add_column("Good until", no_wrap=True)
    table.add_column("Owner", overflow="ellipsis", no_wrap=True)
    for article in articles:
        freshness = article.freshness
        state = Text(freshness.state, style=FRESHNESS_STYLE.get(freshness.state, ""))
        if article.status != "published":
            state.append(f"\n{article.status}", "yellow")
        last_day = min((day for day in (freshness.review_by, freshness.valid_until) if day), default=None)
        name = Text.assemble(one_line(article.article_id), "\n", (one_line(article.title), "dim"))
        if article.attached_to:
            name.append(f"\nattached to {one_line(article.attached_to)}", "dim")
        for reason in article.quarantine:
            name.append(f"\n{one_line(reason)}", "yellow")
        table.add_row(
            name,
            state,
            last_day.isoformat() if last_day else "–",
            Text(one_line(article.owner or "–")),
        )
    return table


def report_line(report: ArticleReportV1) -> Text:
    """Show what a run did with one article, in one line."""
    line = Text.assemble((f"{report.outcome.replace('_', ' '):<13}", _OUTCOME_STYLE[report.outcome]), " ")
    line.append(one_line(report.article_id))
    why = "; ".join(one_line(part) for part in (report.reason, *report.warnings) if part)
    if why:
        line.append(f": {why}", "dim")
    return line


def run_table(runs: Sequence[IngestRunV1]) -> Table:
    """Sum up runs, a row each."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Source", overflow="fold")
    met = [outcome for outcome in get_args(SyncOutcome) if any(run.outcomes.get(outcome) for run in runs)]
    for outcome in met:
        table.add_column(outcome.split("_", maxsplit=1)[0].capitalize(), justify="right", no_wrap=True)
    table.add_column("Time", justify="right", no_wrap=True)
    for run in runs:
        counts = run.outcomes
        cells = [Text(str(counts[o]), style=_OUTCOME_STYLE[o]) if o in counts else Text("·", "dim") for o in met]
        table.add_row(Text(one_line(run.source)), *cells, "–" if run.took_s is None else f"{run.took_s:.1f} s")
    return table


def status_page(status: StatusV1) -> RenderableType:
    """Show what a home holds."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("home", shown(status.home))
    facts.add_row("model", shown(status.model or "none yet"))
    facts.add_row("server", shown(status.server or "not running"))
    facts.add_row("articles", _state_counts(status))
    unpublished = [f"{count} {name}" for name, count in status.by_status.items() if name != "published"]
    if unpublished:
        facts.add_row("never acted on", Text(" · ".join(unpublished), style="yellow"))
    parts: list[RenderableType] = [facts]
    if status.runs:
        parts += [Text("\nLast runs", style="bold"), run_history(status.runs, ids=False)]
    return Group(*parts)


def _state_counts(status: StatusV1) -> Text:
    line = Text(str(status.articles))
    for state, count in status.by_state.items():
        line.append(" · ", "dim").append(f"{count} {state}", FRESHNESS_STYLE.get(state, ""))
    return line


def run_history(runs: Sequence[IngestRunV1], *, ids: bool) -> Table:
    """Show past runs, a row each.

    Args:
        runs: Newest first.
        ids: Whether to name each by its id too.
    """
    table = Table(box=None, header_style="dim", pad_edge=False)
    if ids:
        table.add_column("Run", no_wrap=True)
    table.add_column("Started", no_wrap=True)
    table.add_column("Source", overflow="fold")
    table.add_column("Outcome", overflow="fold")
    for run in runs:
        cells = [Text(run.started_at.strftime("%Y-%m-%d %H:%M")), Text(one_line(run.source)), _ending(run)]
        table.add_row(*([Text(run.id)] if ids else []), *cells)
    return table


def _ending(run: IngestRunV1) -> Text:
    counted = outcome_counts(run.outcomes)
    if run.state == "done":
        return Text(counted or "nothing met")
    line = Text(run.state, style=_STATE_STYLE[run.state])
    why = "; ".join(one_line(part) for part in (run.error or "", counted) if part)
    return line.append(f": {why}", "default") if why else line


def run_page(run: IngestRunV1, articles: Sequence[ArticleReportV1]) -> RenderableType:
    """Show one run and what it did with each article."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("run", run.id)
    facts.add_row("source", shown(run.source))
    facts.add_row("started", run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC"))
    if run.took_s is not None:
        facts.add_row("took", f"{run.took_s:.1f} s")
    total = "" if run.articles_total is None else f" of {run.articles_total:,}"
    facts.add_row("articles", f"{run.articles_met:,}{total}")
    facts.add_row("outcome", _ending(run))
    return Group(facts, *([Text("")] if articles else []), *map(report_line, articles))
