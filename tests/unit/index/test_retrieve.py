from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.catalog import Catalog
from index.errors import StoreError
from index.models import Hit
from index.retrieve import Retriever
from index.store.memory import MemoryStore
from index.sync import Syncer
from ingest.models import EVERYONE, RawDocument
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

NOBODY = frozenset[str]()

DOCUMENTS = [
    document("net/vpn", "VPN drops on wifi\nrestart the client\nupdate the driver"),
    document("net/wifi", "Wifi is slow\nmove closer to the antenna"),
    document("print/jam", "Printer jams\nopen the tray and remove the paper"),
    document("hr/pay", "Payroll\nrestart the salary run", audience=["hr"]),
]


class House:
    def __init__(self, tmp_path: Path) -> None:
        self.embedder = embedder = HashedWordsEmbedder(dimension=256)
        self.catalog = Catalog.open(tmp_path / "catalog.sqlite")
        self.store = MemoryStore(256)
        self.syncer = Syncer(
            self.catalog, self.store, embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake
        )
        self.retriever = Retriever(embedder, self.store, self.catalog)
        self.sync(DOCUMENTS)

    def sync(self, documents: list[RawDocument]) -> None:
        self.syncer.run(FakeSource(documents))

    def ids(self, query: str, audience: frozenset[str] = NOBODY, limit: int = 8) -> list[str]:
        found = self.retriever.retrieve(query, audience=audience, limit=limit)
        return [one.article.article_id for one in found.candidates]


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.catalog.close()


def test_the_article_that_says_it_comes_first(house: House) -> None:
    assert house.ids("the printer jams again")[0] == "print/jam"
    assert house.ids("vpn drops, restart client?")[0] == "net/vpn"


def test_an_article_is_one_candidate_with_its_chunks_best_first(house: House) -> None:
    found = house.retriever.retrieve("restart the client", audience=NOBODY)
    first = found.candidates[0]
    assert first.article.article_id == "net/vpn"
    assert first.evidence[0].ordinal == 1
    assert len(first.evidence) == 3
    scores = [one.similarity for one in first.evidence]
    assert scores == sorted(scores, reverse=True)
    assert first.similarity == scores[0] == pytest.approx(1.0, abs=1e-5)
    assert first.bm25 == max(one.bm25 for one in first.evidence)


def test_every_score_is_real_also_where_only_one_query_returned_the_chunk(house: House) -> None:
    whole = house.retriever.retrieve("restart the wifi client", audience=NOBODY)
    narrow = Retriever(house.embedder, house.store, house.catalog, pool=1).retrieve(
        "restart the wifi client", audience=NOBODY
    )
    known = {(one.article.article_id, piece.ordinal): piece for one in whole.candidates for piece in one.evidence}
    for candidate in narrow.candidates:
        for piece in candidate.evidence:
            assert piece == known[candidate.article.article_id, piece.ordinal]


def test_limit(house: House) -> None:
    assert len(house.ids("restart", limit=2)) == 2


def test_restricted_articles_are_for_their_audience(house: House) -> None:
    assert "hr/pay" not in house.ids("salary run", frozenset({"it"}))
    assert house.ids("salary run", frozenset({"hr"}))[0] == "hr/pay"
    assert "net/vpn" in house.ids("vpn", frozenset({"hr"})), "everyone's articles are always included"


def test_the_catalogs_audience_counts_even_where_the_points_lag(house: House) -> None:
    house.store.set_access("hr/pay", [EVERYONE], [])
    assert "hr/pay" not in house.ids("salary run")


def test_the_points_audience_counts_even_where_the_catalog_lags(house: House) -> None:
    house.store.set_access("net/vpn", ["netops"], [])
    assert "net/vpn" not in house.ids("vpn drops")


def test_only_live_revisions_are_found(house: House) -> None:
    point = next(one for one in house.store.points() if one.article_id == "net/vpn")
    house.store.upsert(
        [replace(point, id="f" * 32, revision="sha256:other"), replace(point, id="e" * 32, article_id="x")]
    )
    found = house.retriever.retrieve("vpn drops on wifi", audience=NOBODY)
    assert "x" not in [one.article.article_id for one in found.candidates]
    (vpn,) = [one for one in found.candidates if one.article.article_id == "net/vpn"]
    assert len(vpn.evidence) == 3


def test_a_removed_article_is_gone_at_the_catalogs_commit(house: House) -> None:
    house.catalog.remove("net/vpn")
    assert "net/vpn" not in house.ids("vpn drops")


def test_coverage_and_unknown_terms(house: House) -> None:
    found = house.retriever.retrieve("printer jams zzyzx", audience=NOBODY)
    first = found.candidates[0]
    assert first.article.article_id == "print/jam"
    assert first.features.coverage == first.features.title_coverage
    assert 0.3 < first.features.coverage < 1.0
    assert found.unknown_term_share == pytest.approx(1 / 3)
    assert found.index_revision == house.catalog.index_revision()


@pytest.mark.parametrize("query", ["", "  ", "the of and", "\ud83d\ude00", "?!"])
def test_a_query_without_words_answers_without_error(house: House, query: str) -> None:
    found = house.retriever.retrieve(query.encode("utf-16", "surrogatepass").decode("utf-16"), audience=NOBODY)
    assert found.unknown_term_share == 1.0
    assert all(one.features.coverage == one.bm25 == 0.0 for one in found.candidates)


def test_an_empty_index_answers(tmp_path: Path) -> None:
    embedder = HashedWordsEmbedder()
    catalog = Catalog.open(tmp_path / "empty.sqlite")
    found = Retriever(embedder, MemoryStore(64), catalog).retrieve("vpn", audience=NOBODY)
    assert (found.candidates, found.unknown_term_share) == ((), 1.0)
    catalog.close()


def test_no_figure_tells_of_an_article_that_the_reader_may_not_read(house: House) -> None:
    query = "restart the client to see the salary run"
    house.sync([document("net/vpn", "VPN drops on wifi\nrestart the client\nupdate the driver")])
    alone = house.retriever.retrieve(query, audience=NOBODY)
    house.sync(DOCUMENTS[:1] + DOCUMENTS[3:])
    beside = house.retriever.retrieve(query, audience=NOBODY)
    assert beside.candidates == alone.candidates
    assert beside.unknown_term_share == alone.unknown_term_share


def test_a_flip_of_the_audience_counts_at_once_each_time(house: House) -> None:
    for audience, found in (([EVERYONE], True), (["hr"], False), ([], False), ([EVERYONE], True)):
        house.sync([*DOCUMENTS[:3], document("hr/pay", "Payroll\nrestart the salary run", audience=audience)])
        assert ("hr/pay" in house.ids("salary run")) is found


class SlowStore(MemoryStore):
    """A store whose first search by words is followed by whatever somebody else does meanwhile."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.meanwhile: Callable[[], object] = lambda: None

    def search_bm25(self, *arguments: Any, **options: Any) -> list[Hit]:
        found = super().search_bm25(*arguments, **options)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return found


def test_an_article_published_during_a_search_is_found_as_it_is_now(house: House) -> None:
    slow = SlowStore(256)
    slow.upsert(house.store.points())
    house.store = slow
    house.syncer = Syncer(
        house.catalog, slow, house.embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake
    )
    house.retriever = Retriever(house.embedder, slow, house.catalog)
    slow.meanwhile = lambda: house.sync([document("net/vpn", "VPN drops on wifi\nreinstall"), *DOCUMENTS[1:]])
    assert house.ids("vpn drops on wifi")[0] == "net/vpn"


def test_an_article_called_by_its_name_comes_before_one_that_shares_more_words(house: House) -> None:
    house.sync(
        [
            document("alerts/NodeDiskFailing", "Replace the broken part\na host needs a new disk"),
            document("alerts/other", "Reboot a host\nwhat needs attention"),
            *DOCUMENTS,
        ]
    )
    assert house.ids("what a host needs")[0] == "alerts/other"
    assert house.ids("NodeDiskFailing: what a host needs")[0] == "alerts/NodeDiskFailing"


def test_a_search_that_takes_too_long_is_given_up_between_two_calls(house: House) -> None:
    with pytest.raises(StoreError, match=r"took more than 0.0 s"):
        Retriever(house.embedder, house.store, house.catalog, budget_s=0.0).retrieve("printer", audience=NOBODY)
