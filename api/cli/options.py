"""The options that several commands share, and what a command starts from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from agent.models import DeciderKind
from api.cli.terminal import Terminal, open_terminal
from api.errors import UsageError
from api.settings import Settings, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="Where catalog and vectors live. [env: RUNCITE_HOME; default: .runcite]",
        show_default=False,
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
        metavar="MODEL",
        help="Embedding model: auto, a preset such as e5-small-v2, a model folder, or openai:MODEL "
        "at RUNCITE_EMBEDDING_URL. "
        "[env: RUNCITE_EMBEDDING; default: auto]",
        show_default=False,
    ),
]

EveryOption = Annotated[
    str | None,
    typer.Option(
        "--every",
        metavar="INTERVAL",
        help="Do it again each time this has passed from start to start, such as 30m, 1h30m or 1d.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Globals:
    """What was said before the command's name."""

    home: Path | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What a command starts from: checked settings and a terminal; and who is to decide, where that was said."""

    settings: Settings
    terminal: Terminal
    decider: DeciderKind | None = None

    @property
    def home(self) -> Path:
        """Where catalog and vectors live."""
        return self.settings.home

    def deciding_by(self, decider: DeciderKind | None) -> "Session":
        """Return the session with another decider than the settings name; with the same where none is given."""
        if decider is None:
            return self
        return replace(self, settings=self.settings.model_copy(update={"decider": decider}), decider=decider)


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


def number_between(low: int, high: int, option: str) -> Callable[[str], int]:
    """Make the reader of an option that takes a whole number.

    Args:
        low: The smallest allowed.
        high: The largest allowed.
        option: Its name, for messages.
    """

    def read(given: str | int) -> int:
        text = str(given).strip()
        if not text.isdecimal() or not low <= int(text) <= high:
            raise UsageError(f"{option} {text!r} cannot be used; expected a whole number from {low} to {high}")
        return int(text)

    return read


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
