"""A space, synced again and again over real HTTP into an index: what is in it is what each reader may see now."""

from collections import Counter
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from api.settings import Settings
from api.sources import open_source
from index.catalog import Catalog
from index.run import CHUNKS_PER_BATCH
from index.runs import RunQuery
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from ingest.errors import ParseError
from ingest.metadata import read_metadata
from ingest.models import Article, Block
from ingest.read import fingerprint, fingerprint_etag, read
from ingest.sources.confluence import AHEAD, ConfluenceSource
from ingest.sources.confluence_client import CONNECTIONS, Credentials
from ingest.sources.confluence_location import Location
from tests.confluence_server import TOKEN, USER, Wiki, serving
from tests.fakes import HashedWordsEmbedder, Killed, chunk_fake, fingerprint_fake, killed_after

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def read_storage(raw):
    """Read a body as it stands: its storage format is another's business."""
    text = raw.content.decode()
    if "BROKEN" in text:
        raise ParseError("cannot be parsed")
    stated = read_metadata(raw.fields)
    return Article(
        raw.article_id, raw.source, stated.title or raw.name, text, (Block("paragraph", 0, len(text)),),
        stated.metadata, f"sha256:{hash(text)}", raw.url, raw.version, stated.warnings,
    )  # fmt: skip


@pytest.fixture(params=["cloud", "dc"])
def house(request, tmp_path):
    wiki = Wiki(flavor=request.param, context="/wiki" if request.param == "cloud" else "/confluence")
    for number in range(1, 31):
        wiki.add(str(number), f"Runbook {number}")
    embedder = HashedWordsEmbedder()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    store = MemoryStore(embedder.spec.dimension)
    syncer = Syncer(catalog, store, embedder, read=read_storage, fingerprint=fingerprint_fake, chunk=chunk_fake)
    with serving(wiki) as base:
        location = Location.parse(f"confluence+{base}?space=IT&label=runbook&flavor={request.param}")
        source = ConfluenceSource(location, Credentials(USER, TOKEN), sleep=lambda _: None)

        def run():
            wiki.requests.clear()
            wiki.bodies_served = 0
            report = syncer.run(source)
            assert report.error is None, report.error
            return {line.article_id.rpartition("/")[2]: line for line in report.articles}

        def may_read(page_id, *groups):
            hits = store.search_dense(embedder.embed_query("restart"), 100, ("*", *groups), None)
            return f"confluence/IT/{page_id}" in {hit.article_id for hit in hits}

        yield SimpleNamespace(wiki=wiki, run=run, may_read=may_read, catalog=catalog, source=source, syncer=syncer)
    catalog.close()


def outcomes(lines):
    return {page_id: line.outcome for page_id, line in lines.items() if line.outcome != "unchanged"}


def test_a_second_run_fetches_nothing(house):
    assert set(outcomes(house.run()).values()) == {"indexed"}
    assert len(house.catalog.articles()) == 30
    assert outcomes(house.run()) == {}
    assert house.wiki.bodies_served == 0


def test_what_is_new_changed_relabelled_archived_or_deleted_is_so_at_the_end_of_the_run(house):
    house.run()
    house.wiki.add("31", "Runbook 31")
    house.wiki.pages["2"].edit("<p>Restart it twice.</p>")
    house.wiki.pages["3"].labels.append("network")
    house.wiki.pages["4"].status = "archived"
    house.wiki.pages["5"].status = "trashed"
    del house.wiki.pages["6"]
    house.wiki.pages["7"].labels = ["howto"]

    assert outcomes(house.run()) == {
        "31": "indexed", "2": "updated", "3": "metadata_only",
        "4": "deleted", "5": "deleted", "6": "deleted", "7": "deleted",
    }  # fmt: skip
    assert house.wiki.bodies_served == 3
    assert not any(house.may_read(page_id) for page_id in "4567")
    assert house.catalog.article("confluence/IT/3").metadata.labels == ("network", "runbook")


def test_a_new_restriction_hides_a_page_that_has_no_new_version(house):
    house.run()
    assert house.may_read("8")
    house.wiki.pages["8"].groups = ["netops"]
    house.wiki.pages["9"].users = ["acc-7"]

    assert outcomes(house.run()) == {"8": "metadata_only", "9": "metadata_only"}
    assert (house.may_read("8"), house.may_read("8", "netops")) == (False, True)
    assert (house.may_read("9"), house.may_read("9", "acc-7")) == (False, True)

    house.wiki.pages["8"].groups = []
    assert outcomes(house.run()) == {"8": "metadata_only"}
    assert house.may_read("8")


def test_a_right_revoked_on_an_ancestor_holds_below_it(house):
    house.wiki.pages["11"].parent = "10"
    house.wiki.pages["12"].parent = "11"
    house.wiki.pages["12"].groups = ["netops", "desk"]
    house.run()
    assert house.may_read("12", "desk")
    house.wiki.pages["10"].groups = ["netops"]

    assert outcomes(house.run()) == dict.fromkeys(("10", "11", "12"), "metadata_only")
    assert (house.may_read("11"), house.may_read("12", "desk"), house.may_read("12", "netops")) == (False, False, True)


def test_a_moved_page_keeps_its_id_and_takes_on_the_rights_of_its_new_place(house):
    house.wiki.add("40", "Secret", groups=["hr"])
    house.run()
    house.wiki.pages["13"].parent = "1"
    assert outcomes(house.run()) == {}
    house.wiki.pages["13"].parent = "40"
    assert outcomes(house.run()) == {"13": "metadata_only"}
    assert (house.may_read("13"), house.may_read("13", "hr")) == (False, True)


def test_an_ancestor_whose_rights_cannot_be_told_lets_nobody_in(house):
    house.run()
    house.wiki.pages["14"].parent = "hidden-page"
    lines = house.run()
    assert outcomes(lines) == {"14": "metadata_only"}
    assert "404" in " ".join(lines["14"].warnings)
    assert "nobody can read" in " ".join(lines["14"].warnings)
    assert not house.may_read("14", "netops")
    assert outcomes(house.run()) == {}


def test_a_page_outside_the_label_still_rules_those_below_it(house):
    house.wiki.add("41", "Front page", labels=[], groups=["hr"])
    house.wiki.pages["15"].parent = "41"
    assert "41" not in house.run()
    assert (house.may_read("15"), house.may_read("15", "hr")) == (False, True)


def test_a_page_restricted_anew_is_hidden_even_if_its_new_text_cannot_be_fetched(house):
    house.run()
    house.wiki.pages["16"].edit("<p>New.</p>")
    house.wiki.pages["16"].groups = ["hr"]
    house.wiki.always = {"pages/16?body": 403, "content/16?expand=body": 403}
    lines = house.run()
    assert outcomes(lines) == {"16": "failed"}
    assert "what was indexed of it before is kept" in lines["16"].reason
    assert (house.may_read("16"), house.may_read("16", "hr")) == (False, True)

    house.wiki.pages["16"].groups = []
    house.run()
    assert not house.may_read("16")
    house.wiki.always = {}
    assert outcomes(house.run()) == {"16": "updated"}
    assert house.may_read("16")


@pytest.mark.parametrize("body", ["BROKEN", "\n"])
def test_a_page_restricted_anew_is_hidden_even_if_its_new_text_cannot_be_read(house, body):
    house.run()
    house.wiki.pages["16"].edit(body)
    house.wiki.pages["16"].groups = ["hr"]
    assert outcomes(house.run())["16"] in {"failed", "skipped"}
    assert (house.may_read("16"), house.may_read("16", "hr")) == (False, True)


def test_pages_are_read_with_what_they_include_by_the_real_parser(tmp_path):
    include = (
        '<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link><ri:page ri:content-title="{}"/>'
    )
    include += "</ac:link></ac:parameter></ac:structured-macro>"
    wiki = Wiki()
    wiki.add("1", "VPN drops", f"<h2>Fix</h2><ol><li>Restart the client.</li></ol>{include.format('Escalation')}")
    wiki.pages["1"].body += include.format("Salaries")
    wiki.add("2", "Escalation", "<p>Call the network desk.</p>", labels=[])
    wiki.add("3", "Salaries", "<p>Confidential figures.</p>", labels=[], groups=["hr"])
    wiki.pages["1"].properties = {"runcite": {"last_reviewed_on": "2026-10-01", "review_in": "6 months"}}
    embedder = HashedWordsEmbedder()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    syncer = Syncer(
        catalog, MemoryStore(embedder.spec.dimension), embedder,
        read=read, fingerprint=fingerprint, fingerprint_etag=fingerprint_etag, chunk=chunk_fake,
    )  # fmt: skip
    with serving(wiki) as base:
        uri = f"confluence+{base}?space=IT&label=runbook&flavor=cloud"
        account = {"confluence_host": urlsplit(base).netloc, "confluence_user": USER}
        source = open_source(uri, Settings(**account, confluence_token=SecretStr(TOKEN)))

        def run():
            report = syncer.run(source)
            assert report.error is None
            return [line.outcome for line in report.articles]

        assert run() == ["indexed"]
        assert run() == ["unchanged"]
        article = catalog.stored("confluence/IT/1")
        assert "1. Restart the client." in article.text
        assert "Call the network desk." in article.text
        assert "Confidential" not in article.text
        assert str(article.metadata.dates.last_reviewed_on) == "2026-10-01"
        assert (article.metadata.owner, article.metadata.labels) == ("Net Ops", ("runbook",))

        wiki.pages["2"].edit("<p>Call the duty manager.</p>")
        assert run() == ["updated"]
        assert "duty manager" in catalog.stored("confluence/IT/1").text
    catalog.close()


def test_a_first_ingest_that_was_killed_fetches_no_body_twice_that_it_had_indexed(house):
    house.wiki.always = {"pages/5?body": 403, "content/5?expand=body": 403}
    for number in range(31, 301):
        house.wiki.add(str(number), f"Runbook {number}")
    with pytest.raises(Killed):
        house.syncer.run(house.source, options=RunOptions(on_step=killed_after("published", 150)))
    assert len(house.catalog.articles()) == 150
    # Lost with the process: what was fetched ahead, and what waited for its batch.
    assert house.wiki.bodies_served <= 150 + CHUNKS_PER_BATCH + AHEAD + CONNECTIONS

    house.wiki.always = {}
    lines = house.run()
    assert Counter(line.outcome for line in lines.values()) == {"unchanged": 150, "indexed": 150}
    assert lines["5"].outcome == "indexed"
    assert house.wiki.bodies_served == 150
    assert [run.state for run in house.catalog.run_log.latest(RunQuery())] == ["done", "interrupted"]


def test_how_many_there_are_is_told_before_the_first(house):
    for number in range(31, 61):
        house.wiki.add(str(number), f"Runbook {number}", labels=[] if number % 2 else ["runbook"])
    totals = []
    report = house.syncer.run(
        house.source, lambda _: totals or pytest.fail("too late"), RunOptions(on_total=totals.append)
    )
    assert totals == [len(report.articles)] == [45]
    assert report.articles_total == 45


@pytest.mark.parametrize(
    "body",
    [
        '<p>Quit the client.</p><ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[net stop vpn',
        "<p>Quit the client.<table><tr><td></p></ac:nothing>",
        "<p>Quit the client.</p><ac:structured-macro ac:name=><ri:page &nosuch; <<",
    ],
    ids=["cut-off", "crossed", "no-markup"],
)
def test_a_page_with_a_broken_fragment_keeps_what_can_be_read_and_stops_no_other(body, tmp_path):
    wiki = Wiki()
    wiki.add("1", "VPN drops", body)
    wiki.add("2", "Toner", "<p>Open the front door.</p>")
    embedder = HashedWordsEmbedder()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    syncer = Syncer(
        catalog, MemoryStore(embedder.spec.dimension), embedder,
        read=read, fingerprint=fingerprint, fingerprint_etag=fingerprint_etag, chunk=chunk_fake,
    )  # fmt: skip
    with serving(wiki) as base:
        location = Location.parse(f"confluence+{base}?space=IT&flavor=cloud")
        report = syncer.run(ConfluenceSource(location, Credentials(USER, TOKEN)))
    assert report.error is None
    assert [line.outcome for line in report.articles] == ["indexed", "indexed"]
    assert "Quit the client." in catalog.stored("confluence/IT/1").text
    catalog.close()
