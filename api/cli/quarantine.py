"""`runcite quarantine` and `runcite release`: an article's id and a reason enter, what may be found changes at once."""

from collections.abc import Callable
from typing import Annotated

import typer

from api.bootstrap import open_shelf
from api.cli.options import HomeOption, JsonOption, Session, start
from api.cli.terminal import json_text, one_line
from api.errors import UsageError
from api.schemas import ArticleLineV1
from api.shelf import Shelf

MAX_REASON_CHARS = 1_000

ArticleArgument = Annotated[str, typer.Argument(metavar="ARTICLE_ID", help="As `runcite articles` lists it.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept on record.")]


def quarantine(
    context: typer.Context,
    article_id: ArticleArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an article out of use at once, beside a running server too. It holds until `runcite release`."""
    session = start(context, home)
    line = _rule(session, "runcite quarantine", reason, lambda shelf, why: shelf.quarantine(article_id, why))
    _tell(session, line, as_json=as_json, said="is quarantined: nobody can find it until it is released")


def release(
    context: typer.Context,
    article_id: ArticleArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release a quarantined article as it is now. A new revision is checked anew."""
    session = start(context, home)
    line = _rule(session, "runcite release", reason, lambda shelf, why: shelf.release(article_id, why))
    _tell(session, line, as_json=as_json, said="is released: it can be found again")


def _rule(session: Session, command: str, reason: str, act: Callable[[Shelf, str], ArticleLineV1]) -> ArticleLineV1:
    why = one_line(reason)
    if not why or len(why) > MAX_REASON_CHARS:
        raise UsageError(f"--reason has {len(why)} characters, expected 1 to {MAX_REASON_CHARS:,} that say why")
    with open_shelf(session.settings, command) as shelf:
        return act(shelf, why)


def _tell(session: Session, line: ArticleLineV1, *, as_json: bool, said: str) -> None:
    if as_json:
        session.terminal.result(json_text(line))
    else:
        session.terminal.note(f"{line.article_id} {said}.", "")
