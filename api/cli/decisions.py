"""`runcite decisions`: the decisions on record, or one of them with what it was made of."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar, get_args

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.ledger import DecisionQuery
from agent.models import Outcome, RefusalReason
from api.beside import open_decisions
from api.cli.options import HomeOption, JsonOption, number_between, start
from api.cli.render import DecisionCard, freshness_text
from api.cli.terminal import json_text, one_line
from api.cli.words import OUTCOME_STYLE, SHORT_OUTCOME, percent
from api.decisions import MAX_PAGE, in_utc
from api.errors import NothingToDoError, UsageError
from api.schemas import DecisionLineV1, DecisionRecordV1

_AGO = re.compile(r"([1-9][0-9]{0,4})([dh])")
_SUMMARY_WIDTH = 60

ChoiceT = TypeVar("ChoiceT", bound=str)


def decisions(
    context: typer.Context,
    decision_id: Annotated[
        str | None, typer.Argument(metavar="[DECISION_ID]", help="Show this decision and what it was made of.")
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome",
            metavar="OUTCOME",
            help=f"Only decisions with this outcome; repeatable. One of {', '.join(get_args(Outcome))}.",
        ),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", metavar="REASON", help="Only refusals for this reason, such as stale; repeatable."),
    ] = None,
    article: Annotated[
        str | None,
        typer.Option("--article", metavar="ARTICLE_ID", help="Only decisions that cite it, or came closest to it."),
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", metavar="ID", help="Only decisions on this ticket.")] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="NAME", help="Only what went to this team.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only decisions with this tag.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="A day, a moment in UTC, or 7d or 12h ago.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="The same; only before then.")] = None,
    limit: Annotated[
        int,
        typer.Option("-n", "--limit", metavar="N", parser=number_between(1, MAX_PAGE, "--limit"), help="How many."),
    ] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the decisions on record, latest first; with an id, one of them with what it was made of."""
    query = DecisionQuery(
        outcomes=_chosen("--outcome", outcome, get_args(Outcome)),
        reasons=_chosen("--reason", reason, get_args(RefusalReason)),
        article=article,
        ticket=ticket,
        team=team,
        tag=tag,
        since=parse_moment("--since", since),
        until=parse_moment("--until", until),
        limit=limit,
    )
    if decision_id is not None and query != DecisionQuery(limit=limit):
        raise UsageError("a DECISION_ID and filters exclude each other; expected one of them")
    session = start(context, home)
    with open_decisions(session.settings) as recorded:
        if decision_id is not None:
            record = recorded.record(decision_id, None)
            if as_json:
                session.terminal.result(json_text(record))
            else:
                session.terminal.show(record_page(record))
            return
        page = recorded.page(query, None)
    if as_json:
        session.terminal.result(json_text(page))
    elif page.decisions:
        session.terminal.show(decision_table(page.decisions))
        if page.next_cursor is not None:
            session.terminal.note(f"There are more; --limit shows up to {MAX_PAGE}, --until DATE those before a day.")
    else:
        raise NothingToDoError(f"no such decision in {str(session.home)!r}")


def _chosen(option: str, given: list[str] | None, known: tuple[ChoiceT, ...]) -> tuple[ChoiceT, ...]:
    for name in given or ():
        if name not in known:
            raise UsageError(f"{option} {name!r} is none; expected one of {', '.join(known)}")
    return tuple(name for name in known if name in (given or ()))


def parse_moment(option: str, text: str | None) -> datetime | None:
    """Read a moment: a day, a moment in ISO 8601, or how long ago it was, such as `7d`.

    Args:
        option: The option's name, for messages.
        text: As given, if it was.

    Returns:
        The moment, in UTC; so it is taken where no zone is given.

    Raises:
        UsageError: It is none.
    """
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        count = int(ago[1])
        return datetime.now(UTC) - (timedelta(days=count) if ago[2] == "d" else timedelta(hours=count))
    try:
        return in_utc(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is no moment; expected a day such as 2026-11-20, a moment such as 2026-11-20T09:00, "
            "or how long ago, such as 7d or 12h"
        ) from error


def decision_table(listed: tuple[DecisionLineV1, ...]) -> Table:
    """Show decisions, two lines each: what was decided, and on what."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Decision", no_wrap=True)
    table.add_column("When (UTC)", no_wrap=True)
    table.add_column("Outcome", no_wrap=True)
    table.add_column("Ticket", overflow="fold")
    for line in listed:
        outcome = Text(SHORT_OUTCOME[line.outcome], style=OUTCOME_STYLE[line.outcome].rpartition(" on ")[2])
        if line.reason is not None:
            outcome.append(f"\n{line.reason.replace('_', ' ')}", "dim")
        summary = Text(one_line(line.summary) if line.summary is not None else "(erased)")
        summary.truncate(_SUMMARY_WIDTH, overflow="ellipsis")
        ticket = Text.assemble((one_line(line.ticket_id), "bold"), " ", summary)
        for article in line.articles[:1]:
            ticket.append(f"\n{one_line(article)}", "dim")
        table.add_row(line.decision_id, line.created_at.strftime("%Y-%m-%d %H:%M"), outcome, ticket)
    return table


def record_page(record: DecisionRecordV1) -> RenderableType:
    """Show one decision as it was given out, and what it was made of."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    decision = record.decision
    facts.add_row("decision", decision.decision_id)
    facts.add_row("made", decision.created_at.strftime("%Y-%m-%d %H:%M:%S UTC"))
    facts.add_row("freshness as of", record.as_of.isoformat())
    facts.add_row("policy", decision.provenance.policy_hash)
    facts.add_row("index", f"{one_line(decision.provenance.embedding)} · {decision.provenance.index_revision}")
    facts.add_row("audit entry", f"{record.audit.seq} · {record.audit.hash}")
    stopped = next((gate for gate in decision.gates if not gate.passed), None)
    if stopped is not None:
        facts.add_row("stopped by", one_line(f"{stopped.gate}: {stopped.detail}"))
    if record.ticket_text is None:
        facts.add_row("ticket", Text("its words have been erased", "yellow"))
    parts: list[RenderableType] = [DecisionCard(decision), Text("On record", style="bold cyan"), Padding(facts, (0, 2))]
    if record.considered:
        parts += [Text("\nLooked at", style="bold cyan"), Padding(_considered(record), (0, 2))]
    return Group(*parts)


def _considered(record: DecisionRecordV1) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("Confidence", justify="right", no_wrap=True)
    table.add_column("Similarity", justify="right", no_wrap=True)
    table.add_column("Article", overflow="fold")
    for one in record.considered:
        article = Text.assemble(one_line(one.article_id), "\n").append_text(freshness_text(one.freshness))
        table.add_row(percent(one.confidence), f"{one.similarity:.2f}", article)
    return table
