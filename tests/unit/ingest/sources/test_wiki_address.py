import pytest

from ingest.errors import SourceError
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.wiki_address import Credentials, read_address

KNOWN = frozenset({"namespace", "category"})


def test_an_address_taken_apart():
    address = read_address("mediawiki+https://Wiki.Example:8443/w/api.php?namespace=0,4&category=Run%20books", KNOWN)
    assert address.endpoint == "https://wiki.example:8443/w/api.php"
    assert address.site == "wiki.example:8443"
    assert address.listed("namespace") == ("0", "4")
    assert address.key("mediawiki") == "mediawiki:wiki.example:8443?category=Run+books&namespace=0,4"


def test_a_site_outlives_its_host():
    address = read_address("mediawiki+http://old.example/api.php?site=it", KNOWN)
    assert (address.key("mediawiki"), address.options) == ("mediawiki:it", {})


def test_how_pages_are_read_is_no_part_of_the_key():
    known = frozenset({"audience", "namespace"})
    one, other = (read_address(f"d+http://w/x.php?namespace=it&audience={group}", known) for group in ("a", "b"))
    assert one.key("dokuwiki") == other.key("dokuwiki") == "dokuwiki:w?namespace=it"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("mediawiki+https:///api.php", "does not name a wiki's API"),
        ("mediawiki+https://wiki.example/w/", "NAME.php"),
        ("mediawiki+https://w/api.php?nmespace=0", "unknown parameter 'nmespace'"),
        ("mediawiki+https://w/api.php?category=a&category=b", "gives a parameter twice"),
        ("mediawiki+https://ann:s3cret@w/api.php", "set it in the environment"),
    ],
)
def test_a_malformed_address_is_one_line(location, said):
    with pytest.raises(SourceError) as caught:
        read_address(location, KNOWN)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_attachments_are_read_unless_the_address_says_no():
    known = frozenset({"attachments"})
    found = [read_address(f"d+http://w/x.php{query}", known) for query in ("", "?attachments=yes", "?attachments=No")]
    assert [address.attachments for address in found] == [True, True, False]
    assert {address.key("d") for address in found} == {"d:w"}
    with pytest.raises(SourceError, match="expected yes or no"):
        read_address("d+http://w/x.php?attachments=maybe", known)


def test_a_namespace_is_a_number():
    with pytest.raises(SourceError, match="'Help' is not a number"):
        MediaWikiSource("mediawiki+https://w/api.php?namespace=Help")


def test_a_password_is_not_shown():
    assert "s3cret" not in repr(Credentials("ann", "s3cret"))
