"""`runcite lint`: sources or the index enter, what is wrong with the articles leaves, grouped by what it is."""

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.text import Text

from api.bootstrap import open_shelf
from api.cli.options import HomeOption, JsonOption, Session, start
from api.cli.terminal import json_text, one_line
from api.errors import NothingToDoError
from api.linting import lint_source
from api.schemas import LintFindingV1, LintV1
from api.sources import locate, open_source

# In the order a person should look at them: a heading, and what to do.
_WORDS: dict[str, tuple[str, str]] = {
    "unreadable": ("Cannot be read", "mend the file, or leave it out of the source"),
    "secret": ("Secrets", "revoke the secret, take it out of the page, and say where it is kept instead"),
    "instruction": ("Instructions addressed to a model", "take them out; a page that must quote them can be released"),
    "hidden-data": ("Data hidden in invisible characters", "delete the line and write it anew"),
    "quarantined": ("Quarantined otherwise", "mend the page; `runcite release` lets it be found again"),
    "suspicious-instruction": ("What may be addressed to a model", "read it; nothing to do if it is meant for people"),
    "hidden-text": ("Text that its page does not show", "show it or take it out"),
    "invisible-characters": ("Invisible characters", "delete the line and write it anew, if it matters"),
    "contradiction": ("The same symptoms, other steps", "make one of the two, or say in both what tells them apart"),
    "near-duplicate": ("Nearly the same text", "keep one, and let the other name it as superseded_by"),
    "no-owner": ("No owner", "add owner: to its front matter"),
    "no-review-date": ("No review date", "add last_reviewed_on: and review_in:; without them nothing acts on it"),
    "no-steps": ("No steps", "write what to do as a numbered list"),
}


class LintReport(BaseModel):
    """What `--json` writes: a result per source, or one for the index."""

    results: tuple[LintV1, ...]


def lint(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="What to check without indexing it; the index where none is given."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check articles: missing owner, review date or steps, duplicates, contradictions, injected instructions, secrets.

    Needs no model, and writes nothing. Exit code 1 means that something is or would be quarantined, or cannot be read.
    """
    locations = [locate(source) for source in sources or ()]
    session = start(context, home)
    results = _results(session, locations)
    if as_json:
        session.terminal.result(json_text(LintReport(results=results)))
    else:
        _show(session, results)
    if not any(result.articles or result.findings for result in results):
        raise NothingToDoError(f"no article in {', '.join(map(repr, sources or [str(session.home)]))} to check")
    grave = [found for result in results for found in result.findings if strict or found.severity != "warning"]
    if grave:
        raise typer.Exit(1)


def _results(session: Session, locations: Sequence[str]) -> tuple[LintV1, ...]:
    if locations:
        return tuple(lint_source(open_source(location, session.settings)) for location in locations)
    with open_shelf(session.settings) as shelf:
        return (shelf.lint(),)


def _show(session: Session, results: Sequence[LintV1]) -> None:
    findings = [found for result in results for found in result.findings]
    for code, (heading, remedy) in _WORDS.items():
        group = [found for found in findings if found.code == code]
        if group:
            style = "bold yellow" if group[0].severity == "warning" else "bold red"
            session.terminal.out.print(Text.assemble((heading, style), f" ({len(group)}): ", remedy), soft_wrap=True)
            for found in group:
                session.terminal.out.print(_line(found), soft_wrap=True)
    articles = sum(result.articles for result in results)
    quarantined = len({found.article_id for found in findings if found.severity == "quarantine"})
    warned = sum(found.severity == "warning" for found in findings)
    session.terminal.note(f"articles: {articles} · quarantined: {quarantined} · warnings: {warned}")


def _line(found: LintFindingV1) -> Text:
    where = one_line(found.article_id) + (f":{found.line}" if found.line is not None else "")
    line = Text(f"  {where}")
    if found.other is not None:
        line.append(f" and {one_line(found.other)}")
    elif not found.code.startswith("no-"):
        line.append(f": {one_line(found.detail)}", "dim")
    return line
