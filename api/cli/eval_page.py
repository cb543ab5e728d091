"""The figures of an evaluation enter, what a terminal shows of them leaves."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.evaluate.compare import Comparison
from agent.evaluate.figures import EvalReport
from api.cli.terminal import one_line
from api.eval_figures import Row, Section, comparison_sections, sections, size


def eval_page(report: EvalReport, comparison: Comparison | None) -> Group:
    """Lay the figures out.

    Args:
        report: Of this run.
        comparison: With another run, if there was one.
    """
    parts: list[RenderableType] = [_table((("dataset", report.dataset, ""), ("size", size(report), "")))]
    told = (*sections(report), *(comparison_sections(comparison) if comparison else ()))
    for section in told:
        parts += _shown(section)
    parts.append(Text("\n(a–b) is the 95 % interval, n how many were counted.", style="dim"))
    return Group(*parts)


def _shown(section: Section) -> tuple[RenderableType, ...]:
    return Text(f"\n{section.title}", style="bold cyan"), Padding(_table(section.rows), (0, 0, 0, 2))


def _table(rows: tuple[Row, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=14)
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for name, figure, meaning in rows:
        table.add_row(Text(one_line(name)), Text(one_line(figure)), Text(one_line(meaning)))
    return table
