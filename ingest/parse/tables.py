"""Table cells with their spans enter, a grid leaves: what spans rows is repeated, so that every row reads alone."""

from collections.abc import Sequence
from typing import TypeVar

MAX_SPAN = 50
"""Wider spans are cut: real tables stay far below, and a page can claim 65,534."""

MAX_COLUMNS = 200
"""Cells further right neither span nor are spanned into; their text stays."""

Cell = TypeVar("Cell")


def grid(rows: Sequence[Sequence[tuple[Cell, int, int]]]) -> list[list[Cell | None]]:
    """Lay cells out in columns.

    Args:
        rows: Per row its cells, each with its row span and column span.

    Returns:
        Per row its cells by column. A cell stands in the first of its columns and again in each row that it spans;
        the other columns it covers hold `None` and are left out where they would end a row.
    """
    laid: list[list[Cell | None]] = []
    hanging: dict[int, tuple[Cell | None, int]] = {}
    for row in rows:
        line: list[Cell | None] = []
        for cell, row_span, column_span in row:
            _drop_hanging(line, hanging)
            for offset in range(_clamp(column_span) if len(line) < MAX_COLUMNS else 1):
                content = cell if offset == 0 else None
                if _clamp(row_span) > 1 and len(line) < MAX_COLUMNS:
                    hanging[len(line)] = (content, _clamp(row_span))
                line.append(content)
        _drop_hanging(line, hanging)
        hanging = {column: (cell, left - 1) for column, (cell, left) in hanging.items() if left > 1}
        while line and line[-1] is None:
            line.pop()
        laid.append(line)
    return laid


def _drop_hanging(line: list[Cell | None], hanging: dict[int, tuple[Cell | None, int]]) -> None:
    """Fill the columns that a cell of an earlier row still covers."""
    while len(line) in hanging:
        line.append(hanging[len(line)][0])


def _clamp(span: int) -> int:
    return min(max(span, 1), MAX_SPAN)
