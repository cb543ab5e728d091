"""A decision enters, a card that a technician enjoys reading leaves."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from api.cli.passage import excerpt, passage, quoted
from api.cli.terminal import one_line, shown
from api.cli.words import (
    FRESHNESS_STYLE,
    OUTCOME_STYLE,
    REASON_WORDS,
    freshness_words,
    outcome_words,
    percent,
    version_words,
)
from api.schemas import CitationV1, DecisionV1, FreshnessV1, RefusalV1

_INDENT = (0, 0, 0, 2)
_MAX_WIDTH = 100
"""Wider lines tire the eye."""
_MAX_QUOTE_LINES = 6
_MAX_PAST = 3
_MAX_QUOTE_CHARS = 600
_LAST_NUMBER = re.compile(r"\s*\d+[.)]\s*$")


class DecisionCard:
    """One decision as a card: outcome, steps with citation marks, reply, refusal, citations."""

    def __init__(self, decision: DecisionV1) -> None:
        self._decision = decision

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the parts of the card, at most 100 columns wide."""
        width = min(options.max_width, _MAX_WIDTH)
        for part in self._parts(boxed=console.is_terminal):
            yield from console.render(part, options.update(width=width, height=None))

    def _parts(self, *, boxed: bool) -> Iterator[RenderableType]:
        decision = self._decision
        heading = Text.assemble((one_line(decision.ticket.id), "bold"), (f" · {decision.ticket.channel}", "dim"))
        yield Rule(heading, align="left", style="dim")
        yield shown(one_line(decision.ticket.summary), "bold")
        if decision.ticket.attachments:
            yield shown(one_line(f"with {', '.join(decision.ticket.attachments)} (not opened)"), "dim")
        yield Text()
        yield _outcome_line(decision)
        if decision.refusal is not None:
            yield Text()
            yield _refusal(decision.refusal, boxed=boxed)
        if decision.user_message.strip():
            yield from _section("Reply to the requester", _reply(decision))
        if decision.steps and _around_steps(decision) is None:
            yield from _section("Steps", _steps(decision))
        if decision.citations:
            acted = any(citation.use == "acted_on" for citation in decision.citations)
            yield from _section("Citations" if acted else "For whoever takes over", _citations(decision))
        yield Text()


def _section(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, style="bold cyan")
    yield Padding(body, _INDENT)


def _outcome_line(decision: DecisionV1) -> Text:
    line = Text.assemble((f" {outcome_words(decision.outcome)} ", OUTCOME_STYLE[decision.outcome]), "  ")
    facts = [decision.priority, one_line(decision.assigned_team)]
    if decision.refusal is None or decision.confidence > 0:
        facts.insert(0, f"confidence {percent(decision.confidence)}")
    if decision.category:
        facts.append(one_line(decision.category))
    if decision.sentiment != "neutral":
        facts.append(decision.sentiment)
    line.append(" · ".join(fact for fact in facts if fact))
    if decision.tags:
        line.append("\n" + " ".join(f"#{one_line(tag).replace(' ', '-')}" for tag in decision.tags), "dim")
    team = decision.routing.team
    if team.basis == "past_tickets" and team.confidence is not None:
        like = [one.example_id for one in decision.routing.past_tickets if one.team == decision.assigned_team]
        names = ", ".join(map(one_line, like[:_MAX_PAST]))
        line.append(f"\nto {one_line(decision.assigned_team)} as {names} ({percent(team.confidence)})", "dim")
    if decision.risk_flag.flag:
        line.append("\n").append("risk: ", "bold red").append(one_line(decision.risk_flag.reason))
    return line


def _steps(decision: DecisionV1) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for number, step in enumerate(decision.steps, start=1):
        words = passage(step.text)
        words.append(f" [{step.citation}]", "bold cyan")
        grid.add_row(f"{number}.", words)
    return grid


def _reply(decision: DecisionV1) -> RenderableType:
    """Show the reply; where it holds the steps, they stand in it once, with their citation marks."""
    message = decision.user_message.strip()
    around = _around_steps(decision) if decision.steps else None
    if around is None:
        return shown(message)
    before, after = around
    parts: list[RenderableType] = [shown(before), Text(), _steps(decision)] if before else [_steps(decision)]
    return Group(*parts, Text(), shown(after)) if after else Group(*parts)


def _around_steps(decision: DecisionV1) -> tuple[str, str] | None:
    message = decision.user_message.strip()
    first = end = -1
    for step in decision.steps:
        start = message.find(step.text.strip(), max(end, 0))
        if start < 0:
            return None
        first = start if first < 0 else first
        end = start + len(step.text.strip())
    return _LAST_NUMBER.sub("", message[:first]).strip(), message[end:].strip()


def _refusal(refusal: RefusalV1, *, boxed: bool) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("why", shown(one_line(refusal.detail)))
    if refusal.best_article_id is not None:
        if repr(refusal.best_article_id) not in refusal.detail:
            rows.add_row("closest", shown(one_line(refusal.best_article_id)))
        if "similarity" not in refusal.detail:
            rows.add_row("scores", Text(_scores(refusal)))
    if refusal.what_would_change_it:
        rows.add_row("would change it", shown(one_line(refusal.what_would_change_it)))
    title = f"Not acted on: {REASON_WORDS[refusal.reason].lower()}"
    if boxed:
        return Panel(rows, title=Text(title, style="bold"), title_align="left", border_style="yellow", box=box.ROUNDED)
    return Group(Text(title, style="bold"), Padding(rows, _INDENT))


def _scores(refusal: RefusalV1) -> str:
    said: list[str] = []
    if refusal.best_similarity is not None:
        said.append(f"similarity {refusal.best_similarity:.2f}, needs {refusal.threshold:.2f}")
    if refusal.best_confidence is not None:
        said.append(f"confidence {percent(refusal.best_confidence)}, needs {percent(refusal.confidence_threshold)}")
    return " · ".join(said)


def _citations(decision: DecisionV1) -> Group:
    steps = {step.citation: (number, step.text.strip()) for number, step in enumerate(decision.steps, start=1)}
    parts: list[RenderableType] = []
    for _, cited in groupby(decision.citations, key=lambda one: (one.article_id, one.revision)):
        group = list(cited)
        if parts:
            parts.append(Text())
        parts += [_article_lines(group[0]), _quotes(group, steps)]
    return Group(*parts)


def _article_lines(citation: CitationV1) -> Text:
    lines = Text.assemble((one_line(citation.title), "bold"))
    lines.append(f"\n{one_line(citation.article_id)} · {one_line(version_words(citation))}", "dim")
    if citation.attached_to:
        lines.append(f"\nattached to {one_line(citation.attached_to)}", "dim")
    lines.append("\n").append_text(freshness_text(citation.freshness))
    lines.append(f" · owner {one_line(citation.owner)}" if citation.owner else " · no owner")
    if citation.url:
        lines.append(f"\n{one_line(citation.url)}", "dim")
    return lines


def freshness_text(freshness: FreshnessV1) -> Text:
    """Say how current an article is, in its state's colour."""
    return Text(freshness_words(freshness), style=FRESHNESS_STYLE.get(freshness.state, ""))


def _quotes(citations: list[CitationV1], steps: dict[int, tuple[int, str]]) -> Table:
    """Show each quote; those that are steps stand above in full, so a line says which."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, style="bold cyan")
    grid.add_column(overflow="fold")

    def is_step(citation: CitationV1) -> bool:
        return steps.get(citation.n, (0, ""))[1] == citation.quote.strip()

    for (repeats, where), cited in groupby(citations, key=lambda one: (is_step(one), _where(one))):
        group = list(cited)
        if repeats:
            numbers = _range([steps[one.n][0] for one in group])
            what = Text(f"{'steps' if len(group) > 1 else 'step'} {numbers}, word for word")
            grid.add_row(f"[{_range([one.n for one in group])}]", what.append(f" · {where}" if where else "", "dim"))
            continue
        for one in group:
            short = excerpt(one.quote, max_lines=_MAX_QUOTE_LINES, max_chars=_MAX_QUOTE_CHARS)
            parts: list[RenderableType] = [quoted(short)]
            grid.add_row(f"[{one.n}]", Group(*parts, Text(where, style="dim")) if where else Group(*parts))
    return grid


def _where(citation: CitationV1) -> str:
    where = " › ".join(one_line(part) for part in citation.section)
    return "" if where == one_line(citation.title) else where


def _range(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
