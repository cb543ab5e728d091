"""One suite that every vector store passes; scores of all stores agree with the exact one's."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from index.errors import StoreError
from index.models import Point, SparseVector, point_id
from index.ports import VectorStore
from index.store.bm25 import TermEncoder
from index.store.edge import EdgeStore
from index.store.memory import MemoryStore
from index.store.server import ServerStore
from index.store.server_collection import Collection
from index.store.server_options import ServerOptions
from tests.fakes import HashedWordsEmbedder
from tests.qdrant.process import QdrantProcess

EMBEDDER = HashedWordsEmbedder(dimension=32)
TERMS = TermEncoder()
SCORE_TOLERANCE = 1e-4
EVERYONE = ("*",)

TEXTS = {
    "net/vpn": "VPN disconnects on café Wi-Fi, restart the client",
    "net/wifi": "Wi-Fi is slow in the office",
    "print/jam": "Printer jams, open the tray and restart",
    "hr/gehälter-Übersicht": "Salary overview for managers, restart the request",
    "日本語/手順": "Restart the VPN client in Tokyo",
}


REAL_SERVER = os.environ.get("RUNCITE_TEST_QDRANT_URL")
"""REST address of a Qdrant to run the suite on; without one it runs on a process that speaks as Qdrant does."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.enable_socket,
]


@pytest.fixture(scope="module")
def at_server() -> Iterator[ServerOptions]:
    patient = ServerOptions(url=REAL_SERVER or "", timeout_s=10, api_key=os.environ.get("RUNCITE_TEST_QDRANT_API_KEY"))
    if REAL_SERVER:
        yield patient
        return
    with QdrantProcess() as process:
        yield replace(patient, url=process.url, grpc_port=process.grpc_port)


def make(kind: str, folder: Path, request: pytest.FixtureRequest) -> VectorStore:
    if kind == "memory":
        return MemoryStore(32)
    if kind == "edge":
        return EdgeStore.open(folder / "vectors", 32)
    if kind == "client in memory":
        client = QdrantClient(":memory:")
        return ServerStore(client, client, Collection(ServerOptions(url="memory"), 32, "01TEST"))
    options = request.getfixturevalue("at_server")
    name = f"runcite-contract-{uuid.uuid4().hex}"
    return ServerStore.connect(replace(options, prefer_grpc=kind == "grpc", collection=name), 32, "01TEST")


@pytest.fixture(params=["memory", "edge", "client in memory", "rest", "grpc"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    made = make(request.param, tmp_path, request)
    made.prepare()
    yield made
    made.close()


def point(article_id: str, text: str, ordinal: int = 0, revision: str = "r1", audience=EVERYONE) -> Point:
    return Point(
        id=point_id(article_id, revision, ordinal),
        article_id=article_id,
        revision=revision,
        ordinal=ordinal,
        start=ordinal * 10,
        end=ordinal * 10 + len(text),
        section=("Network", "Übersicht"),
        audience=tuple(audience),
        labels=("it",),
        source="fake:wiki",
        dense=EMBEDDER.embed_query(text),
        bm25=TERMS.document(text),
    )


def fill(store: VectorStore) -> None:
    store.upsert([point(article_id, text) for article_id, text in TEXTS.items()])


def dense(store: VectorStore, text: str, audience=EVERYONE, limit: int = 10, only=None) -> dict[str, float]:
    hits = store.search_dense(EMBEDDER.embed_query(text), limit, audience, only)
    return {hit.article_id: hit.score for hit in hits}


def bm25(store: VectorStore, text: str, audience=EVERYONE, limit: int = 10, only=None) -> dict[str, float]:
    return {hit.article_id: hit.score for hit in store.search_bm25(TERMS.query(text), limit, audience, only)}


SEARCHES = [dense, bm25]


def test_finds_the_nearest_by_meaning_first(store: VectorStore) -> None:
    fill(store)
    assert next(iter(dense(store, TEXTS["print/jam"]))) == "print/jam"
    assert dense(store, TEXTS["print/jam"])["print/jam"] == pytest.approx(1.0, abs=SCORE_TOLERANCE)


def test_finds_by_words_and_leaves_out_what_shares_none(store: VectorStore) -> None:
    fill(store)
    assert set(bm25(store, "vpn client")) == {"net/vpn", "日本語/手順"}


def test_a_hit_carries_the_place_of_its_chunk(store: VectorStore) -> None:
    store.upsert([point("net/vpn", "restart the client", ordinal=3)])
    (hit,) = store.search_dense(EMBEDDER.embed_query("client"), 1, EVERYONE)
    assert (hit.article_id, hit.revision, hit.ordinal, hit.start, hit.end) == ("net/vpn", "r1", 3, 30, 48)
    assert hit.section == ("Network", "Übersicht")


@pytest.mark.parametrize("search", SEARCHES)
def test_limit_is_kept(store: VectorStore, search) -> None:
    fill(store)
    assert len(search(store, "restart", limit=2)) == 2


@pytest.mark.parametrize("search", SEARCHES)
def test_only_the_named_points_are_scored(store: VectorStore, search) -> None:
    fill(store)
    wanted = point_id("hr/gehälter-Übersicht", "r1", 0)
    everything = search(store, "restart the request")
    found = search(store, "restart the request", only=[wanted])
    assert list(found) == ["hr/gehälter-Übersicht"]
    assert found["hr/gehälter-Übersicht"] == pytest.approx(everything["hr/gehälter-Übersicht"], abs=SCORE_TOLERANCE)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_restricted_point_is_found_only_by_its_audience(store: VectorStore, search) -> None:
    fill(store)
    store.upsert([point("hr/secret", "restart the salary run", audience=("hr", "board"))])
    assert "hr/secret" not in search(store, "salary run")
    assert "hr/secret" in search(store, "salary run", audience=["*", "hr"])
    assert "hr/secret" in search(store, "salary run", audience=["board"])


@pytest.mark.parametrize("search", SEARCHES)
def test_restricted_points_do_not_crowd_out_readable_ones(store: VectorStore, search) -> None:
    store.upsert([point(f"hr/{number}", "salary run", audience=("hr",)) for number in range(30)])
    store.upsert([point("open", "the salary run starts on Monday")])
    assert list(search(store, "salary run", limit=5)) == ["open"]


@pytest.mark.parametrize("search", SEARCHES)
def test_nobody_finds_a_point_without_audience(store: VectorStore, search) -> None:
    store.upsert([point("draft", "salary run", audience=())])
    assert search(store, "salary run", audience=["*", "hr", ""]) == {}


@pytest.mark.parametrize("search", SEARCHES)
def test_an_empty_audience_finds_nothing(store: VectorStore, search) -> None:
    fill(store)
    assert search(store, "restart", audience=[]) == {}


def test_access_changes_at_once_and_scores_stay(store: VectorStore) -> None:
    fill(store)
    store.upsert([point("net/vpn", "other part", ordinal=1)])
    before = dense(store, "vpn")["net/vpn"]
    store.set_access("net/vpn", ["netops"], ["internal"])
    assert "net/vpn" not in dense(store, "vpn")
    assert "net/vpn" not in bm25(store, "vpn")
    assert dense(store, "vpn", audience=["netops"])["net/vpn"] == pytest.approx(before, abs=SCORE_TOLERANCE)
    assert store.revisions()["net/vpn", "r1"] == 2


def test_deletes_one_revision_only(store: VectorStore) -> None:
    fill(store)
    store.upsert([point("net/vpn", "VPN, rewritten", revision="r2"), point("net/vpn", "more", 1, "r2")])
    assert store.revisions()["net/vpn", "r1"] == 1
    assert store.revisions()["net/vpn", "r2"] == 2
    store.delete_revision("net/vpn", "r1")
    assert ("net/vpn", "r1") not in store.revisions()
    assert store.revisions()["net/vpn", "r2"] == 2
    assert store.count() == len(TEXTS) + 1


def test_deleting_what_is_not_there_is_no_error(store: VectorStore) -> None:
    store.delete_revision("nobody", "r1")
    store.set_access("nobody", ["*"], [])
    assert store.count() == 0


def test_upsert_replaces_by_id(store: VectorStore) -> None:
    store.upsert([point("net/vpn", "old words")])
    store.upsert([point("net/vpn", "new sentence")])
    assert store.count() == 1
    assert bm25(store, "old words") == {}
    assert list(bm25(store, "sentence")) == ["net/vpn"]


def test_nothing_is_found_for_a_query_without_words(store: VectorStore) -> None:
    fill(store)
    assert bm25(store, "") == {}
    assert bm25(store, "the of and") == {}


def test_an_empty_store_answers(store: VectorStore) -> None:
    store.upsert([])
    store.flush()
    store.optimize()
    assert dense(store, "vpn") == {}
    assert bm25(store, "vpn") == {}
    assert store.revisions() == {}


def test_preparing_again_changes_nothing(store: VectorStore) -> None:
    fill(store)
    store.prepare()
    assert store.count() == len(TEXTS)


def test_what_is_read_is_what_was_written(store: VectorStore) -> None:
    """Vectors and all: another store is filled from it."""
    written = [point(article_id, text, ordinal=1, audience=("a", "b")) for article_id, text in TEXTS.items()]
    store.upsert(written)
    for found in ({one.id: one for one in store.points()}, store.read([one.id for one in written])):
        assert found.keys() == {one.id for one in written}
        for one in written:
            other = found[one.id]
            assert replace(other, dense=one.dense, bm25=one.bm25) == one
            assert other.dense == pytest.approx(one.dense, abs=1e-6)
            assert other.bm25.indices.tolist() == one.bm25.indices.tolist()
            assert other.bm25.values == pytest.approx(one.bm25.values, abs=1e-6)


def test_every_point_is_read_once_in_the_order_of_ids(store: VectorStore) -> None:
    store.upsert([point("net/vpn", "restart the client", ordinal=ordinal) for ordinal in range(700)])
    ids = [one.id for one in store.points()]
    assert ids == sorted(ids)
    assert len(set(ids)) == 700


def test_what_is_not_there_is_not_read(store: VectorStore) -> None:
    fill(store)
    known = point_id("net/vpn", "r1", 0)
    assert store.read([known, point_id("net/vpn", "r2", 0)]).keys() == {known}
    assert store.read([]) == {}


CALLS: dict[str, Callable[[VectorStore], object]] = {
    "prepare": lambda store: store.prepare(),
    "upsert": fill,
    "delete_revision": lambda store: store.delete_revision("a", "r"),
    "set_access": lambda store: store.set_access("a", [], []),
    "search_dense": lambda store: dense(store, "vpn"),
    "search_bm25": lambda store: bm25(store, "vpn"),
    "revisions": lambda store: store.revisions(),
    "count": lambda store: store.count(),
    "points": lambda store: list(store.points()),
    "read": lambda store: store.read([point_id("a", "r", 0)]),
    "flush": lambda store: store.flush(),
    "optimize": lambda store: store.optimize(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_store_says_so(store: VectorStore, call: str) -> None:
    fill(store)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        CALLS[call](store)


def test_scores_agree_with_the_exact_store(store: VectorStore) -> None:
    """Over a few hundred points with updates and deletions, as an index gets them."""
    exact = MemoryStore(32)
    rng = np.random.default_rng(7)
    words = [f"word{number}" for number in range(80)]
    texts = [" ".join(rng.choice(words, rng.integers(3, 40))) for _ in range(300)]
    for target in (store, exact):
        target.upsert([point(f"a{number}", text) for number, text in enumerate(texts)])
        target.upsert([point(f"a{number}", texts[-number], revision="r2") for number in range(100)])
        for number in range(100):
            target.delete_revision(f"a{number}", "r1")
        target.set_access("a5", ["hr"], [])
    for _ in range(20):
        query = " ".join(rng.choice(words, 6))
        for search in SEARCHES:
            mine, theirs = search(store, query, limit=400), search(exact, query, limit=400)
            assert mine.keys() == theirs.keys()
            assert mine == pytest.approx(theirs, abs=SCORE_TOLERANCE)


def test_a_term_counts_by_the_weight_that_it_is_given(store: VectorStore) -> None:
    """So no score tells of what other points hold, whoever may read them."""
    fill(store)
    terms = TERMS.query("salary printer")
    before = store.search_bm25(terms, 10, EVERYONE)
    twice = store.search_bm25(SparseVector(terms.indices, terms.values * 2), 10, EVERYONE)
    assert [hit.score for hit in twice] == pytest.approx([2 * hit.score for hit in before], abs=SCORE_TOLERANCE)
    store.upsert([point(f"board/{number}", "salary cut", audience=("board",)) for number in range(20)])
    assert store.search_bm25(terms, 10, EVERYONE) == before


def test_a_barred_article_is_not_found_takes_nobody_s_place(store: VectorStore) -> None:
    fill(store)
    vector, terms = EMBEDDER.embed_query("restart the VPN client"), TERMS.query("restart the VPN client")
    all_ids = [hit.article_id for hit in store.search_dense(vector, 10, EVERYONE)]
    best, others = all_ids[0], all_ids[1:]
    assert [hit.article_id for hit in store.search_dense(vector, 1, EVERYONE, barred=[best])] == others[:1]
    assert [hit.article_id for hit in store.search_dense(vector, 10, EVERYONE, barred=all_ids)] == []
    only = [point_id(one, "r1", 0) for one in all_ids]
    assert [hit.article_id for hit in store.search_dense(vector, 10, EVERYONE, only, {best})] == others

    barred = {hit.article_id: hit.score for hit in store.search_bm25(terms, 10, EVERYONE, barred={best})}
    store.delete_revision(best, "r1")
    assert barred == pytest.approx({hit.article_id: hit.score for hit in store.search_bm25(terms, 10, EVERYONE)})
