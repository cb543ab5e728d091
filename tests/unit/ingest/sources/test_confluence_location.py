import pytest

from ingest.errors import SourceError
from ingest.sources.confluence_location import EXAMPLE, Location


def test_the_address_says_site_space_labels_and_kind():
    location = Location.parse(EXAMPLE)
    assert location.base == "https://example.atlassian.net/wiki"
    assert (location.space, location.labels, location.flavor) == ("IT", ("runbook",), "cloud")
    assert location.audience == ()


@pytest.mark.parametrize(
    ("uri", "base", "flavor"),
    [
        ("confluence+https://wiki.example.org/confluence/?space=IT", "https://wiki.example.org/confluence", "dc"),
        ("confluence+https://wiki.example.org?space=IT&flavor=cloud", "https://wiki.example.org", "cloud"),
        ("confluence+https://api.atlassian.com/ex/confluence/1/wiki?space=IT",
         "https://api.atlassian.com/ex/confluence/1/wiki", "cloud"),
        ("confluence+http://127.0.0.1:8090/x?space=~jd", "http://127.0.0.1:8090/x", "dc"),
        ("confluence+http://[::1]:8090?space=IT", "http://[::1]:8090", "dc"),
        ("confluence+https://EXAMPLE.atlassian.net/wiki?space=IT", "https://example.atlassian.net/wiki", "cloud"),
    ],
)  # fmt: skip
def test_addresses_in_use(uri, base, flavor):
    location = Location.parse(uri)
    assert (location.base, location.flavor) == (base, flavor)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("confluence+https://x/wiki", "expected one key"),
        ("confluence+https://x/wiki?space=IT&space=HR", "expected one key"),
        ('confluence+https://x/wiki?space=IT"+or+space="HR', "expected one key"),
        ("confluence+https://x/wiki?space=../admin", "expected one key"),
        ("confluence+http://x/wiki?space=IT", "unencrypted"),
        ("confluence+https:///wiki?space=IT", "names no site"),
        ("confluence+https://x:port/wiki?space=IT", "is no address"),
        ("confluence+https://x/wiki?space=IT&labels=runbook", "asks for 'labels'"),
        ("confluence+https://x/wiki?space=IT&label=", "empty 'label'"),
        ("confluence+https://x/wiki?space=IT&audience=", "empty 'audience'"),
        ("confluence+https://x/wiki?space=IT&flavor=server", "expected cloud or dc"),
        ("confluence+https://x/wiki?space=IT&types=page,comment", "type 'comment'; expected page, blogpost or both"),
        ("confluence+https://x/wiki?space=IT&types=", "type ''; expected page"),
        ("confluence+https://x/wiki?space=IT&attachments=maybe", "attachments 'maybe'; expected yes or no"),
        ("confluence+https://x/wiki?space=IT&attachments=yes&attachments=no", "expected yes or no"),
    ],
)
def test_what_is_not_understood_is_refused(uri, message):
    with pytest.raises(SourceError, match=message):
        Location.parse(uri)


def test_credentials_in_the_address_are_refused_and_not_repeated():
    with pytest.raises(SourceError, match="RUNCITE_CONFLUENCE_TOKEN") as caught:
        Location.parse("confluence+https://jd:s3cret@x/wiki?space=IT")
    assert "s3cret" not in str(caught.value)


def test_the_key_is_the_same_however_the_address_is_spelt():
    one = Location.parse("confluence+https://x.example/wiki/?label=b&label=a&space=IT&flavor=cloud&audience=it")
    other = Location.parse("confluence+https://X.example/wiki?space=IT&label=a&label=b&label=a")
    assert one.key == other.key == "confluence+https://x.example/wiki?space=IT&label=a&label=b"


@pytest.mark.parametrize(
    ("query", "types", "key"),
    [
        ("", ("page",), ""),
        ("&types=page", ("page",), ""),
        ("&types=blogpost,page", ("page", "blogpost"), "&types=page,blogpost"),
        ("&types=page&types=blogpost", ("page", "blogpost"), "&types=page,blogpost"),
        ("&types=blogpost", ("blogpost",), "&types=blogpost"),
    ],
)
def test_pages_are_read_unless_other_types_are_named(query, types, key):
    location = Location.parse(f"confluence+https://x.example/wiki?space=IT{query}")
    assert (location.types, location.key) == (types, f"confluence+https://x.example/wiki?space=IT{key}")


def test_leaving_attachments_out_makes_no_other_source():
    one, other = (Location.parse(f"{EXAMPLE}{more}") for more in ("", "&attachments=no"))
    assert (one.attachments, other.attachments, one.key) == (True, False, other.key)
