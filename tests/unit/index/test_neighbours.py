import numpy as np
import pytest

from index.catalog import Catalog
from index.embed.cache import CachedEmbedder, VectorCache
from index.models import PastTicket
from index.neighbours import NEAREST, Neighbours
from tests.fakes import HashedWordsEmbedder


@pytest.fixture
def past(tmp_path):
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    yield catalog.past_tickets
    catalog.close()


@pytest.fixture
def embedder():
    return HashedWordsEmbedder()


def found(neighbours, embedder, text):
    return [one.past.example_id for one in neighbours.nearest(embedder.embed_query(text))]


def test_without_past_tickets_there_are_no_neighbours(past, embedder):
    assert Neighbours(past, embedder).nearest(embedder.embed_query("vpn")) == ()


def test_the_nearest_come_first_and_equals_by_id(past, embedder):
    past.put([PastTicket("C", "toner is low"), PastTicket("B", "vpn drops"), PastTicket("A", "vpn drops")])
    nearest = Neighbours(past, embedder).nearest(embedder.embed_query("vpn drops"))
    assert [one.past.example_id for one in nearest] == ["A", "B", "C"]
    assert nearest[0].similarity == pytest.approx(1.0, abs=1e-5)


def test_no_more_than_enough_are_returned(past, embedder):
    past.put([PastTicket(str(number), f"vpn {number}") for number in range(NEAREST + 5)])
    assert len(found(Neighbours(past, embedder), embedder, "vpn")) == NEAREST


def test_what_is_imported_or_removed_counts_from_the_next_ticket_on(past, embedder):
    neighbours = Neighbours(past, embedder)
    assert found(neighbours, embedder, "vpn") == []
    past.put([PastTicket("A", "vpn")])
    assert found(neighbours, embedder, "vpn") == ["A"]
    past.remove(["A"])
    assert found(neighbours, embedder, "vpn") == []


def test_each_text_is_embedded_once_and_not_again_until_it_changes(past, embedder, tmp_path):
    cache = VectorCache.open(tmp_path / "embeddings.sqlite", embedder.spec)
    past.put([PastTicket("A", "vpn"), PastTicket("B", "toner")])
    for _ in range(2):
        neighbours = Neighbours(past, CachedEmbedder(embedder, cache))
        found(neighbours, embedder, "vpn")
        found(neighbours, embedder, "toner")
    past.put([PastTicket("B", "toner is low")])
    found(neighbours, embedder, "vpn")
    assert embedder.embedded == ["vpn", "toner", "toner is low"]
    cache.close()


def test_similarities_are_those_of_the_model(past, embedder):
    past.put([PastTicket("A", "vpn drops every day")])
    vector = embedder.embed_query("vpn drops")
    expected = float(np.dot(embedder.embed_query("vpn drops every day"), vector))
    assert Neighbours(past, embedder).nearest(vector)[0].similarity == pytest.approx(expected, abs=1e-6)
