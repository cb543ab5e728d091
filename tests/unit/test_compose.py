"""`docker-compose.yml`, read as text: what cannot be started here is at least held to what it promises."""

import re
from pathlib import Path

import pytest
import yaml

from api.settings import Settings

ROOT = Path(__file__).parents[2]
FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = FILE["services"]


def test_nothing_is_published_beyond_this_machine():
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:8321:8321"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name):
    assert re.search(r":v?\d+\.\d+\.\d+$", SERVICES[name]["image"])


def test_every_base_image_is_pinned_and_nobody_is_root():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert bases
    assert all(re.search(r":\d+\.\d+-", base) for base in bases)
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]


def test_every_setting_is_one_that_runcite_has():
    given = {name.removeprefix("RUNCITE_").lower() for name in SERVICES["api"]["environment"]}
    assert given <= set(Settings.model_fields)


def test_a_cluster_is_three_nodes_under_one_name():
    nodes = [service for service in SERVICES.values() if service["image"].startswith("qdrant/")]
    assert len(nodes) == 3
    assert [node.get("profiles") for node in nodes] == [None, ["cluster"], ["cluster"]]
    assert all(node["networks"]["vectors"]["aliases"] == ["qdrant"] for node in nodes)
    assert FILE["networks"]["vectors"]["internal"] is True
