import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.errors import StoreError
from index.health import Health, WatchedSearcher
from index.retrieve import Retriever
from index.store.memory import MemoryStore
from index.sync import Syncer
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

DIMENSION = 32
NOBODY = frozenset[str]()
DOCUMENTS = [document("net/vpn", "VPN drops\nrestart the client"), document("print/jam", "Printer jams\nopen the tray")]


class FailingStore(MemoryStore):
    """A store that can be made to fail, and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.fails = ""
        self.asked = 0

    def count(self) -> int:
        self._answer("count")
        return super().count()

    def search_dense(self, *arguments, **named):
        self._answer("search")
        return super().search_dense(*arguments, **named)

    def _answer(self, what: str) -> None:
        self.asked += 1
        if self.fails == what:
            raise StoreError(f"cannot {what}")


class House:
    def __init__(self, folder: Path) -> None:
        self.store = FailingStore()
        self.catalog = Catalog.open(folder / "catalog.sqlite")
        self.embedder = HashedWordsEmbedder(DIMENSION)
        self.health = Health(self.store, self.catalog, self.embedder)
        self.searcher = WatchedSearcher(Retriever(self.embedder, self.store, self.catalog), self.health)
        self.syncer = Syncer(
            self.catalog, self.store, self.embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake
        )

    def found(self) -> list[str]:
        candidates = self.searcher.retrieve("vpn drops", audience=NOBODY).candidates
        return [one.article.article_id for one in candidates]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.syncer.run(FakeSource(DOCUMENTS))
    yield made
    made.health.stop()
    made.catalog.close()


def test_an_index_that_is_whole_is_well(house: House) -> None:
    house.health.start()
    assert house.health.fault is None
    assert "net/vpn" in house.found()


def test_lost_points_are_counted_and_a_run_makes_them_again(house: House) -> None:
    house.store.delete_revision("net/vpn", house.catalog.standings()["net/vpn"].revision)
    house.health.look()
    with pytest.raises(StoreError, match=r"holds 2 of the 4 chunks.*runcite ingest"):
        house.found()
    house.syncer.run(FakeSource(DOCUMENTS))
    house.health.look()
    assert "net/vpn" in house.found()


@pytest.mark.parametrize("call", ["count", "search"])
def test_a_store_that_does_not_answer_is_not_asked_again_until_it_was_looked_at(house: House, call: str) -> None:
    house.store.fails = call
    house.health.look()
    asked = house.store.asked
    for _ in range(3):
        with pytest.raises(StoreError, match=f"cannot {call}"):
            house.found()
    assert house.store.asked == asked
    house.store.fails = ""
    house.health.look()
    assert "net/vpn" in house.found()


def test_the_first_search_to_fail_spares_the_others(house: House) -> None:
    house.store.fails = "search"
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot search"):
            house.found()
    assert house.store.asked == 1
    assert house.health.fault == "cannot search"


def test_recovery_is_noticed_without_anyone_asking(house: House) -> None:
    house.store.fails = "search"
    house.health.start()
    assert house.health.fault == "cannot search"
    house.store.fails = ""
    while house.health.fault is not None:
        time.sleep(0.01)
    assert "net/vpn" in house.found()


def test_an_empty_index_asks_nothing_of_its_store(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.store.fails = "count"
    house.health.look()
    assert (house.health.fault, house.store.asked) == (None, 0)
    house.catalog.close()


def test_a_catalog_that_cannot_be_read_is_a_fault(house: House, tmp_path: Path) -> None:
    house.catalog.close()
    (tmp_path / "catalog.sqlite").write_bytes(b"no database" * 1000)
    for beside in tmp_path.glob("catalog.sqlite-*"):
        beside.unlink()
    house.health.look()
    assert house.health.fault is not None
    assert "catalog" in house.health.fault


def test_an_article_removed_while_it_is_counted_is_no_loss(house: House) -> None:
    """The catalog says four; by the time the store is asked, one article is gone from both."""
    counting = house.store.count

    def count_after_a_removal() -> int:
        house.store.count = counting
        standing = house.catalog.standings()["net/vpn"]
        house.catalog.remove("net/vpn")
        house.store.delete_revision("net/vpn", standing.revision)
        return counting()

    house.store.count = count_after_a_removal
    house.health.look()
    assert house.health.fault is None
