from pathlib import Path

import numpy as np
import pytest

from index.background import off_topic_digest, off_topic_tickets
from index.catalog import Catalog
from index.generations import FIRST
from index.retrieve import Retriever
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

VPN = document("net/vpn", "VPN drops on wifi\nrestart the client\nupdate the driver")
EDITED = document("net/vpn", "VPN drops on wifi\nreinstall the client")


class House:
    def __init__(self, tmp_path: Path) -> None:
        self.embedder = HashedWordsEmbedder(dimension=32)
        self.catalog = Catalog.open(tmp_path / "catalog.sqlite")
        self.store = MemoryStore(32)
        self.syncer = Syncer(
            self.catalog, self.store, self.embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake
        )

    def revision(self) -> str:
        return self.catalog.standings()["net/vpn"].revision


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.catalog.close()


def test_an_articles_vectors_are_published_with_it_and_only_those_of_its_live_revision_are_kept(house: House) -> None:
    house.syncer.run(FakeSource([VPN]))
    first = house.revision()
    (portrait,) = house.catalog.vectors(FIRST).portraits([("net/vpn", first)]).values()
    assert portrait.titles == 1
    assert np.allclose(portrait.rows[1], house.embedder.embed_query("VPN drops on wifi"), atol=1e-3)
    assert np.allclose(portrait.chunks, [point.dense for point in house.store.points()], atol=1e-3)
    house.syncer.run(FakeSource([EDITED]))
    assert house.catalog.vectors(FIRST).portraits([("net/vpn", first)]) == {}
    assert len(house.catalog.vectors(FIRST).portraits([("net/vpn", house.revision())])) == 1
    house.catalog.remove("net/vpn")
    assert house.catalog.vectors(FIRST).portraits([("net/vpn", first)]) == {}


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", ["embedded", "upserted", "flushed", "published", "old_deleted"])
def test_wherever_a_run_ends_a_live_revision_has_its_own_vectors(house: House, step: str) -> None:
    house.syncer.run(FakeSource([VPN]))

    def stop(taken: str) -> None:
        if taken == step:
            raise KilledError

    with pytest.raises(KilledError):
        house.syncer.run(FakeSource([EDITED]), options=RunOptions(on_step=stop))
    (portrait,) = house.catalog.vectors(FIRST).portraits([("net/vpn", house.revision())]).values()
    assert len(portrait.chunks) == house.catalog.standings()["net/vpn"].chunks
    found = Retriever(house.embedder, house.store, house.catalog).retrieve("vpn drops", audience=frozenset())
    assert [one.article.revision for one in found.candidates] == [house.revision()]


def test_the_sweep_makes_the_vectors_again_with_the_points(house: House) -> None:
    house.syncer.run(FakeSource([VPN]))
    before = house.catalog.vectors(FIRST).portraits([("net/vpn", house.revision())])["net/vpn", house.revision()]
    house.store.delete_revision("net/vpn", house.revision())
    assert house.syncer.sweep() == 3
    after = house.catalog.vectors(FIRST).portraits([("net/vpn", house.revision())])["net/vpn", house.revision()]
    assert np.array_equal(before.rows, after.rows)


def test_the_off_topic_tickets_are_embedded_once_and_again_when_others_are_bundled(house: House) -> None:
    for _ in range(2):
        house.syncer.run(FakeSource([VPN]))
    recorded = house.catalog.vectors(FIRST).off_topic(off_topic_digest())
    assert recorded is not None
    assert recorded.shape == (len(off_topic_tickets()), 32)
    house.catalog.vectors(FIRST).record_off_topic("of another version", recorded[:3])
    assert house.catalog.vectors(FIRST).off_topic(off_topic_digest()) is None
    # Meanwhile an index is searched all the same.
    assert Retriever(house.embedder, house.store, house.catalog).retrieve("vpn drops", audience=frozenset()).candidates
    house.syncer.run(FakeSource([VPN]))
    assert house.catalog.vectors(FIRST).off_topic("of another version") is None
    assert house.catalog.vectors(FIRST).off_topic(off_topic_digest()) is not None
