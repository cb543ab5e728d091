"""`runcite status`: what a home holds."""

import typer

from api.announce import find_server
from api.bootstrap import open_shelf
from api.cli.lists import status_page
from api.cli.options import HomeOption, JsonOption, start
from api.cli.terminal import json_text


def status(
    context: typer.Context,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the home holds: model, articles by state, the last runs."""
    session = start(context, home)
    with open_shelf(session.settings) as shelf:
        answer = shelf.status(server=find_server(session.home))
    if as_json:
        session.terminal.result(json_text(answer))
    else:
        session.terminal.show(status_page(answer))
