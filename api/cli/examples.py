"""`runcite examples`: a file of labelled past tickets enters, and new tickets are routed like the nearest of them."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from api.cli.options import HomeOption, JsonOption, Session, start
from api.cli.terminal import json_text, one_line
from api.errors import NothingToDoError, UsageError
from api.memory import PastMemory, open_memory
from api.past_tickets import read_file
from api.schemas import PastTicketV1

MOST_MISTAKES = 50
"""How many are listed; who has more has one that repeats."""

_TITLES = ("Id", "Category", "Team", "Priority")
_LEAST_ROOM = 20
_WORTH_SAYING = 500
"""From so many on, embedding takes seconds."""


class Action(StrEnum):
    """What to do with past tickets."""

    IMPORT = "import"
    LIST = "list"
    REMOVE = "remove"


def examples(
    context: typer.Context,
    action: Annotated[
        Action, typer.Argument(metavar="import|list|remove", help="Import a file, list what there is, or remove some.")
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE | ID…]", help="The file to import; ids to remove or list, or globs of them."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep past tickets with their category, team and priority: new tickets are routed by the nearest ones.

    A line of a JSON file is {"id"?, "text" or "subject"+"body", "category"?, "classification"?, "priority"?, "team"?,
    "tags"?}; a CSV file has these as its header. All of a file is imported, or nothing; a known id is replaced. Words
    are scrubbed before they are kept. It can be done beside a running server, and counts from the next ticket on.
    """
    session = start(context, home)
    given = names or []
    with open_memory(session.settings) as memory:
        if action is Action.IMPORT:
            _import(session, memory, given, as_json=as_json)
        elif action is Action.LIST:
            _list(session, memory, given, as_json=as_json)
        else:
            _remove(session, memory, given)


def _import(session: Session, memory: PastMemory, names: Sequence[str], *, as_json: bool) -> None:
    if len(names) != 1:
        raise UsageError(f"{len(names)} files given; expected one, as in `runcite examples import past.jsonl`")
    path = Path(names[0])
    found = read_file(path)
    for mistake in found.mistakes[:MOST_MISTAKES]:
        session.terminal.result(f"{path}:{mistake.line}: {mistake.message}")
    if found.mistakes:
        count = len(found.mistakes)
        raise UsageError(f"{count} mistake{'s' if count > 1 else ''} in {str(path)!r}; nothing was imported")
    if not found.tickets:
        raise NothingToDoError(f"no past ticket in {str(path)!r}; expected one per line")
    if found.unused:
        session.terminal.note(f"Not used: {', '.join(one_line(name) for name in found.unused)}.")
    if len(found.tickets) > _WORTH_SAYING:
        session.terminal.note(f"Embedding {len(found.tickets):,} past tickets; none counts before all are done.")
    done = memory.keep(found.tickets)
    if as_json:
        session.terminal.result(json_text(done))
    else:
        session.terminal.note(
            f"{done.imported} past tickets imported, {done.replaced} of them known; now {done.total}."
        )


def _list(session: Session, memory: PastMemory, names: Sequence[str], *, as_json: bool) -> None:
    kept = memory.listed(names)
    if not kept:
        raise NothingToDoError("there are no such past tickets; `runcite examples import FILE` brings some")
    if as_json:
        for one in kept:
            session.terminal.result(json_text(one, indent=None))
        return
    session.terminal.show(_table(kept, session.terminal.out.width))
    teams = Counter(one.team for one in kept if one.team)
    shares = ", ".join(f"{team} {count}" for team, count in teams.most_common())
    session.terminal.note(f"{len(kept)} past tickets{'; ' if shares else ''}{shares}")


def _table(kept: Sequence[PastTicketV1], width: int) -> Table:
    rows = [(one.example_id, one.category or "", one.team or "", one.priority or "") for one in kept]
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in (*_TITLES, "Words"):
        table.add_column(title, no_wrap=True)
    columns = zip(_TITLES, *rows, strict=True)
    room = width - sum(max(cell_len(one_line(cell)) for cell in column) + 2 for column in columns)
    for row, one in zip(rows, kept, strict=True):
        words = Text(one_line(one.text))
        words.truncate(max(_LEAST_ROOM, room), overflow="ellipsis")
        table.add_row(*(Text(one_line(cell)) for cell in row), words)
    return table


def _remove(session: Session, memory: PastMemory, names: Sequence[str]) -> None:
    if not names:
        raise UsageError("no id given; expected some, or a glob such as 'INC-2024*'; '*' removes all")
    gone = memory.remove(names)
    if not gone:
        raise NothingToDoError(f"no past ticket is called {', '.join(map(repr, names))}; see `runcite examples list`")
    session.terminal.note(f"{len(gone)} past tickets removed.")
