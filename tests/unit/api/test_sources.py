import pytest
from pydantic import SecretStr

from api.errors import UsageError
from api.settings import Settings
from api.sources import locate, open_source, supported


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
    settings = Settings(home=tmp_path, servicenow_user="ann", **secrets)
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
