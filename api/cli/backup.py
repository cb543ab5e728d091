"""`runcite backup` and `runcite restore`: a home enters, one file leaves; and back."""

from pathlib import Path
from typing import Annotated

import typer

from api.archive import Manifest
from api.backup import back_up
from api.cli.options import HomeOption, JsonOption, start
from api.cli.terminal import json_text
from api.restore import Restoring
from api.restore import restore as restore_home

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)]


def backup(context: typer.Context, file: FileArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Write articles, revisions, runs, policy and model of the home to one new file, with a digest of each part.

    It works while a server or an ingest uses the home, and holds it up by nothing. Settings are not in it, and so no
    password and no key; the texts of the articles are, so keep it as you keep them.
    """
    session = start(context, home)
    manifest = back_up(session.home, file.absolute())
    if as_json:
        session.terminal.result(json_text(manifest))
    else:
        session.terminal.note(f"{_said(manifest)} are in {file}, {file.stat().st_size / 1_000_000:.1f} MB.")


def restore(
    context: typer.Context,
    file: FileArgument,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a home that holds something, which is deleted.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home of a backup, after every part of it has been checked.

    A home that holds something is left alone without --replace; with it the old home stays until the new one is whole.
    Vectors are made from the cache of embeddings in the backup, or by the model.
    """
    session = start(context, home)
    manifest = restore_home(
        file.absolute(), session.settings, Restoring(replace, session.terminal.note, on_step=lambda _step: None)
    )
    if as_json:
        session.terminal.result(json_text(manifest))
    else:
        session.terminal.note(f"{_said(manifest)} of {manifest.created_at:%Y-%m-%d %H:%M} UTC are in {session.home}.")


def _said(manifest: Manifest) -> str:
    return f"{manifest.articles} articles" if manifest.articles != 1 else "1 article"
