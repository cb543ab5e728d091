"""The contract of `Source`, synced into an index by the real reader: one suite, every kind of source.

What a kind of source cannot do is declared by its house, in `lacks`, and shows as a skip with that reason.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.models import ArticleReport, IndexedArticle, RunReport
from index.retrieve import Retriever
from index.run import MASS_DELETE_COUNT
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from ingest.models import RawDocument
from ingest.read import fingerprint, fingerprint_etag, read
from tests.confluence_server import Wiki
from tests.confluence_server import serving as serving_confluence
from tests.contract.sources.confluence import ConfluenceHouse
from tests.contract.sources.exports import HtmlExportHouse, XmlExportHouse
from tests.contract.sources.files import CloneHouse, FolderHouse, WorkTreeHouse
from tests.contract.sources.house import GROUP, Ability, House
from tests.contract.sources.llamaindex import LlamaIndexHouse
from tests.contract.sources.servicenow import ServiceNowHouse
from tests.contract.sources.wikis import DokuWikiHouse, MediaWikiHouse
from tests.fakes import HashedWordsEmbedder, chunk_fake
from tests.servicenow_server import FakeInstance
from tests.servicenow_server import serving as serving_servicenow

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

Make = Callable[[pytest.FixtureRequest, Path, ExitStack], House]


def confluence(flavor: str, context: str) -> Make:
    def make(_request: pytest.FixtureRequest, _scratch: Path, leave: ExitStack) -> House:
        wiki = Wiki(flavor=flavor, context=context)
        return ConfluenceHouse(wiki, leave.enter_context(serving_confluence(wiki)))

    return make


def servicenow(_request: pytest.FixtureRequest, _scratch: Path, leave: ExitStack) -> House:
    instance = FakeInstance()
    leave.enter_context(serving_servicenow(instance))
    return ServiceNowHouse(instance)


def mediawiki(request: pytest.FixtureRequest, scratch: Path, leave: ExitStack) -> House:
    return MediaWikiHouse(request.getfixturevalue("mediawiki_server"), scratch.name.capitalize(), leave)


def dokuwiki(request: pytest.FixtureRequest, scratch: Path, leave: ExitStack) -> House:
    return DokuWikiHouse(request.getfixturevalue("dokuwiki_server"), scratch.name, leave)


HOUSES: dict[str, Make] = {
    "folder": lambda _request, scratch, _leave: FolderHouse(scratch),
    "git work tree": lambda _request, scratch, _leave: WorkTreeHouse(scratch),
    "git clone": lambda _request, scratch, _leave: CloneHouse(scratch),
    "Confluence Cloud": confluence("cloud", "/wiki"),
    "Confluence Data Center": confluence("dc", "/confluence"),
    "Confluence XML export": lambda _request, scratch, _leave: XmlExportHouse(scratch),
    "Confluence HTML export": lambda _request, scratch, _leave: HtmlExportHouse(scratch),
    "MediaWiki": mediawiki,
    "DokuWiki": dokuwiki,
    "ServiceNow": servicenow,
    "LlamaIndex reader": lambda _request, _scratch, _leave: LlamaIndexHouse(),
}


class Index:
    """An index over the memory store and the real reader, into which one house is synced."""

    def __init__(self, scratch: Path, house: House) -> None:
        self._house = house
        self._embedder = HashedWordsEmbedder()
        self.catalog = Catalog.open(scratch / "catalog.sqlite")
        store = MemoryStore(self._embedder.spec.dimension)
        self._retriever = Retriever(HashedWordsEmbedder(), store, self.catalog)
        self._syncer = Syncer(
            self.catalog,
            store,
            self._embedder,
            read=read,
            fingerprint=fingerprint,
            chunk=chunk_fake,
            fingerprint_etag=fingerprint_etag,
        )
        self.embedded: list[str] = []

    def run(self, *, allow_mass_delete: bool = False) -> RunReport:
        self._embedder.embedded.clear()
        report = self._syncer.run(self._house.source(), options=RunOptions(allow_mass_delete=allow_mass_delete))
        self.embedded = list(self._embedder.embedded)
        return report

    def sync(self) -> dict[str, str]:
        """Sync; gives the outcomes that are not `unchanged`, by article id."""
        report = self.run()
        assert report.error is None, report.error
        return {line.article_id: line.outcome for line in report.articles if line.outcome != "unchanged"}

    def article(self, page: str) -> IndexedArticle:
        found = self.catalog.article(self._house.article_id(page))
        assert found is not None
        return found

    def finds(self, words: str, *groups: str) -> bool:
        """Tell whether a reader in these groups can be given a passage that holds these words."""
        for candidate in self._retriever.retrieve(words, audience=frozenset(groups), limit=100).candidates:
            revision = self.catalog.revision(candidate.article.article_id, candidate.article.revision)
            assert revision is not None
            if any(words in revision.text[one.start : one.end] for one in candidate.evidence):
                return True
        return False

    def may_act_on(self, words: str) -> bool:
        """Tell whether a published article holds these words: only such a one may lead to an action."""
        found = self._retriever.retrieve(words, audience=frozenset(), limit=100).candidates
        published = {one.article.article_id for one in found if one.article.metadata.status == "published"}
        return self.finds(words) and bool(published & {article.article_id for article in self.holding(words)})

    def holding(self, words: str) -> list[IndexedArticle]:
        stored = ((article, self.catalog.stored(article.article_id)) for article in self.catalog.articles())
        return [article for article, whole in stored if whole is not None and words in whole.text]


@pytest.fixture(params=HOUSES)
def house(request, tmp_path, monkeypatch) -> Iterator[House]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    # The wikis serve the whole session, so each test has its own corner of them.
    scratch = tmp_path / f"corner{abs(hash(request.node.name)) % 10**8}"
    scratch.mkdir()
    with ExitStack() as leave:
        made = HOUSES[request.param](request, scratch, leave)
        made.write("badge", "Hold the badge still for two seconds.")
        made.write("toner", "Open the front door of the printer.")
        made.write("vpn", "Quit the client and sign in again.")
        yield made


@pytest.fixture
def index(house, tmp_path) -> Iterator[Index]:
    made = Index(tmp_path, house)
    assert set(made.sync().values()) == {"indexed"}
    yield made
    made.catalog.close()


def require(house: House, ability: Ability) -> None:
    if ability in house.lacks:
        pytest.skip(house.lacks[ability])


def line_of(report: RunReport, article_id: str) -> ArticleReport:
    (line,) = (line for line in report.articles if line.article_id == article_id)
    return line


def test_every_page_is_an_article_that_everyone_finds(house, index):
    assert {article.article_id for article in index.catalog.articles()} == {
        house.article_id(page) for page in ("badge", "toner", "vpn")
    }
    assert all(index.finds(words) for words in ("Hold the badge", "Open the front door", "Quit the client"))


def test_nothing_is_done_about_what_is_unchanged(house, index):
    before = index.catalog.index_revision()
    for _ in range(2):
        assert index.sync() == {}
        assert index.embedded == []
    assert index.catalog.index_revision() == before


def test_two_listings_of_one_state_are_equal_in_ids_order_and_marks(house):
    def listed():
        return [(item.article_id, fingerprint(item)) for item in house.source().scan() if isinstance(item, RawDocument)]

    first = listed()
    assert len(first) == 3
    assert listed() == first
    assert house.source().key == house.source().key


def test_a_new_page_is_indexed_alone(house, index):
    house.write("wifi", "Forget the network and join it again.")
    assert index.sync() == {house.article_id("wifi"): "indexed"}
    assert index.finds("Forget the network")


def test_a_changed_page_replaces_its_old_text(house, index):
    before = index.article("vpn").revision
    house.write("vpn", "Reinstall the client from the portal.")
    assert index.sync() == {house.article_id("vpn"): "updated"}
    assert index.article("vpn").revision != before
    assert index.finds("Reinstall the client")
    assert not index.finds("Quit the client")


def test_what_changes_besides_the_text_embeds_nothing(house, index):
    require(house, "annotate")
    before = index.article("vpn")
    house.annotate("vpn")
    assert index.sync() == {house.article_id("vpn"): "metadata_only"}
    assert index.embedded == []
    after = index.article("vpn")
    assert (after.metadata.owner, after.metadata.labels) != (before.metadata.owner, before.metadata.labels)
    assert after.revision == before.revision
    assert index.sync() == {}


def test_a_page_that_is_gone_is_found_no_more(house, index):
    gone = house.article_id("vpn")
    house.delete("vpn")
    assert index.sync() == {gone: "deleted"}
    assert not index.finds("Quit the client")
    assert index.finds("Hold the badge")


def test_a_page_that_was_put_away_leads_to_no_action(house, index):
    require(house, "archive")
    assert index.may_act_on("Quit the client")
    away = house.article_id("vpn")
    house.archive("vpn")
    assert index.sync() in ({away: "deleted"}, {away: "metadata_only"})
    assert not index.may_act_on("Quit the client")
    assert index.sync() == {}


def test_a_page_that_was_moved_is_the_same_article_where_its_id_lasts(house, index):
    before = house.article_id("vpn")
    house.rename("vpn", "remote")
    outcomes = index.sync()
    now = house.article_id("remote")
    if house.lasting_ids:
        assert now == before
        assert set(outcomes) <= {now}
        assert set(outcomes.values()) <= {"updated", "metadata_only"}
    else:
        assert outcomes == {before: "deleted", now: "indexed"}
    assert [article.article_id for article in index.holding("Quit the client")] == [now]
    assert index.finds("Quit the client")


def test_a_newly_restricted_page_is_for_its_readers_alone_until_it_is_opened(house, index):
    require(house, "restrict")
    house.restrict("vpn")
    assert index.sync() == {house.article_id("vpn"): "metadata_only"}
    assert index.embedded == []
    assert not index.finds("Quit the client")
    assert not index.finds("Quit the client", "sales")
    assert index.finds("Quit the client", GROUP)
    house.unrestrict("vpn")
    assert index.sync() == {house.article_id("vpn"): "metadata_only"}
    assert index.finds("Quit the client")


def test_a_restriction_that_is_not_understood_lets_nobody_in_and_is_reported(house, index):
    require(house, "obscure")
    house.obscure("vpn")
    report = index.run()
    assert report.error is None
    assert "nobody can read the article" in " ".join(line_of(report, house.article_id("vpn")).warnings)
    assert index.article("vpn").metadata.audience == ()
    assert not index.finds("Quit the client", GROUP, "user", "everyone")


def test_a_page_that_cannot_be_had_is_reported_and_the_rest_goes_on(house, index):
    house.spoil("vpn")
    house.write("toner", "Shake the toner cartridge.")
    report = index.run()
    assert report.error is None
    line = line_of(report, house.article_id("vpn"))
    assert line.outcome in {"failed", "skipped"}
    assert line.reason
    assert "\n" not in line.reason
    assert line_of(report, house.article_id("toner")).outcome == "updated"
    assert index.finds("Quit the client"), "what was indexed of it before is kept"


def test_a_listing_that_breaks_off_removes_nothing(house, index):
    house.delete("toner")
    with house.failing():
        report = index.run()
    assert report.error
    assert "\n" not in report.error
    assert len(index.catalog.articles()) == 3
    assert not [line for line in report.articles if line.outcome == "deleted"]
    assert set(index.sync().values()) == {"deleted"}


def test_an_empty_listing_removes_nothing(house, index):
    with house.empty():
        report = index.run()
    assert report.error
    assert len(index.catalog.articles()) == 3
    assert index.finds("Hold the badge")


def test_a_run_that_would_remove_much_asks_first(house, index):
    require(house, "many")
    pages = [f"page{number:02}" for number in range(MASS_DELETE_COUNT + 1)]
    for page in pages:
        house.write(page, f"Runbook {page}.")
    index.sync()
    for page in pages:
        house.delete(page)
    report = index.run()
    assert report.error is not None
    assert "--allow-mass-delete" in report.error
    assert len(index.catalog.articles()) == 3 + len(pages)
    assert index.run(allow_mass_delete=True).error is None
    assert len(index.catalog.articles()) == 3
