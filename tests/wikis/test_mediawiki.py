"""A real MediaWiki, edited by a person and synced after each edit."""

import time
from collections import Counter

import pytest

from ingest.errors import SourceError
from ingest.models import RawDocument
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.wiki_address import Credentials
from tests.wikis.house import Inflating, Watched
from tests.wikis.servers import PASSWORD, USER

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

ADMIN = Credentials(USER, PASSWORD)
PAGE = """\
{{{{Runbook|owner=netops|last reviewed={reviewed}|review in=6 months|superseded by=[[{category} two|two]]}}}}
== Symptoms ==
The VPN drops.
== Resolution ==
# Open ''Preferences'', then [[Main Page|Network]].
# Type:
#* nested
# {step}

{{| class="wikitable"
! Exit code !! Meaning
|-
| 1 || no route
|}}
<pre>
net stop vpn
  indented
</pre>
<syntaxhighlight lang="bash">
sudo systemctl restart vpn && echo "a<b"
  two
</syntaxhighlight>
=== Sub ===
__FORCETOC__
[[Category:{category}]]
"""


@pytest.fixture
def wiki(mediawiki_server):
    mediawiki_server.edit("Template:Runbook", "<includeonly></includeonly>")
    return mediawiki_server


def text_of(category: str, step: str = "Restart it.", reviewed: str = "2026-10-01", extra: str = "") -> str:
    return PAGE.format(category=category, step=step, reviewed=reviewed) + extra


def test_only_what_changed_is_fetched(wiki, house):
    first = wiki.edit("Life one", text_of("Life"))
    second = wiki.edit("Life two", text_of("Life"))
    network = Watched()
    source = MediaWikiSource(wiki.location("category=Life"), transport=network)
    one, two = (f"mediawiki/{wiki.host}/{number}" for number in (first, second))

    assert house.sync(source) == {one: "indexed", two: "indexed"}
    assert network.asked.count("parse") == 2
    network.asked.clear()
    house.sync(source)
    assert "parse" not in network.asked
    wiki.edit("Life one", text_of("Life", step="Restart it twice."))
    house.sync(source)
    assert network.asked.count("parse") == 1

    wiki.edit("Life two", text_of("Life", reviewed="2026-11-01"))
    assert house.sync(source) == {one: "unchanged", two: "metadata_only"}
    assert str(house.article(two).metadata.dates.last_reviewed_on) == "2026-11-01"


def test_a_page_leaves_with_its_category_and_comes_back_when_it_is_undeleted(wiki, house):
    first = wiki.edit("Back one", text_of("Back"))
    second = wiki.edit("Back two", text_of("Back"))
    source = MediaWikiSource(wiki.location("category=Back"))
    one, two = (f"mediawiki/{wiki.host}/{number}" for number in (first, second))
    house.sync(source)
    wiki.delete("Back two")
    assert house.sync(source) == {one: "unchanged", two: "deleted"}
    wiki.undelete("Back two")
    assert house.sync(source) == {one: "unchanged", two: "indexed"}
    wiki.edit("Back two", "Taken out of the category.")
    assert house.sync(source) == {one: "unchanged", two: "deleted"}


def test_a_page_as_an_article(wiki, house):
    number = wiki.edit("Shown", text_of("Shown"))
    other = wiki.edit("Shown two", text_of("Shown", extra="[[Category:Draft]]"))
    house.sync(MediaWikiSource(wiki.location("category=Shown")))
    article = house.article(f"mediawiki/{wiki.host}/{number}")
    assert (article.title, article.url) == ("Shown", f"http://{wiki.host}/index.php/Shown")
    assert article.version is not None
    assert article.metadata.owner == "netops"
    assert article.metadata.audience == ("*",)
    assert article.metadata.labels == ("Shown",)
    assert article.metadata.superseded_by == f"mediawiki/{wiki.host}/{other}"
    assert house.article(f"mediawiki/{wiki.host}/{other}").metadata.status == "draft"
    assert house.text(article.article_id) == (
        "## Symptoms\n\nThe VPN drops.\n\n## Resolution\n\n1. Open Preferences, then Network.\n2. Type:\n   - nested\n"
        "3. Restart it.\n\n| Exit code | Meaning |\n| 1 | no route |\n\n```\nnet stop vpn\n  indented\n```\n\n"
        '```bash\nsudo systemctl restart vpn && echo "a<b"\n  two\n```\n\n### Sub'
    )


def test_moving_and_protecting_is_no_edit(wiki):
    wiki.edit("Still", text_of("Still"))
    source = MediaWikiSource(wiki.location("category=Still"))
    (before,) = source.scan()
    time.sleep(1.1)  # the wiki counts in seconds
    wiki.protect("Still")
    wiki.move("Still", "Still moved")
    (after,) = source.scan()
    assert isinstance(before, RawDocument)
    assert isinstance(after, RawDocument)
    assert (after.article_id, after.last_modified) == (before.article_id, before.last_modified)
    assert (after.version, after.etag) != (before.version, before.etag)


def test_an_edit_of_a_template_reaches_the_pages_that_show_it(wiki, house):
    wiki.edit("Template:Phone", "Call 1234.")
    number = wiki.edit("Calls", "{{Phone}} [[Category:Calls]]")
    source = MediaWikiSource(wiki.location("category=Calls"))
    house.sync(source)
    time.sleep(1.1)  # the wiki counts in seconds
    wiki.edit("Template:Phone", "Call 5678.")
    wiki.run_jobs()
    assert house.sync(source) == {f"mediawiki/{wiki.host}/{number}": "updated"}
    assert house.texts() == {"Calls": "Call 5678."}


def test_a_namespace_without_its_redirects(wiki):
    wiki.edit("Project:Whole", "Text.")
    wiki.edit("Project:Pointer", "#REDIRECT [[Project:Whole]]")
    found = [
        item.name for item in MediaWikiSource(wiki.location("namespace=4")).scan() if isinstance(item, RawDocument)
    ]
    assert found == ["Runcite:Whole"]


def test_long_listings_are_continued(wiki, house):
    marks = "".join(f"[[Category:Mark {number}]]" for number in range(30))
    for number in range(20):
        wiki.edit(f"Many {number}", f"Page {number}. [[Category:Many]]{marks}")
    network = Watched()
    house.sync(MediaWikiSource(wiki.location("category=Many"), transport=network))
    # Who may read and whether the category is there; two for the listing, as 620 categories are too many for one
    # answer; one for each page's edit date.
    assert network.asked.count("query") == 2 + 2 + 20
    articles = house.catalog.articles()
    assert [len(article.metadata.labels) for article in articles] == [31] * 20


def test_a_private_wiki_is_read_by_bot_password_and_shown_to_whom_it_is_said_to_be_for(wiki, house):
    number = wiki.edit("Private", "For staff. [[Category:Private]]")
    user, secret = wiki.bot_password()
    bot = Credentials(user, secret)
    with wiki.private():
        error = house.error(MediaWikiSource(wiki.location("category=Private")))
        assert error is not None
        assert "readapidenied" in error
        assert "RUNCITE_MEDIAWIKI_HOST" in error
        warnings = house.warnings(MediaWikiSource(wiki.location("category=Private"), bot))
        assert any("nobody can read the article" in warning for warning in warnings)
        assert house.article(f"mediawiki/{wiki.host}/{number}").metadata.audience == ()
    with wiki.private():
        (document,) = MediaWikiSource(wiki.location("category=Private&audience=staff,it"), bot).scan()
        assert isinstance(document, RawDocument)
        assert document.fields["audience"] == ["staff", "it"]


@pytest.mark.parametrize(
    ("query", "credentials", "said"),
    [
        ("category=Nowhere", None, "has no category 'Nowhere'"),
        ("namespace=98", None, "refuses (badvalue)"),
        ("", Credentials(USER, "wrong"), "does not let 'Runcite' in"),
    ],
)
def test_a_mistake_is_one_line_and_removes_nothing(wiki, house, query, credentials, said):
    error = house.error(MediaWikiSource(wiki.location(query), credentials))
    assert error is not None
    assert said in error
    assert "\n" not in error
    assert "wrong" not in error.replace("wrongpassword", "")


def test_an_address_that_is_no_api(wiki):
    source = MediaWikiSource(wiki.location().replace("api.php", "index.php"))
    with pytest.raises(SourceError, match=r"is not there|instead of JSON"):
        list(source.scan())


def test_a_server_that_speaks_no_tls(wiki):
    source = MediaWikiSource(wiki.location().replace("+http:", "+https:"))
    with pytest.raises(SourceError, match=r"certificate|TLS"):
        list(source.scan())


def test_a_first_ingest_that_was_killed_fetches_no_page_twice_that_it_had_indexed(wiki, house):
    for number in range(12):
        wiki.edit(f"Killed {number}", text_of("Killed", step=f"Restart part {number}."))
    network = Watched()
    source = MediaWikiSource(wiki.location("category=Killed"), transport=network)
    assert house.killed(source, published=5) == 5

    network.asked.clear()
    assert Counter(house.sync(source).values()) == {"unchanged": 5, "indexed": 7}
    assert house.total == 12
    assert network.asked.count("parse") == 7


def test_a_page_of_many_megabytes_is_skipped(wiki, house):
    wiki.edit("Large one", text_of("Large", step="Huge step."))
    wiki.edit("Large two", text_of("Large"))
    report = house.report(MediaWikiSource(wiki.location("category=Large"), transport=Inflating(b"Huge step.")))
    assert [line.outcome for line in report.articles] == ["skipped", "indexed"]
    assert "the limit is 5,242,880; split it" in report.articles[0].reason
