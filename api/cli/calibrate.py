"""`runcite calibrate`: labelled tickets enter; a certified threshold, its table and its plot leave."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.console import Group
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from agent.calibration import CALIBRATION_NAME, Calibration, setting_of, write_calibration
from agent.evaluate.calibrate import Fitting, Labelled, fit, gather
from agent.evaluate.certify import Bound, RiskPoint
from agent.evaluate.dataset import LabelledTickets, load_tickets
from agent.policy import Policy
from api.bootstrap import open_runtime
from api.charts import Axis, Series, chart
from api.cli.options import HomeOption, JsonOption, start
from api.cli.terminal import Terminal
from api.errors import ConfigurationError
from api.home import LocalRuntime

PLOT_NAME = "calibration.svg"
DONE_WITH_FAILURES = 1
_SHOWN_EVERY = 5
_JSON = TypeAdapter(dict[str, Any])
_FITTING = TypeAdapter(Fitting)


def calibrate(
    context: typer.Context,
    labelled: Annotated[
        Path,
        typer.Argument(
            metavar="LABELLED", help="Labelled tickets, one JSON object per line; or a folder with queries.jsonl."
        ),
    ],
    alpha: Annotated[
        float, typer.Option("--alpha", min=0.001, max=0.5, help="Share of what is acted on that may be wrong.")
    ] = 0.05,
    delta: Annotated[
        float, typer.Option("--delta", min=0.001, max=0.5, help="Probability that it is more all the same.")
    ] = 0.10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the confidence from which acting is wrong at most so often, certified by labelled tickets of your own.

    The tickets are decided against the home's index, and the threshold is kept in the home. Where they certify none,
    nothing changes and the exit code is 1.
    """
    # No language model is asked: what it would do after the match is none of the threshold's business.
    session = start(context, home).deciding_by("extractive")
    terminal = session.terminal
    with open_runtime(session.settings, command="runcite calibrate", notice=terminal.note) as runtime:
        dataset = load_tickets(labelled, runtime.catalog.standings().keys())
        policy = runtime.policy.current().policy
        found = fit(_facts(dataset, runtime, terminal), policy, Bound(alpha, delta))
        calibration = _calibration(found, policy, runtime)
    if calibration is not None:
        write_calibration(session.home / CALIBRATION_NAME, calibration)
        _write_plot(session.home / PLOT_NAME, found)
    if as_json:
        told = {"id": calibration.id if calibration else None, **_FITTING.dump_python(found, mode="json")}
        terminal.result(_JSON.dump_json(told, indent=2).decode())
    else:
        terminal.show(_page(found, calibration, policy))
    if calibration is None:
        terminal.note(_why_not(found, policy), style="yellow")
        raise typer.Exit(DONE_WITH_FAILURES)
    terminal.note(f"kept in {session.home / CALIBRATION_NAME}; plotted in {session.home / PLOT_NAME}")


def _facts(dataset: LabelledTickets, runtime: LocalRuntime, terminal: Terminal) -> Labelled:
    columns = (BarColumn(24), TextColumn("ticket {task.completed:.0f} of {task.total:.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as progress:
        task = progress.add_task("tickets", total=len(dataset.tickets))
        return gather(dataset, runtime.triager, lambda: progress.advance(task))


def _calibration(found: Fitting, policy: Policy, runtime: LocalRuntime) -> Calibration | None:
    chosen, bound = found.certificate.chosen, found.certificate.bound
    if chosen is None:
        return None
    return Calibration(
        created_at=datetime.now(UTC).replace(microsecond=0),
        threshold=chosen.threshold,
        none=found.none,
        alpha=bound.alpha,
        delta=bound.delta,
        tickets=found.certificate.tickets,
        acted=chosen.acted,
        wrong=chosen.wrong,
        setting=setting_of(policy, runtime.catalog),
    )


def _write_plot(file: Path, found: Fitting) -> None:
    try:
        file.write_text(_plot(found), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"the plot {str(file)!r} cannot be written: {error.strerror}") from error


def _plot(found: Fitting) -> str:
    certificate = found.certificate
    points = [point for point in certificate.curve if point.acted]
    share = [point.acted / certificate.tickets for point in points]
    seen = [point.wrong / point.acted for point in points]
    most = min(1.0, max(4 * certificate.bound.alpha, *seen)) if seen else 1.0
    return chart(
        "Risk and coverage",
        Axis("acted on, of all tickets"),
        Axis("wrong, of those acted on", most),
        [
            Series("seen", list(zip(share, seen, strict=True))),
            Series("not more than", [(a, point.at_most) for a, point in zip(share, points, strict=True)]),
            Series("allowed", [(0.0, certificate.bound.alpha), (1.0, certificate.bound.alpha)], dashed=True),
        ],
    )


def _page(found: Fitting, calibration: Calibration | None, policy: Policy) -> Group:
    certificate = found.certificate
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    rows = {
        "tickets": f"{found.given} given, {certificate.tickets} independent ones certify (one of each group), "
        f"{found.answerable} of them with an article",
        "intercept": _intercept(found),
        "wish": _bound_in_words(certificate.bound),
    }
    if calibration is not None and certificate.chosen is not None:
        chosen = certificate.chosen
        rows |= {
            "certified": f"from confidence {chosen.threshold:.2f} on; the policy's {policy.min_confidence:.2f} gives "
            "way",
            "seen": f"{chosen.acted} acted on, {chosen.wrong} of them wrongly; "
            f"{found.answered} of {found.answerable} answerable tickets answered rightly",
            "named": f"fitted:{calibration.id} in every decision",
        }
    else:
        rows["certified"] = "nothing"
    for name, value in rows.items():
        facts.add_row(name, Text(value))
    return Group(
        facts,
        Text("\nRisk and coverage", style="bold cyan"),
        _table(found),
        Text(
            "\nActed on: one article counts as the answer, freshness and the other gates set aside. Wrong: that "
            "article is none of the ticket's. At most: alone at this threshold, with the confidence asked for.",
            style="dim",
        ),
    )


def _intercept(found: Fitting) -> str:
    if found.none is None:
        return "as shipped: too few tickets to spend some on fitting it"
    return (
        f"fitted to {found.fitted_to} tickets of other groups; stated confidence was off by {found.ece_before:.2f} "
        f"and is off by {found.ece_after:.2f}, on average"
    )


def _table(found: Fitting) -> Table:
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for heading in ("  confidence from", "acted on", "of all", "wrong", "at most"):
        table.add_column(heading, justify="right")
    chosen = found.certificate.chosen
    for place, point in enumerate(found.certificate.curve, 1):
        if point.acted and (place % _SHOWN_EVERY == 0 or point is chosen):
            style = "bold green" if point is chosen else ""
            table.add_row(*_row(point, found.certificate.tickets), style=style)
    return table


def _row(point: RiskPoint, tickets: int) -> tuple[str, ...]:
    share = f"{point.acted / tickets:.0%}"
    return f"{point.threshold:.2f}", str(point.acted), share, str(point.wrong), f"{point.at_most:.1%}"


def _why_not(found: Fitting, policy: Policy) -> str:
    bound, best = found.certificate.bound, found.best
    said = f"With {found.certificate.tickets} tickets, at {1 - bound.delta:.0%} confidence "
    if best is None or best.chosen is None:
        said += "nothing can be certified."
    else:
        said += (
            f"the best that can be certified is {best.bound.alpha:.1%} wrong, from confidence "
            f"{best.chosen.threshold:.2f} on ({best.chosen.acted} acted on, {best.chosen.wrong} wrong): "
            f"`--alpha {best.bound.alpha:g}` asks for that."
        )
    return (
        f"{said} For {bound.alpha:.1%} at least {bound.least_acted} must be acted on without a mistake, or more with "
        f"some. Nothing was written: the threshold stays {policy.min_confidence:.2f} or what an earlier calibration "
        "certified."
    )


def _bound_in_words(bound: Bound) -> str:
    return (
        f"at most {bound.alpha:.1%} of what is acted on is wrong, with {1 - bound.delta:.0%} confidence "
        f"(alpha {bound.alpha:g}, delta {bound.delta:g})"
    )
