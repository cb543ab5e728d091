import pytest
from pydantic import SecretStr

from api.errors import UsageError
from api.settings import Settings
from api.sources import locate, open_source, supported

URI = "confluence+https://example.atlassian.net/wiki?space=IT&label=runbook"


def test_a_space_is_opened_without_asking_the_site():
    source = open_source(URI, Settings(confluence_user="jd", confluence_token=SecretStr("s3cret")))
    assert source.key == URI
    assert "s3cret" not in repr(vars(source))


def test_a_location_that_names_no_space_is_refused_before_a_run_begins():
    with pytest.raises(UsageError, match="space=IT"):
        locate("confluence+https://example.atlassian.net/wiki")


def test_what_is_supported_names_confluence():
    assert "confluence+https://" in supported()
    with pytest.raises(UsageError, match="confluence"):
        locate("notion://x")
