"""`runcite articles`: what is in the catalog, as a table, CSV or JSON."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, get_args

import typer
from pydantic import RootModel

from api.bootstrap import open_shelf
from api.cli.lists import article_table
from api.cli.options import AsOfOption, HomeOption, JsonOption, parse_day, start
from api.cli.terminal import json_text
from api.errors import NothingToDoError, UsageError
from api.schemas import ArticleLineV1
from ingest.freshness import FreshnessState

CSV_COLUMNS = (
    "article_id", "title", "source", "status", "state", "basis", "last_reviewed", "review_by", "valid_until",
    "age_days", "overdue_days", "owner", "category", "team", "priority", "risk", "audience", "labels",
    "superseded_by", "attached_to", "version", "revision", "url", "quarantine",
)  # fmt: skip

FORMULA_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the start of a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


class ArticleList(RootModel[tuple[ArticleLineV1, ...]]):
    """Articles as JSON."""


def articles(
    context: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"Only articles in this state; repeatable. One of {', '.join(get_args(FreshnessState))}.",
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV to stdout, safe to open in a spreadsheet.")] = False,
    as_json: JsonOption = False,
    as_of: AsOfOption = None,
    home: HomeOption = None,
) -> None:
    """List the articles with their freshness and owner, most urgent first."""
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other; expected one of them")
    wanted = _states(state or [])
    session = start(context, home)
    with open_shelf(session.settings) as shelf:
        listed = [line for line in shelf.articles(parse_day(as_of)) if not wanted or line.freshness.state in wanted]
    if as_csv:
        session.terminal.out.file.write(to_csv(listed))
    elif as_json:
        session.terminal.result(json_text(ArticleList(tuple(listed))))
    elif listed:
        session.terminal.show(article_table(listed))
        session.terminal.note(f"articles: {len(listed)}")
    else:
        raise NothingToDoError(f"no article in {str(session.home)!r} is {' or '.join(sorted(wanted)) or 'indexed'}")


def _states(given: Sequence[str]) -> frozenset[str]:
    known = get_args(FreshnessState)
    for state in given:
        if state not in known:
            raise UsageError(f"--state {state!r} is no state; expected one of {', '.join(known)}")
    return frozenset(given)


def to_csv(listed: Sequence[ArticleLineV1]) -> str:
    """Write articles as CSV (RFC 4180) in which no cell is a formula."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for article in listed:
        row = article.model_dump(mode="json") | article.freshness.model_dump(mode="json")
        writer.writerow([_cell(row[column]) for column in CSV_COLUMNS])
    return written.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return defused("; ".join(str(part) for part in value))
    return str(value) if isinstance(value, (bool, int)) else defused(str(value))


def defused(text: str) -> str:
    """Put `'` before what a spreadsheet would run. A leading space does not disarm a formula everywhere."""
    is_formula = text.lstrip(" ").startswith(FORMULA_TRIGGERS) or text.lstrip().startswith(FORMULA_TRIGGERS)
    return f"'{text}" if is_formula else text
