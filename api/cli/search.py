"""`runcite search`: a query enters, the best passages leave."""

from typing import Annotated

import typer

from api.cli.lists import search_list
from api.cli.options import AsOfOption, EmbeddingOption, HomeOption, JsonOption, number_between, parse_day, start
from api.cli.terminal import json_text
from api.engine import open_engine
from api.errors import NothingToDoError


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")],
    limit: Annotated[
        int,
        typer.Option(
            "-k",
            "--limit",
            metavar="N",
            parser=number_between(1, 50, "-k"),
            help="How many articles to show, at most 50.",
        ),
    ] = 5,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="Search as a member of this group; repeatable.")
    ] = None,
    as_of: AsOfOption = None,
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the runbooks: the best passage of each article, with its freshness and owner."""
    day = parse_day(as_of)
    session = start(context, home, embedding)
    if not text.strip():
        raise NothingToDoError("the query is empty; expected words to look for, as in: runcite search 'vpn drops'")
    with open_engine(session.settings) as engine:
        found = engine.search(text, audience=frozenset(group or ()), limit=limit, as_of=day)
    if as_json:
        session.terminal.result(json_text(found))
    elif found.results:
        session.terminal.show(search_list(found))
    else:
        session.terminal.note("No article matches that you may read.")
