"""What goes wrong on a Confluence site, over real HTTP: one clear line each, and nothing lost or leaked."""

import threading
import time

import pytest

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.sources import confluence_client
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_client import Credentials
from ingest.sources.confluence_location import Location
from tests.confluence_server import TOKEN, USER, Wiki, is_sorted, repeated, serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def make(flavor):
    wiki = Wiki(flavor=flavor, context="/wiki" if flavor == "cloud" else "/confluence")
    for number in range(1, 26):
        wiki.add(str(number), f"Runbook {number}")
    return wiki


@pytest.fixture(params=["cloud", "dc"])
def site(request):
    wiki = make(request.param)
    with serving(wiki) as base:
        yield Site(wiki, base, request.param)


@pytest.fixture
def cloud():
    wiki = make("cloud")
    with serving(wiki) as base:
        yield Site(wiki, base, "cloud")


class Site:
    def __init__(self, wiki, base, flavor):
        self.wiki, self.base, self.flavor = wiki, base, flavor
        self.waits: list[float] = []

    def source(self, *, user=USER, token=TOKEN, query="space=IT", base=None, **more):
        location = Location.parse(f"confluence+{base or self.base}?{query}&flavor={self.flavor}")
        return ConfluenceSource(location, Credentials(user, token), sleep=self.waits.append, **more)

    def scan(self, is_current=lambda *_: False, **more):
        found = {}
        for item in self.source(**more).scan(is_current):
            assert item.article_id not in found
            found[item.article_id.rpartition("/")[2]] = item
        return found


def documents(found):
    return {key: item for key, item in found.items() if isinstance(item, RawDocument)}


def test_a_page_carries_what_the_site_knows_of_it(site):
    site.wiki.pages["7"].labels = ["runbook", "network"]
    site.wiki.pages["7"].properties = {"runcite": {"review_in": "6 months", "Audience": ["*"], "title": "Other"}}
    page = site.scan()["7"]
    assert (page.article_id, page.version, page.media_type) == (
        "confluence/IT/7",
        "1",
        "application/x-confluence-storage",
    )
    assert page.url == site.base + site_path(site.flavor)
    assert page.last_modified.isoformat() == "2026-10-01T08:00:00+00:00"
    owner = {"owner": "Net Ops"} if site.flavor == "cloud" else {}
    assert page.fields == owner | {
        "review_in": "6 months",
        "title": "Runbook 7",
        "labels": ["network", "runbook"],
        "audience": ["*"],
        "status": "published",
    }


def site_path(flavor):
    return "/spaces/IT/pages/7" if flavor == "cloud" else "/pages/viewpage.action?pageId=7"


def test_a_clamped_limit_whose_link_skips_ahead_loses_no_page(site):
    site.wiki.max_limit = 4
    found = site.scan()
    assert len(documents(found)) == 25
    assert is_sorted(list(found))
    assert repeated(site.wiki.requests) == []


def test_a_listing_that_is_too_much_for_the_site_is_asked_for_in_halves(site):
    site.wiki.overtaxed_above = 30
    site.wiki.max_limit = 10
    if site.flavor == "cloud":
        # v2 bears its own largest limit; the search breaks down.
        site.wiki.overtaxed_above = 10_000
        site.wiki.fails = {"limit=200": [(500, {})], "limit=100": [(502, {}), (502, {}), (502, {})]}
    assert len(documents(site.scan())) == 25
    assert any("limit=25" in request or "limit=50" in request for request in site.wiki.requests)


def test_a_site_that_asks_to_wait_is_waited_for(site):
    site.wiki.fails = {
        "body": [(429, {"retry-after": "7"}), (429, {"retry-after": "0"}), (429, {"retry-after": "900"})]
    }
    assert len(documents(site.scan())) == 25
    assert sorted(site.waits) == [2.0, 7.0, 60.0]


def test_without_retry_after_the_waits_grow(cloud):
    cloud.wiki.fails = {"spaces?": [(429, {}), (429, {}), (429, {"retry-after": "soon"}), (503, {"retry-after": "3"})]}
    cloud.wiki.fails["spaces?"].pop()
    assert len(documents(cloud.scan())) == 25
    assert cloud.waits == [5.0, 10.0, 20.0]


def test_a_site_that_never_relents_ends_the_run(cloud):
    cloud.wiki.always = {"spaces?": 429}
    with pytest.raises(SourceError, match="overloaded"):
        cloud.scan()
    assert cloud.waits == [5.0, 10.0, 20.0, 40.0, 60.0]


def test_a_body_that_cannot_be_given_in_storage_format_is_taken_as_html(site):
    site.wiki.without_storage = {"3"}
    found = site.scan()
    assert (found["3"].media_type, found["3"].content) == ("text/html", site.wiki.pages["3"].body.encode())
    assert found["4"].media_type == "application/x-confluence-storage"


def test_a_page_that_may_not_be_read_is_reported_and_the_rest_goes_on(site):
    site.wiki.always = {"v2/pages/3?body": 403, "content/3?expand=body": 403}
    found = site.scan()
    assert isinstance(found["3"], Rejected)
    assert "HTTP 403" in found["3"].reason
    assert len(documents(found)) == 24


@pytest.mark.parametrize("status", [403, 404, 500])
def test_restrictions_that_cannot_be_told_let_nobody_in(site, status):
    site.wiki.nested_limit = 2
    site.wiki.pages["3"].groups = ["a", "b", "c"]
    site.wiki.pages["4"].parent = "3"
    site.wiki.always = {"content/3/restriction": status}
    found = site.scan()
    for page_id in "34":
        assert found[page_id].fields["audience"] == {"unknown": f"HTTP {status} on readers of 3"}
    assert found["5"].fields["audience"] == ["*"]


def test_restrictions_and_labels_that_are_cut_off_are_read_to_the_end(site):
    site.wiki.nested_limit = 2
    page = site.wiki.pages["3"]
    page.groups = ["a", "b", "c", "d", "e", "Everyone"]
    page.users = ["u1", "u2", "u3"]
    page.labels = ["one", "three", "two"]
    found = site.scan()
    assert found["3"].fields["audience"] == ["a", "b", "c", "d", "e", "group:Everyone", "u1", "u2", "u3"]
    assert found["3"].fields["labels"] == ["one", "three", "two"]


def test_a_page_that_the_search_does_not_know_yet_is_asked_for_by_itself(cloud):
    cloud.wiki.not_in_search = {"3", "4"}
    cloud.wiki.pages["3"].groups = ["netops"]
    cloud.wiki.pages["3"].properties = {"runcite": {"team": "Network"}}
    found = cloud.scan(query="space=IT&label=runbook")
    assert (found["3"].fields["audience"], found["3"].fields["team"]) == (["netops"], "Network")
    assert found["4"].fields["audience"] == ["*"]
    known = {item.article_id: item.etag for item in documents(found).values()}
    cloud.wiki.not_in_search = set()
    assert all(isinstance(item, Unchanged) for item in cloud.scan(lambda key, etag: known[key] == etag).values())


def test_folders_between_pages_are_looked_through(cloud):
    cloud.wiki.add("50", "Private", groups=["hr"])
    cloud.wiki.folders = {"f1": "50", "f2": None}
    cloud.wiki.pages["3"].parent, cloud.wiki.pages["3"].parent_type = "f1", "folder"
    cloud.wiki.pages["4"].parent, cloud.wiki.pages["4"].parent_type = "f2", "folder"
    found = cloud.scan()
    assert (found["3"].fields["audience"], found["4"].fields["audience"]) == (["hr"], ["*"])


def test_a_body_older_than_its_listing_is_left_for_the_next_run(site):
    site.wiki.pages["3"].edit("<p>New.</p>")
    site.wiki.stale = {"3": 1}
    found = site.scan()
    assert isinstance(found["3"], Rejected)
    assert "version 2" in found["3"].reason


def test_a_page_of_five_megabytes_is_skipped(site):
    site.wiki.pages["3"].body = "<p>" + "x" * (5 * 1024 * 1024) + "</p>"
    found = site.scan()
    assert (found["3"].outcome, "limit is 5,242,880" in found["3"].reason) == ("skipped", True)
    assert len(documents(found)) == 24


def test_a_body_in_an_unknown_representation_is_reported(site):
    site.wiki.representation = "atlas_doc_format"
    found = site.scan()
    assert {item.outcome for item in found.values()} == {"failed"}
    assert "'atlas_doc_format', expected 'storage'" in found["3"].reason


def test_wrong_credentials_are_one_clear_line(site):
    with pytest.raises(SourceError, match=r"does not accept the credentials.*RUNCITE_CONFLUENCE_TOKEN") as caught:
        site.scan(token=TOKEN[::-1])
    assert TOKEN[::-1] not in str(caught.value)


def test_a_token_alone_is_a_bearer(site):
    assert len(documents(site.scan(user=""))) == 25


def test_credentials_that_the_site_ignores_are_not_taken_for_an_empty_space(site):
    site.wiki.user_type = "anonymous"
    with pytest.raises(SourceError, match="nobody's"):
        site.scan()


def test_an_unknown_space_is_named(site):
    with pytest.raises(SourceError, match="no space 'NOPE'"):
        site.scan(query="space=NOPE")


def test_a_login_page_is_not_taken_for_a_listing(site):
    site.wiki.html = True
    with pytest.raises(SourceError, match="expected JSON"):
        site.scan()


def test_a_listing_that_breaks_off_removes_nothing(site):
    site.wiki.max_limit = 10
    part = "cursor=" if site.flavor == "cloud" else "start=10"
    site.wiki.always = {part: 403}
    with pytest.raises(SourceError, match="nothing can be said to be gone"):
        site.scan()


def test_a_site_without_tls_is_told_from_one_that_is_away(site):
    with pytest.raises(SourceError, match=r"TLS check.*SSL_CERT_FILE"):
        site.scan(base=site.base.replace("http:", "https:"))
    with pytest.raises(SourceError, match="cannot be reached"):
        site.scan(base="http://127.0.0.1:9/wiki")


def test_a_site_that_hangs_is_given_up(site, monkeypatch):
    site.wiki.slow_s = 0.3
    client = confluence_client.ConfluenceClient(site.base, Credentials(USER, TOKEN), timeout_s=0.05)
    started = time.monotonic()
    with client, pytest.raises(confluence_client.RequestError, match="longer than allowed"):
        client.get("/rest/api/user/current")
    assert time.monotonic() - started < 3


def put_in(storage, fetch, *, page_id=None):
    for title in ("Shared", "Nowhere"):
        found = fetch(title, None) if f"[{title}]" in storage else None
        storage = storage.replace(f"[{title}]", found[2] if found else "(not shown)")
    return storage, None


INCLUDE = '<p>[Shared][Nowhere]</p><ac:structured-macro ac:name="include"/>'


def test_an_included_page_makes_the_including_one_change_with_it(site):
    site.wiki.add("60", "Shared", "<p>old</p>")
    site.wiki.pages["3"].body = INCLUDE
    found = site.scan(prepare=put_in)
    assert b"<p>old</p>(not shown)" in found["3"].content
    known = {item.article_id: item.etag for item in documents(found).values()}

    def is_current(article_id, etag):
        return known[article_id] == etag

    assert all(isinstance(item, Unchanged) for item in site.scan(is_current, prepare=put_in).values())
    site.wiki.pages["60"].edit("<p>new</p>")
    again = site.scan(is_current, prepare=put_in)
    assert sorted(documents(again)) == ["3", "60"]
    assert b"<p>new</p>" in again["3"].content


def test_a_page_for_fewer_readers_is_not_put_into_one_for_more(site):
    site.wiki.add("60", "Shared", "<p>secret</p>", groups=["hr"])
    site.wiki.pages["3"].body = INCLUDE
    site.wiki.pages["4"].body, site.wiki.pages["4"].groups = INCLUDE, ["hr"]
    found = site.scan(prepare=put_in)
    assert b"secret" not in found["3"].content
    assert b"secret" in found["4"].content


def test_a_page_that_slips_by_while_another_is_deleted_is_listed_all_the_same():
    wiki = make("dc")
    wiki.max_limit = 10
    wiki.remove_during_listing = "2"
    with serving(wiki) as base:
        found = Site(wiki, base, "dc").scan()
    assert isinstance(found.pop("2"), Rejected)
    assert len(documents(found)) == 24


def test_a_search_that_pages_by_cursor_is_followed_as_it_says(cloud):
    cloud.wiki.search_by_cursor = True
    cloud.wiki.max_limit = 10
    cloud.wiki.pages["25"].groups = ["netops"]
    assert cloud.scan()["25"].fields["audience"] == ["netops"]
    assert cloud.wiki.asked("content/search") == 3
    assert cloud.wiki.asked("/restriction/") == 0


def test_a_space_for_some_is_theirs_unless_a_page_says_otherwise(site):
    site.wiki.pages["3"].groups = ["netops"]
    found = site.scan(query="space=IT&audience=it-staff&audience=desk")
    assert found["3"].fields["audience"] == ["netops"]
    assert found["4"].fields["audience"] == ["desk", "it-staff"]


def test_a_stale_token_that_the_site_mentions_in_a_header_alone_is_refused(site):
    site.wiki.fails = {"user/current": [(200, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})]}
    with pytest.raises(SourceError, match="does not accept the credentials"):
        site.scan()


def test_a_token_with_a_line_break_is_refused_without_being_shown(site):
    with pytest.raises(SourceError, match="copy it anew") as caught:
        site.scan(user="", token=f"{TOKEN}\nX")
    assert TOKEN not in str(caught.value)


def test_credentials_that_expire_half_way_end_the_run(site):
    site.wiki.always = {"pages/9?body": 401, "content/9?expand=body": 401}
    met = []
    with pytest.raises(SourceError, match="does not accept"):
        met.extend(site.source().scan())


def test_a_run_that_is_given_up_leaves_no_thread_behind(site):
    running = site.source().scan()
    next(running)
    running.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("confluence")]


@pytest.mark.parametrize("document", [b"[]", b"{}", b'{"results": [1]}', b'{"results": [{}]}', b'{"results": {}}'])
def test_answers_of_another_shape_end_the_run_in_one_line(site, document):
    answer = site.wiki.answer

    def odd(path, query, headers):
        listing = path.endswith(("/9/pages", "/rest/api/content"))
        return (200, {}, document) if listing else answer(path, query, headers)

    site.wiki.answer = odd
    with pytest.raises(SourceError, match="expected"):
        site.scan()


def test_links_are_followed_on_the_configured_host_alone():
    with confluence_client.ConfluenceClient("https://a.example/ex/1/wiki", Credentials()) as client:
        for link, path in (
            ("/wiki/api/v2/pages?cursor=x", "/api/v2/pages?cursor=x"),
            ("https://evil.example/api/v2/pages?cursor=x", "/api/v2/pages?cursor=x"),
            ("/ex/1/wiki/api/v2/pages?cursor=x", "/api/v2/pages?cursor=x"),
            (".evil.example/api?cursor=x", "/.evil.example/api?cursor=x"),
        ):
            assert client._below_base(link, {"_links": {"base": "https://site.example/wiki"}}) == path
