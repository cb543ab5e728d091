import importlib
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("ingest", "index", "agent", "api")
HEAVY = (
    "unstructured",
    "spacy",
    "pypdf",
    "torch",
    "transformers",
    "sentence_transformers",
    "llama_index",
    "qdrant_edge",
    "fastapi",
    "sqlalchemy",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_generic_name_resolves_to_this_repository(name):
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT)


def test_the_wheel_ships_exactly_the_four_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert tuple(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES


def test_importing_the_packages_loads_no_sdk():
    script = f"import sys, {', '.join(PACKAGES)}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_installed_version_is_the_one_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert version("runcite") == project["project"]["version"]


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    wanted = [one for one in [*project["dependencies"], *extras] if not one.startswith("runcite[")]
    pinned = {
        line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    }
    names = {"".join(c if c.isalnum() or c in "-_." else " " for c in one).split()[0].lower() for one in wanted}
    assert names <= pinned
