"""The options that several commands share, and what a command starts from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import Terminal, open_terminal
from api.errors import UsageError
from api.settings import Settings, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Where catalog and vectors live. [env: RUNCITE_HOME; default: .runcite]", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Judge freshness as on this day (YYYY-MM-DD).", show_default="today"),
]
EmbeddingOption = Annotated[
    str | None,
    typer.Option(
        "--embedding",
        help="Embedding model: auto, a preset's name or a hub id. [env: RUNCITE_EMBEDDING; default: auto]",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Globals:
    """What was said before the command's name."""

    home: Path | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What a command starts from: checked settings and a terminal."""

    settings: Settings
    terminal: Terminal

    @property
    def home(self) -> Path:
        """Where catalog and vectors live."""
        return self.settings.home


def start(context: typer.Context, home: Path | None = None, embedding: str | None = None) -> Session:
    """Start a command.

    Args:
        context: The command's context.
        home: Its own `--home`, which wins over the one before the command's name.
        embedding: Its own `--embedding`.

    Returns:
        Settings and terminal.
    """
    before = context.obj if isinstance(context.obj, Globals) else Globals()
    return Session(settings=load_settings(home or before.home, embedding), terminal=open_terminal())


def parse_day(text: str | None) -> date | None:
    """Read `--as-of`.

    Args:
        text: As given, if it was.

    Returns:
        The day, or `None` for the clock's own.

    Raises:
        UsageError: It is no date.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"--as-of {text!r} is not a date; expected YYYY-MM-DD, as in --as-of 2026-11-20") from error
