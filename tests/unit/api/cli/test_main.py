import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import EmptyTicketError, TicketError
from api.cli import main
from api.cli.reference import reference
from api.errors import NothingToDoError, UsageError
from index.errors import CatalogError, EmbeddingMismatchError, StoreHeldError
from ingest.errors import RunciteError, SourceError

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (TicketError("x"), 2),
        (SourceError("x"), 2),
        (CatalogError("x"), 2),
        (EmbeddingMismatchError("x"), 2),
        (RunciteError("x"), 2),
        (StoreHeldError("x"), 3),
        (EmptyTicketError("x"), 4),
        (NothingToDoError("x"), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_has_its_exit_code(error, code):
    assert main.exit_code(error) == code


def failing(error: Exception):
    def command() -> None:
        """Fail."""
        raise error

    return {"fail": (command, "Fail.")}


def test_one_of_our_errors_is_one_line(capsys):
    assert main.run(["fail"], failing(UsageError("'x' is wrong;\nexpected y"))) == 2
    assert capsys.readouterr().err == "runcite: 'x' is wrong; expected y\n"


def test_a_bug_is_one_line_with_a_hint(capsys):
    assert main.run(["fail"], failing(ZeroDivisionError("by zero"))) == main.BUG
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--debug" in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback(capsys):
    assert main.run(["--debug", "fail"], failing(ZeroDivisionError("by zero"))) == main.BUG
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nonsense"], ["search"], ["search", "x", "-k", "0"], ["triage", "--nope"]])
def test_wrong_usage_is_2(arguments, capsys):
    assert main.run(arguments) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trage"], "no such command 'trage'. Did you mean 'triage'? See `runcite --help`"),
        (["search"], "missing argument 'TEXT'; see `runcite search --help`"),
        (["search", "vpn", "drops"], "unexpected 'drops' at the end; a text of several words needs quotes"),
        (["search", "x", "-k", "0"], "-k '0' cannot be used; expected a whole number from 1 to 50"),
        (["serve", "--port", "http"], "--port 'http' cannot be used; expected a whole number from 0 to 65535"),
        (["triage", "--decider", "oracle", "x"], "'oracle' is not one of 'extractive'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_usage_is_one_line(arguments, said, capsys):
    assert main.run(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("runcite: ")
    assert said in err
    assert err.count("\n") == 1


def test_without_a_command_the_help_is_shown(capsys):
    assert main.run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_help_names_every_command_of_the_design(capsys):
    assert main.run(["--help"]) == 0
    said = capsys.readouterr().out
    for command in ("demo", "ingest", "search", "triage", "articles", "status", "serve", "eval"):
        assert f"  {command} " in said


def test_the_cli_page_is_current():
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == reference(), "write it again: python -m api.cli.reference > docs/cli.md"


@pytest.mark.parametrize("arguments", [["--help"], ["articles", "--home", "/nonexistent"]])
def test_no_model_library_is_loaded_where_none_is_needed(arguments):
    program = (
        "import sys\nfrom api.cli.main import run\n"
        f"run({arguments!r})\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'llama_index', 'fastapi', 'uvicorn'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
