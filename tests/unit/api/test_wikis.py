import pytest
from pydantic import SecretStr

from api.errors import ConfigurationError, UsageError
from api.settings import Settings
from api.sources import open_source, supported
from api.wikis import Account

ACCOUNT = Account("MEDIAWIKI", "wiki.example", "bot@x", SecretStr("s3cret"))


def test_wikis_are_named_among_what_is_supported():
    assert "mediawiki+https://…" in supported()
    assert "dokuwiki+https://…" in supported()


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("mediawiki+https://wiki.example/w/api.php?category=Runbooks", "mediawiki:wiki.example?category=Runbooks"),
        ("dokuwiki+http://wiki.example/lib/exe/xmlrpc.php", "dokuwiki:wiki.example"),
    ],
)
def test_a_wiki_is_opened_without_asking_it_anything(location, key):
    assert open_source(location, Settings()).key == key


def test_a_malformed_address_is_a_mistake_of_usage():
    with pytest.raises(UsageError, match="unknown parameter"):
        open_source("mediawiki+https://wiki.example/api.php?x=1", Settings())


def test_a_password_goes_to_its_own_host_only():
    credentials = ACCOUNT.for_location("mediawiki+https://Wiki.Example/api.php")
    assert credentials is not None
    assert (credentials.user, credentials.password) == ("bot@x", "s3cret")
    assert ACCOUNT.for_location("mediawiki+https://evil.example/api.php") is None
    assert ACCOUNT.for_location("mediawiki+https://wiki.example.evil.example/api.php") is None


def test_half_an_account_names_what_is_missing():
    account = Account("DOKUWIKI", None, "ann", SecretStr("s3cret"))
    with pytest.raises(ConfigurationError, match="RUNCITE_DOKUWIKI_HOST not set"):
        account.for_location("dokuwiki+https://wiki.example/lib/exe/xmlrpc.php")


def test_no_account_reads_as_anybody():
    assert Account("DOKUWIKI", None, None, None).for_location("dokuwiki+https://w/x.php") is None


def test_passwords_are_not_shown():
    assert "s3cret" not in repr(Settings(mediawiki_password=SecretStr("s3cret"))) + repr(ACCOUNT)
