"""`runcite index push` and `pull`: the vectors of a home enter, the same on a Qdrant server leave; and back."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.bootstrap import open_mover
from api.cli.options import HomeOption, JsonOption, Session, start
from api.cli.terminal import json_text, one_line
from api.errors import UsageError
from api.schemas import MoveV1
from index.carry import Carried, Carrying
from index.interrupt import stop_on_signals


class Action(StrEnum):
    """Which way vectors are copied."""

    PUSH = "push"
    PULL = "pull"


def index(
    context: typer.Context,
    action: Annotated[
        Action, typer.Argument(metavar="push|pull", help="Copy vectors to a Qdrant server, or back into the home.")
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="With push: the server's REST address. [env: RUNCITE_QDRANT_URL]"),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="With pull: the server's REST address. [env: RUNCITE_QDRANT_URL]"),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the index's vectors between its home and a Qdrant server; nothing is embedded again, no model is loaded.

    The server's collection gets the name it serves under when it holds every chunk. Whatever answered before goes on as
    it was until RUNCITE_QDRANT_URL is set, or unset; what is interrupted is gone on with by the next run. Nobody else
    may have the home open meanwhile. Key, ports and layout of a new collection are those of RUNCITE_QDRANT_*.
    """
    session = start(context, home)
    url = _address(session, action, to, from_)
    done = _carry_out(session, action, url)
    if as_json:
        answer = MoveV1(
            action=action.value,
            url=url,
            collection=session.settings.qdrant_collection,
            chunks=done.points,
            chunks_sent=done.sent,
            state="done" if done.done else "interrupted",
        )
        session.terminal.result(json_text(answer))
    else:
        session.terminal.note(_said(session, action, url, done), "" if done.done else "red")
    if not done.done:
        raise typer.Exit(1)


def _address(session: Session, action: Action, to: str | None, from_: str | None) -> str:
    named, other, option = (to, from_, "--to") if action is Action.PUSH else (from_, to, "--from")
    if other is not None:
        wrong = "--from" if action is Action.PUSH else "--to"
        raise UsageError(f"{wrong} {other!r} does not go with {action.value}; expected {option} URL")
    url = named or session.settings.qdrant_url
    if url is None:
        raise UsageError(f"no server is named; expected {option} URL, such as {option} http://localhost:6333")
    return url


def _carry_out(session: Session, action: Action, url: str) -> Carried:
    terminal = session.terminal
    columns = (BarColumn(24), TaskProgressColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with (
        stop_on_signals() as should_stop,
        open_mover(session.settings, url, command=f"runcite index {action.value}", notice=terminal.note) as mover,
        Progress(*columns, console=terminal.err, transient=True, disable=not terminal.err.is_terminal) as progress,
    ):
        total = mover.catalog.chunk_count()
        task = progress.add_task(f"{total:,} chunks", total=total)
        how = Carrying(should_stop, on_count=lambda count: progress.update(task, completed=count))
        return mover.push(how) if action is Action.PUSH else mover.pull(how)


def _said(session: Session, action: Action, url: str, done: Carried) -> str:
    place = f"the Qdrant server at {one_line(url)}" if action is Action.PUSH else f"the home {str(session.home)!r}"
    if not done.done:
        return (
            f"Interrupted: {done.sent} of {done.points} chunks were copied to {place}, and stay there. What answered "
            "before still does. Run it again to go on."
        )
    counted = f"All {done.points} chunks are in {place}; {done.sent} were copied now."
    if action is Action.PULL:
        return f"{counted} Unset RUNCITE_QDRANT_URL for every command, and start `runcite serve` again."
    return (
        f"{counted} It serves them as {session.settings.qdrant_collection!r}. Set RUNCITE_QDRANT_URL={one_line(url)} "
        "for every command, besides the RUNCITE_QDRANT_* that are set now, and start `runcite serve` again. Nothing "
        "keeps up the vectors in the home from then on."
    )
