"""The `runcite` command: arguments enter, one of the promised exit codes leaves."""

import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from agent.errors import EmptyTicketError
from api.cli.options import Globals
from api.cli.terminal import open_terminal
from api.errors import NothingToDoError
from api.settings import prepare_environment
from index.errors import StoreHeldError
from ingest.errors import RunciteError

DONE, DONE_WITH_FAILURES, WRONG_USE, STORE_HELD, NOTHING_TO_DO = range(5)
BUG = 70
"""What sysexits.h calls an internal software error; outside the promised codes, so that no script takes it for one."""

PROGRAM = "runcite"
_DEBUG_FLAG = "--debug"
_HOME_FLAG = "--home"


Command = Callable[..., None]

Commands = Mapping[str, tuple[Command | str, str]]
"""By name: the command, or the module and function that it is, and its purpose in a few words."""

COMMANDS: Commands = {
    "demo": ("api.cli.demo:demo", "Show it all on the samples."),
    "ingest": ("api.cli.ingest:ingest", "Bring sources into the index, once or every so often."),
    "reindex": ("api.cli.reindex:reindex", "Build the index anew, by another model too."),
    "index": ("api.cli.index:index", "Copy the vectors to a Qdrant server, or back."),
    "runs": ("api.cli.runs:runs", "List past ingest runs, or what one did."),
    "search": ("api.cli.search:search", "Search the runbooks."),
    "triage": ("api.cli.triage:triage", "Decide tickets, with citations."),
    "decisions": ("api.cli.decisions:decisions", "List what was decided, and on what grounds."),
    "audit": ("api.cli.audit:audit", "Verify that nobody changed what was recorded."),
    "articles": ("api.cli.articles:articles", "List the articles with freshness and owner."),
    "lint": ("api.cli.lint:lint", "Check articles before or after they are indexed."),
    "examples": ("api.cli.examples:examples", "Import past tickets that new ones are routed by."),
    "policy": ("api.cli.policy:policy", "Check a policy file, or show the policy in force."),
    "quarantine": ("api.cli.quarantine:quarantine", "Take an article out of use."),
    "release": ("api.cli.quarantine:release", "Release an article from quarantine."),
    "backup": ("api.cli.backup:backup", "Write the home to one file."),
    "restore": ("api.cli.backup:restore", "Make a home of a backup."),
    "status": ("api.cli.status:status", "Show what the home holds."),
    "serve": ("api.cli.serve:serve", "Serve the HTTP API on loopback."),
    "calibrate": ("api.cli.calibrate:calibrate", "Fit the threshold to your own labelled tickets."),
    "eval": ("api.cli.evaluate:evaluate", "Measure on a labelled dataset."),
}


def exit_code(error: RunciteError) -> int:
    """Tell which exit code an error ends a command with."""
    if isinstance(error, StoreHeldError):
        return STORE_HELD
    if isinstance(error, (EmptyTicketError, NothingToDoError)):
        return NOTHING_TO_DO
    return WRONG_USE


def build(commands: Commands = COMMANDS) -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(
        name="runcite",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_globals)
    for name, (command, purpose) in commands.items():
        app.command(name, short_help=purpose)(_loaded(command))
    return app


def _loaded(command: Command | str) -> Command:
    if not isinstance(command, str):
        return command
    module, _, name = command.partition(":")
    loaded: Command = getattr(import_module(module), name)
    return loaded


def _needed(given: Sequence[str], commands: Commands) -> Commands:
    """Leave out the commands that are not run: what they load takes longer than a triage."""
    words = iter(given)
    for word in words:
        if word == _HOME_FLAG:
            next(words, None)
        elif not word.startswith("-"):
            return {word: commands[word]} if word in commands else commands
    return commands


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"runcite {version('runcite')}")
        except PackageNotFoundError:
            typer.echo("runcite (from a checkout)")
        raise typer.Exit


def _globals(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            _HOME_FLAG, metavar="FOLDER", help="Where catalog and vectors live. [env: RUNCITE_HOME; default: .runcite]"
        ),
    ] = None,
    debug: Annotated[bool, typer.Option(_DEBUG_FLAG, help="Show the traceback of an unexpected error.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Triage support tickets from your own runbooks: acts only on what is in date, and cites every word.

    Results go to stdout, progress and prose to stderr. Exit codes: 0 done; 1 done with failures (listed); 2 wrong usage
    or configuration; 3 the store is held by another process; 4 nothing to work on.
    """
    _ = debug, show_version
    context.obj = Globals(home=home)


def run(arguments: Sequence[str] | None = None, commands: Commands = COMMANDS) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program's name; the process's own where it is left out.
        commands: What there is to run.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    prepare_environment()
    command: Any = typer.main.get_command(build(_needed(given, commands)))
    try:
        code = command.main(args=given, prog_name=PROGRAM, standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else DONE
    except TyperException as error:
        open_terminal().complain(_wrong_usage(error))
        return WRONG_USE
    except RunciteError as error:
        if _DEBUG_FLAG in given:
            traceback.print_exc()
        open_terminal().complain(str(error))
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - the last boundary: a bug ends in one line, not in a traceback
        hint = f"run `{PROGRAM} {_DEBUG_FLAG} …` again and report what it prints"
        if _DEBUG_FLAG in given:
            traceback.print_exc()
            hint = "report the lines above"
        open_terminal().complain(f"unexpected {type(error).__name__}: {error}. This is a bug in Runcite; {hint}")
        return BUG


def _wrong_usage(error: TyperException) -> str:
    """Say in one line what typer says in four."""
    said = error.format_message().replace("Value error, ", "").rstrip(".")
    extra = re.fullmatch(r"Got unexpected extra argument(?:\(s\)|s)? \((.*)\)", said, flags=re.DOTALL)
    if extra is not None:
        said = f"Unexpected {extra[1]!r} at the end; a text of several words needs quotes"
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else PROGRAM
    return f"{said[:1].lower()}{said[1:]}{' See' if said.endswith('?') else '; see'} `{where} --help`"


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())
