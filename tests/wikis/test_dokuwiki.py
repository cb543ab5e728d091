"""A real DokuWiki, edited by a person and synced after each edit."""

from collections import Counter

import pytest
from pydantic import SecretStr

from api.settings import Settings
from api.sources import open_source
from ingest.errors import SourceError
from ingest.models import RawDocument
from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.wiki_address import Credentials
from tests.wikis.house import Inflating, Watched
from tests.wikis.servers import PASSWORD, USER

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

ADMIN = Credentials(USER, PASSWORD)
READER = Credentials("reader", PASSWORD)
PAGE = """\
====== VPN drops ======

^ Owner | [[user:netops|netops]] |
^ Last reviewed | {reviewed} |
^ Review in | 6 months |

The VPN drops. {{{{tag>vpn network}}}}

===== Resolution =====

  - Open //Preferences//.
  - {step}
    * nested

<code bash>
sudo systemctl restart vpn && echo "a<b"
  two
</code>

^ Exit code ^ Meaning ^
| 1 | no route |
"""


def text_of(step: str = "Restart it.", reviewed: str = "2026-10-01") -> str:
    return PAGE.format(step=step, reviewed=reviewed)


def test_only_what_changed_is_fetched(dokuwiki_server, house):
    wiki = dokuwiki_server
    wiki.put("life:one", text_of())
    wiki.put("life:deep:two", text_of())
    network = Watched()
    source = DokuWikiSource(wiki.location("namespace=life&groups=user"), ADMIN, network)
    one, two = (f"dokuwiki/{wiki.host}/life:{name}" for name in ("one", "deep:two"))

    assert house.sync(source) == {one: "indexed", two: "indexed"}
    assert network.asked.count("wiki.getPageHTML") == 2
    network.asked.clear()
    house.sync(source)
    assert not {"wiki.getPage", "wiki.getPageHTML"} & set(network.asked)
    wiki.put("life:one", text_of(step="Restart it twice."))
    house.sync(source)
    assert network.asked.count("wiki.getPageHTML") == 1

    wiki.put("life:deep:two", text_of(reviewed="2026-11-01"))
    assert house.sync(source) == {one: "unchanged", two: "metadata_only"}
    assert str(house.article(two).metadata.dates.last_reviewed_on) == "2026-11-01"


def test_a_page_as_an_article(dokuwiki_server, house):
    wiki = dokuwiki_server
    wiki.put("shown:vpn", text_of())
    house.sync(DokuWikiSource(wiki.location("namespace=shown&groups=user"), ADMIN))
    article = house.article(f"dokuwiki/{wiki.host}/shown:vpn")
    assert (article.title, article.url) == ("VPN drops", f"http://{wiki.host}/doku.php?id=shown:vpn")
    assert (article.metadata.owner, article.metadata.labels) == ("netops", ("vpn", "network"))
    assert article.metadata.audience == ("user",)
    assert str(article.metadata.dates.last_reviewed_on) == "2026-10-01"
    assert article.metadata.dates.last_modified is not None
    assert house.text(article.article_id).endswith(
        "## Resolution\n\n1. Open Preferences.\n2. Restart it.\n   - nested\n\n```bash\n"
        'sudo systemctl restart vpn && echo "a<b"\n  two\n```\n\n| Exit code | Meaning |\n| 1 | no route |'
    )
    assert "netops" not in house.text(article.article_id)


def test_what_the_reader_may_no_longer_see_leaves_the_index(dokuwiki_server, house):
    wiki = dokuwiki_server
    wiki.put("shut:stays", text_of())
    wiki.put("shut:goes", text_of())
    source = DokuWikiSource(wiki.location("namespace=shut&groups=user"), READER)
    house.sync(source)
    with wiki.rules("shut:goes\t@user\t0"):
        outcomes = house.sync(source)
    assert outcomes[f"dokuwiki/{wiki.host}/shut:goes"] == "deleted"


def test_a_page_limits_its_readers_further(dokuwiki_server):
    wiki = dokuwiki_server
    wiki.put("few:page", "^ Audience | finance |\n\nText.\n")
    with wiki.rules("few:*\t@finance\t1", "few:*\t@it\t1"):
        (document,) = DokuWikiSource(wiki.location("namespace=few&groups=it,finance"), ADMIN).scan()
    assert isinstance(document, RawDocument)
    assert document.fields["audience"] == ["finance"]


@pytest.mark.parametrize(
    ("path", "credentials", "said"),
    [
        ("?namespace=nowhere", ADMIN, "lists no page in namespace 'nowhere'"),
        ("?namespace=life", None, "a reader who is not logged in"),
        ("", Credentials(USER, "incorrect"), "does not let 'Runcite' in"),
    ],
)
def test_a_mistake_is_one_line(dokuwiki_server, house, path, credentials, said):
    error = house.error(DokuWikiSource(dokuwiki_server.location() + path, credentials))
    assert error is not None
    assert said in error
    assert "\n" not in error
    assert "incorrect" not in error


def test_the_settings_hold_the_account(dokuwiki_server):
    wiki = dokuwiki_server
    wiki.put("account:page", text_of())
    settings = Settings(dokuwiki_host=wiki.host, dokuwiki_user=USER, dokuwiki_password=SecretStr(PASSWORD))
    assert len(list(open_source(wiki.location("namespace=account"), settings).scan())) == 1
    elsewhere = settings.model_copy(update={"dokuwiki_host": "other.example"})
    with pytest.raises(SourceError, match="RUNCITE_DOKUWIKI_HOST"):
        list(open_source(wiki.location("namespace=account"), elsewhere).scan())


def test_an_address_that_is_no_api(dokuwiki_server, house):
    location = dokuwiki_server.location().replace("lib/exe/xmlrpc.php", "doku.php")
    error = house.error(DokuWikiSource(location, ADMIN))
    assert error is not None
    assert "that is no XML-RPC" in error


def test_a_first_ingest_that_was_killed_fetches_no_page_twice_that_it_had_indexed(dokuwiki_server, house):
    for number in range(12):
        dokuwiki_server.put(f"killed:page{number}", text_of(f"Restart part {number}."))
    network = Watched()
    source = DokuWikiSource(dokuwiki_server.location("namespace=killed&groups=user"), ADMIN, network)
    assert house.killed(source, published=5) == 5

    network.asked.clear()
    assert Counter(house.sync(source).values()) == {"unchanged": 5, "indexed": 7}
    assert house.total == 12
    assert network.asked.count("wiki.getPageHTML") == 7


def test_a_page_of_many_megabytes_is_skipped(dokuwiki_server, house):
    wiki = dokuwiki_server
    wiki.put("large:one", text_of(step="Huge step."))
    wiki.put("large:two", text_of())
    report = house.report(DokuWikiSource(wiki.location("namespace=large&groups=user"), ADMIN, Inflating(b"Huge step.")))
    assert [line.outcome for line in report.articles] == ["skipped", "indexed"]
    assert "the limit is 5,242,880; split it" in report.articles[0].reason
