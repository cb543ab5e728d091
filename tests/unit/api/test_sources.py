import pytest
from pydantic import SecretStr

from api.errors import ConfigurationError, UsageError
from api.settings import Settings
from api.sources import _is_meant_for, locate, open_source, supported


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("git+https://example.org/a.git?ref=main&path=docs", "git+https://example.org/a.git?ref=main&path=docs"),
        (
            "confluence+https://example.atlassian.net/wiki?space=IT&label=runbook",
            "confluence+https://example.atlassian.net/wiki?space=IT&label=runbook",
        ),
        ("servicenow+https://Dev1.service-now.com?kb=IT", "servicenow+https://dev1.service-now.com?kb=IT"),
    ],
)
def test_a_uri_opens_the_source_of_its_scheme_without_showing_a_secret(tmp_path, uri, key):
    secrets = {
        name: SecretStr("s3cret")
        for name in ("confluence_token", "git_token", "servicenow_password", "servicenow_token")
    }
    hosts = {f"{name}_host": "elsewhere.example" for name in ("confluence", "git", "servicenow")}
    settings = Settings(home=tmp_path, servicenow_user="ann", **secrets, **hosts)
    source = open_source(uri, settings)
    assert source.key == key
    assert "s3cret" not in f"{settings!r}{source!r}"


@pytest.mark.parametrize("scheme", ["git+https", "servicenow+https", "made-up"])
def test_credentials_in_a_uri_go_no_further(scheme):
    with pytest.raises(UsageError, match="given with credentials") as caught:
        locate(f"{scheme}://ann:pw-4711@example.org/a.git")
    assert "pw-4711" not in str(caught.value)


def test_a_scheme_that_is_not_known_names_those_that_are():
    with pytest.raises(UsageError, match=r"git\+https://…"):
        locate("gopher://example.org")
    assert "servicenow+https://…" in supported()


@pytest.mark.parametrize(
    "uri", ["git+https://example.org/a.git?x=1", "servicenow+http://example.org", "confluence+https://example.org/wiki"]
)
def test_a_uri_that_is_written_wrongly_is_refused_before_anything_is_opened(uri):
    with pytest.raises(UsageError):
        locate(uri)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("confluence+https://wiki.example/wiki?space=IT", "confluence"),
        ("git+https://wiki.example/a.git", "git"),
        ("servicenow+https://wiki.example?kb=IT", "servicenow"),
    ],
)
def test_credentials_need_the_host_they_are_for(tmp_path, uri, name):
    secret = {f"{name}_password" if name == "servicenow" else f"{name}_token": SecretStr("s3cret")}
    with pytest.raises(ConfigurationError, match=f"RUNCITE_{name.upper()}_HOST is not set"):
        open_source(uri, Settings(home=tmp_path, **secret))
    open_source(uri, Settings(home=tmp_path, **secret, **{f"{name}_host": "wiki.example"}))


@pytest.mark.parametrize(
    ("host", "meant"),
    [("wiki.example", True), ("Wiki.Example", True), ("other.example", False), ("example", False)],
)
def test_credentials_go_to_their_own_host_only(host, meant):
    assert _is_meant_for("confluence+https://wiki.example/wiki?space=IT", "CONFLUENCE", host, "s3cret") is meant


def test_without_credentials_no_host_is_asked_for():
    assert _is_meant_for("git+https://wiki.example/a.git", "GIT", None, None) is False
