"""What a Qdrant server does wrong, met over REST and gRPC in a process that speaks as one does."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from qdrant_client import QdrantClient, models

from index.errors import EmbeddingMismatchError, StoreError
from index.models import Point, point_id
from index.store.bm25 import TermEncoder
from index.store.server import ServerStore
from index.store.server_options import ServerOptions
from tests.fakes import HashedWordsEmbedder
from tests.qdrant.process import QdrantProcess

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

EMBEDDER = HashedWordsEmbedder(dimension=16)
TERMS = TermEncoder()
INDEX = "01JD0000000000000000000000"


@pytest.fixture(scope="module")
def process() -> Iterator[QdrantProcess]:
    with QdrantProcess(api_key="right") as started:
        yield started


@pytest.fixture(params=["rest", "grpc"])
def options(request, process) -> Iterator[ServerOptions]:
    name = f"runcite-{request.node.nodeid.encode().hex()[-60:]}"
    yield ServerOptions(
        url=process.url, grpc_port=process.grpc_port, prefer_grpc=request.param == "grpc", api_key="right",
        collection=name, timeout_s=10,
    )  # fmt: skip
    process.behave()


def connect(options: ServerOptions, dimension: int = 16, index_id: str = INDEX) -> ServerStore:
    return ServerStore.connect(options, dimension, index_id)


def raw(process: QdrantProcess) -> QdrantClient:
    with pytest.warns(UserWarning, match="insecure"):
        return QdrantClient(url=process.url, api_key="right", check_compatibility=False, trust_env=False)


def point(number: int, dimension: int = 16) -> Point:
    text = f"article number {number}"
    return Point(
        point_id(f"a{number}", "r", 0), f"a{number}", "r", 0, 0, len(text), ("Top",), ("*",), ("it",), "fake:wiki",
        HashedWordsEmbedder(dimension=dimension).embed_query(text), TERMS.document(text),
    )  # fmt: skip


def search(store: ServerStore, dimension: int = 16) -> list[str]:
    query = HashedWordsEmbedder(dimension=dimension).embed_query("article number 1")
    return [hit.article_id for hit in store.search_dense(query, 5, ["*"])]


def test_a_collection_is_made_under_an_alias_with_the_layout_of_the_home(options, process):
    store = connect(options)
    store.prepare()
    store.upsert([point(1), point(2)])
    client = raw(process)
    aliases = {alias.alias_name: alias.collection_name for alias in client.get_aliases().aliases}
    assert aliases[options.collection] == f"{options.collection}-{INDEX.lower()}-1"
    params = client.get_collection(options.collection).config.params
    assert (params.vectors["dense"].size, params.vectors["dense"].distance) == (16, models.Distance.COSINE)
    assert params.sparse_vectors["bm25"].modifier is None
    records, _ = client.scroll(options.collection, limit=10)
    payloads = {record.id: record.payload for record in records}
    assert payloads[point_id("a1", "r", 0)] == {
        "article_id": "a1", "revision": "r", "ordinal": 0, "start": 0, "end": 16, "section": ["Top"],
        "audience": ["*"], "labels": ["it"], "source": "fake:wiki",
    }  # fmt: skip
    client.close()
    store.close()


@pytest.mark.parametrize("quantisation", ["int8", "binary"])
def test_a_cluster_is_read_by_majority_and_its_compressed_vectors_scored_again(options, process, quantisation):
    """Also by a process that was not told how the collection was made."""
    told = replace(options, prefer_grpc=False, replicas=3, quantisation=quantisation)
    writer, reader = connect(told), connect(replace(options, prefer_grpc=False))
    writer.prepare()
    client = raw(process)
    params = client.get_collection(f"{options.collection}-{INDEX.lower()}-1").config.params
    assert (params.replication_factor, params.write_consistency_factor) == (3, 2)
    client.close()
    before = process.behave()
    writer.upsert([point(1)])
    writer.set_access("a1", ["*"], [])
    writer.delete_revision("a1", "gone")
    for store in (writer, reader):
        assert search(store) == ["a1"]
    after = process.behave()
    counted = {what: after[what] - before.get(what, 0) for what in after}
    assert counted["wait true"] == 3
    assert counted["ordering strong"] == 2
    assert counted["consistency majority"] == 2
    assert counted["rescore True"] == 2
    writer.close()
    reader.close()


def test_two_processes_share_a_collection(options):
    writer, reader = connect(options), connect(options)
    writer.prepare()
    writer.upsert([point(1)])
    assert search(reader) == ["a1"]
    reader.prepare()
    assert writer.count() == 1
    writer.close()
    reader.close()


def test_more_points_than_go_into_one_request(options):
    store = connect(options)
    store.prepare()
    store.upsert([point(number) for number in range(600)])
    assert store.count() == 600
    assert len(store.revisions()) == 600
    store.close()


def test_a_collection_half_made_by_a_killed_process_is_finished(options, process):
    client = raw(process)
    client.create_collection(
        f"{options.collection}-{INDEX.lower()}-1",
        vectors_config={"dense": models.VectorParams(size=16, distance=models.Distance.COSINE)},
        sparse_vectors_config={"bm25": models.SparseVectorParams()},
    )
    store = connect(options)
    with pytest.raises(StoreError, match="no collection"):
        store.count()
    store.prepare()
    assert store.count() == 0
    client.close()
    store.close()


def test_a_missing_collection_names_the_remedy(options):
    store = connect(options)
    with pytest.raises(StoreError, match=r"no collection '.*Run `runcite ingest SOURCE`"):
        search(store)
    store.close()


def test_the_collection_of_another_index_is_left_alone(options):
    mine, other = connect(options), connect(options, index_id="01OTHER")
    mine.prepare()
    mine.upsert([point(1)])
    for call in (other.prepare, other.count):
        with pytest.raises(StoreError, match="belongs to another index"):
            call()
    assert mine.count() == 1
    mine.close()
    other.close()


def test_a_collection_of_another_dimension_is_refused(options):
    small, large = connect(options), connect(options, dimension=32)
    small.prepare()
    small.upsert([point(1)])
    for call in (large.prepare, large.count):
        with pytest.raises(EmbeddingMismatchError, match=r"vectors of 16 .* expected 32"):
            call()
    with pytest.raises(EmbeddingMismatchError, match="dimension"):
        small.upsert([point(2, dimension=32)])
    with pytest.raises(EmbeddingMismatchError, match="dimension"):
        search(small, dimension=32)
    assert search(small) == ["a1"]
    small.close()
    large.close()


def test_a_collection_that_somebody_else_laid_out_is_refused(options, process):
    client = raw(process)
    foreign = f"{options.collection}-{INDEX.lower()}-1"
    client.create_collection(foreign, vectors_config=models.VectorParams(size=16, distance=models.Distance.DOT))
    served = models.CreateAlias(collection_name=foreign, alias_name=options.collection)
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=served)])
    store = connect(options)
    for call in (store.prepare, store.count):
        with pytest.raises(StoreError, match="not laid out by Runcite"):
            call()
    client.close()
    store.close()


WRONG = [
    pytest.param({"status": 403, "said": "Forbidden"}, "RUNCITE_QDRANT_API_KEY", id="forbidden"),
    pytest.param({"status": 500, "said": "WAL: No space left on device"}, "Free space on its disk", id="disk-full"),
    pytest.param({"status": 429, "said": "Rate limit"}, "tries again by itself", id="rate-limit"),
    pytest.param({"status": 500, "said": "panicked"}, "panicked.*See the server's log", id="internal"),
    pytest.param({"version": "1.18.2"}, r"'1.18.2', expected 1.19 or later", id="old"),
    pytest.param({"version": "nightly"}, r"'nightly', expected 1.19 or later", id="no-version"),
    pytest.param({"html": True}, "no Qdrant server.*RUNCITE_QDRANT_URL", id="html"),
    pytest.param({"status": 502, "said": "<html>Bad Gateway</html>"}, "RUNCITE_QDRANT_URL", id="gateway"),
    pytest.param({"status": 404, "said": "Not Found"}, "runcite ingest SOURCE", id="not-found"),
]


@pytest.mark.parametrize(("behaviour", "said"), WRONG)
def test_each_fault_names_its_remedy_and_passes(options, process, behaviour, said):
    if options.prefer_grpc and ("html" in behaviour or behaviour.get("status") == 502):
        pytest.skip("there are no pages over gRPC")
    store = connect(options)
    store.prepare()
    store.upsert([point(1)])
    process.behave(**behaviour)
    fresh = connect(options)
    for call in (fresh.count, lambda: search(fresh), fresh.revisions, fresh.prepare):
        with pytest.raises(StoreError, match=said) as caught:
            call()
        assert process.url in str(caught.value)
    process.behave()
    assert search(fresh) == search(store) == ["a1"]
    fresh.close()
    store.close()


@pytest.mark.parametrize("key", [None, "wr0ng-key"])
def test_a_wrong_key_is_told_and_not_shown(options, key):
    store = connect(replace(options, api_key=key))
    with pytest.raises(StoreError, match="RUNCITE_QDRANT_API_KEY") as caught:
        store.prepare()
    assert "wr0ng-key" not in f"{caught.value} {options!r} {store!r}"
    assert "right" not in repr(options)
    store.close()


def test_a_server_that_does_not_answer_in_time_is_given_up(options, process):
    store = connect(replace(options, timeout_s=0.2))
    process.freeze()
    try:
        with pytest.raises(StoreError, match=r"(Check that it runs|Start it).*tries again by itself"):
            store.count()
    finally:
        process.thaw()
    store.close()


def test_nobody_there_is_told(options):
    store = connect(replace(options, url="http://127.0.0.1:9", grpc_port=9))
    with pytest.raises(StoreError, match=r"failed to count.*Start it, or correct RUNCITE_QDRANT_URL"):
        store.count()
    store.close()


def test_an_address_that_cannot_be_one_is_refused():
    with pytest.raises(StoreError, match="RUNCITE_QDRANT_URL='ftp://q'"):
        connect(ServerOptions(url="ftp://q"))


@pytest.mark.parametrize(("replicas", "chosen", "confirmed"), [(1, None, 1), (2, None, 2), (3, None, 2), (3, 3, 3)])
def test_a_majority_confirms_writes_unless_told_otherwise(replicas, chosen, confirmed):
    assert ServerOptions(url="", replicas=replicas, write_consistency=chosen).confirmed_by == confirmed


def serving(options: ServerOptions, process: QdrantProcess) -> str:
    """What the alias points at."""
    client = raw(process)
    aliases = {one.alias_name: one.collection_name for one in client.get_aliases().aliases}
    client.close()
    return aliases[options.collection]


def test_a_generation_that_is_being_built_does_not_serve(options, process) -> None:
    live, following = connect(options), ServerStore.connect(options, 24, INDEX, 2, serves=False)
    live.prepare()
    live.upsert([point(1)])
    following.prepare()
    following.upsert([point(2, 24), point(3, 24)])
    assert (live.count(), following.count()) == (1, 2)
    assert search(live) == ["a1"]
    assert serving(options, process) == f"{options.collection}-{INDEX.lower()}-1"
    live.close()
    following.close()


def test_the_alias_moves_to_the_generation_that_serves_and_the_old_one_is_read_on(options, process) -> None:
    live, following = connect(options), ServerStore.connect(options, 24, INDEX, 2)
    live.prepare()
    live.upsert([point(1)])
    following.prepare()
    following.upsert([point(2, 24)])
    assert serving(options, process) == f"{options.collection}-{INDEX.lower()}-2"
    assert search(live) == ["a1"]
    assert search(following, 24) == ["a2"]
    live.close()
    following.close()


def test_a_discarded_generation_is_gone_and_may_be_discarded_again(options) -> None:
    live, following = connect(options), ServerStore.connect(options, 24, INDEX, 2)
    live.prepare()
    following.prepare()
    for _ in range(2):
        live.discard()
    with pytest.raises(StoreError, match="runcite ingest"):
        live.count()
    assert following.count() == 0
    live.close()
    following.close()
