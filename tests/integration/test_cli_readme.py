"""What README.md and the OpenAPI examples show is what Runcite says today."""

import json
import re
import shlex
from pathlib import Path

import pytest

from api.app import EXAMPLES
from api.bootstrap import open_runtime
from api.cli.main import run
from api.examples import collect
from api.samples import load_samples
from api.settings import Settings

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
LEFT_OUT = "…"
SHOWN = re.findall(r"^```\n\$ (runcite [^\n]+)\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)

# What differs from run to run: the ids that are made, and the commit or revision that the samples are at.
VOLATILE = re.compile(r"T-\w{26}|(?<= · )(?:version|revision) \w+")


@pytest.fixture(scope="module")
def samples_home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("samples") / "home"
    with open_runtime(Settings(home=home), create=True) as runtime:
        runtime.ingest(str(load_samples().pages))
    return home


def lines_of(text: str) -> list[str]:
    return [VOLATILE.sub("…", line).rstrip() for line in text.splitlines()]


def test_the_readme_shows_an_action_and_a_refusal():
    assert len(SHOWN) == 2


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=["action", "refusal"])
def test_the_readme_shows_what_the_command_prints(command, shown, samples_home, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = shlex.split(command)[1:]
    words[words.index("--home") + 1] = str(samples_home)
    assert run(words) == 0
    printed = iter(lines_of(capsys.readouterr().out))
    for line in lines_of(shown):
        assert line == LEFT_OUT or line in printed, f"write README.md again: {line!r} is not printed, or not there"


def shape(value: object) -> object:
    """Reduce JSON to its keys and types; lists to the shapes in them."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted({repr(shape(part)) for part in value})
    return type(value).__name__


def test_the_openapi_examples_are_what_the_api_answers_today(samples_home, examples):
    fresh = collect(samples_home)
    hint = "the answers have changed; write the examples again: python -m api.examples"
    assert shape(fresh) == shape(examples), hint
    for name in ("guided", "refused"):
        today, written = (one["triage"]["responses"]["200"][name] for one in (fresh, examples))
        assert (today["outcome"], today["steps"]) == (written["outcome"], written["steps"]), hint


@pytest.fixture(scope="module")
def examples() -> dict:
    return json.loads(EXAMPLES.read_text("utf-8"))
