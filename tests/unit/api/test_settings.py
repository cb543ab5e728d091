import os
from pathlib import Path

import pytest

from api.errors import ConfigurationError
from api.settings import LIBRARY_ENVIRONMENT, load_settings, prepare_environment


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith("RUNCITE_")]:
        monkeypatch.delenv(name)


def test_defaults_need_no_environment():
    settings = load_settings()
    assert (settings.home, settings.embedding, settings.host) == (Path(".runcite"), "auto", "127.0.0.1")


def test_the_command_line_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("RUNCITE_HOME", "/from/environment")
    monkeypatch.setenv("RUNCITE_EMBEDDING", "bge-small-en-v1.5")
    settings = load_settings(home=Path("/from/option"))
    assert (settings.home, settings.embedding) == (Path("/from/option"), "bge-small-en-v1.5")


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("RUNCITE_HOME", "")
    assert load_settings().home == Path(".runcite")


def test_a_wrong_value_names_its_variable(monkeypatch):
    monkeypatch.setenv("RUNCITE_PORT", "eighty")
    with pytest.raises(ConfigurationError, match=r"RUNCITE_PORT='eighty'"):
        load_settings()


def test_a_token_is_never_shown(monkeypatch):
    monkeypatch.setenv("RUNCITE_CONFLUENCE_TOKEN", "s3cret")
    settings = load_settings()
    assert settings.confluence_token.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_libraries_are_told_to_report_nothing(monkeypatch):
    for name in LIBRARY_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "mine")
    prepare_environment()
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert os.environ["DO_NOT_TRACK"] == "mine"
    for name in LIBRARY_ENVIRONMENT:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNCITE_QDRANT_URL", "qdrant:6333"),
        ("RUNCITE_QDRANT_URL", "ftp://qdrant"),
        ("RUNCITE_QDRANT_COLLECTION", "a/b"),
        ("RUNCITE_QDRANT_TIMEOUT_S", "0"),
        ("RUNCITE_QDRANT_SHARDS", "0"),
        ("RUNCITE_QDRANT_QUANTISATION", "int4"),
        ("RUNCITE_QDRANT_PREFER_GRPC", "maybe"),
    ],
)
def test_a_wrong_qdrant_setting_names_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name}='{value}'"):
        load_settings()


def test_the_key_of_a_qdrant_is_never_shown(monkeypatch):
    monkeypatch.setenv("RUNCITE_QDRANT_API_KEY", "s3cret")
    settings = load_settings()
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
