"""Search results, articles, runs and the home's state enter, lists for a person leave."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.cli.passage import excerpt, quoted
from api.cli.render import freshness_text
from api.cli.terminal import one_line, shown
from api.cli.words import FRESHNESS_STYLE, version_words
from api.schemas import ArticleLineV1, ArticleReportV1, PassageV1, RunReportV1, SearchV1, StatusV1

OUTCOME_ORDER = ("indexed", "updated", "metadata_only", "quarantined", "unchanged", "deleted", "skipped", "failed")

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
_MAX_QUOTE_LINES = 8
_MAX_QUOTE_CHARS = 320


def search_list(found: SearchV1) -> RenderableType:
    """Show what a search found, a passage per article."""
    return Group(*(_result(number, one) for number, one in enumerate(found.results, start=1)))


def _result(number: int, found: PassageV1) -> RenderableType:
    head = Text.assemble((f"{number}. ", "bold cyan"), (one_line(found.title), "bold"))
    facts = Text(f"{one_line(found.article_id)} · {one_line(version_words(found))}", style="dim")
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


def count_outcomes(reports: Sequence[ArticleReportV1]) -> dict[str, int]:
    """Count outcomes, in the order a person asks for them; those that did not occur are left out."""
    counts = {outcome: sum(report.outcome == outcome for report in reports) for outcome in OUTCOME_ORDER}
    return {outcome: count for outcome, count in counts.items() if count}


def run_table(runs: Sequence[RunReportV1]) -> Table:
    """Sum up runs, a row each."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Source", overflow="fold")
    met = [
        outcome for outcome in OUTCOME_ORDER if any(line.outcome == outcome for run in runs for line in run.articles)
    ]
    for outcome in met:
        table.add_column(outcome.split("_", maxsplit=1)[0].capitalize(), justify="right", no_wrap=True)
    table.add_column("Time", justify="right", no_wrap=True)
    for run in runs:
        counts = count_outcomes(run.articles)
        took_s = (run.finished_at - run.started_at).total_seconds()
        cells = [Text(str(counts[o]), style=_OUTCOME_STYLE[o]) if o in counts else Text("·", "dim") for o in met]
        table.add_row(Text(one_line(run.source)), *cells, f"{took_s:.1f} s")
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
        parts += [Text("\nLast runs", style="bold"), run_summary_table(status)]
    return Group(*parts)


def _state_counts(status: StatusV1) -> Text:
    line = Text(str(status.articles))
    for state, count in status.by_state.items():
        line.append(" · ", "dim").append(f"{count} {state}", FRESHNESS_STYLE.get(state, ""))
    return line


def run_summary_table(status: StatusV1) -> Table:
    """Show the last runs, newest first."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("Started", no_wrap=True)
    table.add_column("Source", overflow="fold")
    table.add_column("Outcome", overflow="fold")
    for run in status.runs:
        said = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in run.outcomes.items())
        outcome = Text(one_line(run.error), style="red") if run.error else Text(said or "nothing met")
        table.add_row(run.started_at.strftime("%Y-%m-%d %H:%M"), Text(one_line(run.source)), outcome)
    return table
