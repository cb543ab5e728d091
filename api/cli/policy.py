"""`runcite policy`: a policy file enters; its mistakes by line, or the policy in force value by value, leave."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agent.policy import Policy
from agent.policy_file import LoadedPolicy, Origin, load_policy
from agent.policy_text import PolicyFileError
from api.bootstrap import policy_path
from api.cli.options import HomeOption, Session, start
from api.errors import UsageError

NO_MODEL = Policy()
"""Stands in for the index's embedding model: neither checking nor showing a file asks for one."""


class Action(StrEnum):
    """What to do with a policy."""

    CHECK = "check"
    SHOW = "show"


def policy(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(metavar="check|show", help="Check a file, or show the policy in force.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The file. [env: RUNCITE_POLICY; default: policy.yml in the home]"),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Check a policy file, every mistake with its line and remedy, or show what is in force and where it comes from."""
    session = start(context, home)
    path = file or policy_path(session.settings)
    if action is Action.CHECK:
        _check(session, path, named=file is not None)
    else:
        loaded = load_policy(NO_MODEL, path if file is not None or path.exists() else None)
        for line in shown_lines(loaded, path.name):
            session.terminal.result(line)
        session.terminal.note(f"{loaded.policy.hash()} without what the embedding model settles")


def _check(session: Session, path: Path, *, named: bool) -> None:
    if not named and not path.exists():
        raise UsageError(f"there is no policy {str(path)!r}; the shipped one is in force. Name a file to check")
    try:
        loaded = load_policy(NO_MODEL, path)
    except PolicyFileError as error:
        for mistake in error.mistakes:
            session.terminal.result(f"{path}:{mistake.line}:{mistake.column}: {mistake.message}")
        count = len(error.mistakes)
        raise UsageError(f"{count} mistake{'s' if count > 1 else ''} in {str(path)!r}; it would not be used") from error
    own = sum(origin.line is not None for origin in loaded.origins)
    session.terminal.result(f"{path}: good; {own} value{'' if own == 1 else 's'} of its own over the shipped policy")


def shown_lines(loaded: LoadedPolicy, name: str) -> list[str]:
    """Write a policy as lines `key = value`, each with where the value comes from.

    Args:
        loaded: The policy.
        name: What to call its file.
    """
    lines = [_line(origin, name) for origin in loaded.origins]
    for kind, rules in loaded.policy.signals.items():
        lines.append(
            f"signals.{kind} = {len(rules.patterns)} patterns, {len(rules.hints)} hints, "
            f"{len(rules.innocent)} innocent  # shipped and own"
        )
    count = len(loaded.exemplars.shipped) + len(loaded.exemplars.own)
    lines.append(f"exemplars = {count} sentences, {loaded.policy.exemplars_digest[:19]}  # shipped and own")
    return lines


def _line(origin: Origin, name: str) -> str:
    return f"{origin.key} = {origin.value}  # {'shipped' if origin.line is None else f'{name}:{origin.line}'}"
