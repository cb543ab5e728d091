"""Files attached to pages, synced again and again over real HTTP: what is in the index is what each reader may see."""

from types import SimpleNamespace

import pytest

from index.catalog import Catalog
from index.store.memory import MemoryStore
from index.sync import Syncer
from ingest.read import fingerprint, fingerprint_etag, read
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_client import Credentials
from ingest.sources.confluence_location import Location
from tests.confluence_server import TOKEN, USER, Wiki, serving
from tests.fakes import HashedWordsEmbedder, chunk_fake
from tests.office_files import docx, eml, pdf, pptx, xlsx

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

STEPS = b"## Resolution\n\n1. Restart the tunnel.\n"
REVIEWED = {"runcite": {"last_reviewed_on": "2026-10-01", "review_in": "6 months", "owner": "netops"}}
FILE = "1/attachments/att7"


@pytest.fixture(params=["cloud", "dc"])
def house(request, tmp_path):
    wiki = Wiki(flavor=request.param, context="/wiki" if request.param == "cloud" else "/confluence")
    for number in range(1, 7):
        wiki.add(str(number), f"Runbook {number}")
    wiki.pages["1"].properties = dict(REVIEWED)
    wiki.attach("1", "att7", "tunnel steps.md", STEPS)
    wiki.attach("1", "att8", "menu.png", b"\x89PNG")
    embedder = HashedWordsEmbedder()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    store = MemoryStore(embedder.spec.dimension)
    syncer = Syncer(
        catalog, store, embedder,
        read=read, fingerprint=fingerprint, fingerprint_etag=fingerprint_etag, chunk=chunk_fake,
    )  # fmt: skip
    with serving(wiki) as base, serving(wiki) as media:
        wiki.base, wiki.media_url = base, media.removesuffix(wiki.context.strip("/"))

        def run(**more):
            wiki.requests.clear()
            wiki.downloads.clear()
            query = "".join(f"&{key}={value}" for key, value in more.items())
            location = Location.parse(f"confluence+{base}?space=IT&flavor={request.param}{query}")
            report = syncer.run(ConfluenceSource(location, Credentials(USER, TOKEN), sleep=lambda _: None))
            assert report.error is None, report.error
            lines = {line.article_id.removeprefix("confluence/IT/"): line for line in report.articles}
            return {name: line for name, line in lines.items() if line.outcome != "unchanged"}

        def article(name=FILE):
            return catalog.article(f"confluence/IT/{name}")

        def may_read(name, *groups):
            hits = store.search_dense(embedder.embed_query("restart"), 100, ("*", *groups), None)
            return f"confluence/IT/{name}" in {hit.article_id for hit in hits}

        yield SimpleNamespace(wiki=wiki, run=run, article=article, may_read=may_read, catalog=catalog, base=base)
    catalog.close()


def outcomes(lines):
    return {name: line.outcome for name, line in lines.items()}


def test_a_file_is_an_article_that_names_its_page_and_is_reviewed_with_it(house):
    assert outcomes(house.run())[FILE] == "indexed"
    article = house.article()
    assert article.metadata.attached_to == "confluence/IT/1"
    assert (article.title, article.version) == ("Tunnel steps", "1")
    assert article.url == f"{house.base}/pages/viewpageattachments.action?pageId=1&preview=%2F1%2Fatt7"
    assert (article.metadata.owner, article.metadata.labels) == ("netops", ("runbook",))
    assert str(article.metadata.dates.last_reviewed_on) == "2026-10-01"
    assert article.metadata.dates.review_in.months == 6
    assert "1. Restart the tunnel." in house.catalog.stored(article.article_id).text
    assert house.article("1/attachments/att8") is None


def test_unchanged_files_are_never_downloaded_again(house):
    house.run()
    assert len(house.wiki.downloads) == 1
    assert outcomes(house.run()) == {}
    assert house.wiki.downloads == []
    assert house.wiki.asked("/attachment") == 1  # pages without files are not asked for them


def test_where_the_site_does_not_tell_which_pages_have_files_each_is_asked(house):
    house.wiki.tells_children = False
    assert outcomes(house.run())[FILE] == "indexed"
    assert sum("attachment?" in one or "attachments?" in one for one in house.wiki.requests) == 6


def test_a_new_version_of_a_file_is_a_new_revision_that_the_earlier_review_does_not_cover(house):
    house.run()
    house.wiki.file("att7").replace(STEPS + b"2. Wait.\n", when="2026-11-10T08:00:00.000Z")
    assert outcomes(house.run()) == {FILE: "updated"}
    assert house.article().metadata.dates.last_reviewed_on is None
    house.wiki.pages["1"].properties = {"runcite": REVIEWED["runcite"] | {"last_reviewed_on": "2026-11-12"}}
    assert outcomes(house.run()) == {"1": "metadata_only"}
    assert house.wiki.downloads == []
    assert str(house.article().metadata.dates.last_reviewed_on) == "2026-11-12"


def test_a_renamed_file_is_the_same_article(house):
    house.run()
    house.wiki.file("att7").name = "restart steps.md"
    assert outcomes(house.run()) == {FILE: "updated"}
    assert house.article().title == "Restart steps"


def test_a_file_is_restricted_and_opened_with_its_page(house):
    house.run()
    assert house.may_read(FILE)
    house.wiki.pages["1"].groups = ["netops"]
    assert outcomes(house.run()) == {"1": "metadata_only"}
    assert (house.may_read(FILE), house.may_read(FILE, "netops")) == (False, True)
    assert house.article().metadata.audience == ("netops",)
    house.wiki.pages["1"].groups = []
    house.run()
    assert house.may_read(FILE)
    assert house.wiki.downloads == []


def test_a_file_of_a_restricted_page_is_never_open_to_others(house):
    house.wiki.pages["2"].groups = ["hr"]
    house.wiki.attach("2", "att9", "salaries.md", b"Restart the salaries.\n")
    house.run()
    name = "2/attachments/att9"
    assert (house.may_read(name), house.may_read(name, "hr")) == (False, True)


def test_a_file_of_a_page_that_could_not_be_read_is_not_let_in(house):
    house.wiki.attach("2", "att9", "salaries.md", b"Restart the salaries.\n")
    house.wiki.always = {"pages/2?body": 403, "content/2?expand=body": 403}
    lines = house.run()
    assert (lines["2"].outcome, lines["2/attachments/att9"].outcome) == ("failed", "failed")
    house.wiki.always = {}
    assert outcomes(house.run()) == {"2": "indexed", "2/attachments/att9": "indexed"}


@pytest.mark.parametrize(
    "body", [" ", '<ac:structured-macro ac:name="attachments"/>'], ids=["empty", "a list of files"]
)
def test_a_file_of_a_page_without_text_is_for_the_readers_of_that_page(house, body):
    house.wiki.add("21", "Files", body, groups=["hr"])
    house.wiki.attach("21", "att21", "salaries.md", b"Restart the salaries.\n")
    name = "21/attachments/att21"
    assert house.run()[name].outcome == "indexed"
    assert (house.may_read(name), house.may_read(name, "hr")) == (False, True)
    house.wiki.pages["21"].groups = ["board"]
    house.run()
    assert (house.may_read(name, "hr"), house.may_read(name, "board")) == (False, True)


@pytest.mark.parametrize("gone", ["detached", "page deleted", "page archived", "switched off"])
def test_a_file_leaves_the_index_when_it_is_detached_or_its_page_goes(house, gone):
    house.run()
    options = {}
    if gone == "detached":
        house.wiki.pages["1"].files.clear()
    elif gone == "page deleted":
        del house.wiki.pages["1"]
    elif gone == "page archived":
        house.wiki.pages["1"].status = "archived"
    else:
        options = {"attachments": "no"}
    assert outcomes(house.run(**options))[FILE] == "deleted"
    assert not house.may_read(FILE)


def test_a_file_stays_the_same_article_where_its_page_moves_and_takes_on_the_rights_there(house):
    house.wiki.add("40", "Secret", groups=["hr"])
    house.run()
    house.wiki.pages["1"].parent = "40"
    assert outcomes(house.run()) == {"1": "metadata_only"}
    assert (house.may_read(FILE), house.may_read(FILE, "hr")) == (False, True)


@pytest.mark.parametrize("status", [401, 403, 404, 500], ids=["no scope", "forbidden", "gone", "broken"])
def test_a_listing_of_files_that_fails_removes_none(house, status):
    house.run()
    house.wiki.always = {"/attachment": status}
    lines = house.run()
    assert outcomes(lines) == {"1/attachments/": "failed"}
    assert "cannot be listed" in lines["1/attachments/"].reason
    assert house.may_read(FILE)


def test_a_download_that_fails_is_one_line_and_the_rest_goes_on(house):
    house.wiki.attach("2", "att9", "other.md", b"Restart the other.\n")
    house.wiki.always = {"att7/download": 500, "tunnel steps.md": 500}
    lines = house.run()
    assert lines[FILE].outcome == "failed"
    assert "HTTP 500" in lines[FILE].reason
    assert lines["2/attachments/att9"].outcome == "indexed"


@pytest.mark.parametrize("make", [docx, pptx, xlsx, eml, pdf])
def test_documents_of_every_kind_are_read(house, make):
    name = f"procedure.{make.__name__}"
    house.wiki.attach("2", "att9", name, make())
    assert house.run()["2/attachments/att9"].outcome == "indexed"
    article = house.catalog.stored("confluence/IT/2/attachments/att9")
    assert article.metadata.attached_to == "confluence/IT/2"
    assert article.text


def test_a_damaged_document_is_one_line(house):
    house.wiki.attach("2", "att9", "procedure.docx", b"not a document")
    lines = house.run()
    assert (lines["2/attachments/att9"].outcome, lines[FILE].outcome) == ("failed", "indexed")


def test_a_file_too_large_is_not_downloaded(house):
    house.wiki.file("att7").listed_size = 25_000_000
    lines = house.run()
    assert lines[FILE].outcome == "skipped"
    assert "the limit is 5,242,880" in lines[FILE].reason
    assert house.wiki.downloads == []


def test_a_file_of_another_size_than_listed_is_not_believed(house):
    house.wiki.file("att7").listed_size = 5
    assert "the site lists 5; a login page?" in house.run()[FILE].reason


def test_the_media_host_never_gets_the_credentials(house):
    house.run()
    if house.wiki.flavor == "cloud":
        assert [authorization for _, authorization in house.wiki.heard] == [""]
        assert house.wiki.heard[0][0] not in house.base
    else:
        assert house.wiki.heard == []


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "https://10.0.0.5/", "https://[fd00::1]/", "file:///etc/passwd"],
)
def test_a_redirect_into_a_private_network_is_not_followed(house, target):
    house.wiki.media_url = target
    lines = house.run()
    if house.wiki.flavor == "cloud":
        assert lines[FILE].outcome == "failed"
        assert "private network" in lines[FILE].reason or "expected an address with https" in lines[FILE].reason


@pytest.mark.parametrize("link", ["https://evil.example/x.md", "//evil.example/x.md", "@evil.example/x.md"])
def test_a_download_link_to_another_host_is_not_followed(house, link):
    house.wiki.download_link = link
    line = house.run()[FILE]
    if house.wiki.flavor == "dc":
        assert line.outcome == "failed"
        assert "expected a path on the site itself" in line.reason


def test_blog_posts_are_read_where_they_are_asked_for(house):
    house.wiki.add("20", "What changed in the VPN", kind="blogpost", groups=["netops"])
    house.wiki.attach("20", "att20", "slides.md", b"Restart after the change.\n")
    lines = house.run(types="page,blogpost")
    assert {lines[name].outcome for name in ("1", FILE, "20", "20/attachments/att20")} == {"indexed"}
    assert house.article("20/attachments/att20").metadata.audience == ("netops",)
    assert outcomes(house.run(types="blogpost,page")) == {}


def test_blog_posts_are_not_read_where_nobody_asks(house):
    house.wiki.add("20", "What changed in the VPN", kind="blogpost")
    assert "20" not in house.run()
