import threading
from pathlib import Path

import pytest
import qdrant_edge as edge

from index.errors import EmbeddingMismatchError, StoreError, StoreHeldError
from index.models import Point, point_id
from index.store.bm25 import TermEncoder
from index.store.edge import EdgeStore
from tests.fakes import HashedWordsEmbedder

EMBEDDER = HashedWordsEmbedder(dimension=16)
TERMS = TermEncoder()


def point(number: int) -> Point:
    text = f"article number {number}"
    return Point(
        point_id(f"a{number}", "r", 0), f"a{number}", "r", 0, 0, len(text), ("Top",), ("*",), ("it",), "fake:wiki",
        EMBEDDER.embed_query(text), TERMS.document(text),
    )  # fmt: skip


def test_points_are_there_after_reopening(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path / "v", 16)
    store.upsert([point(1), point(2)])
    before = store.payloads()
    store.close()
    store = EdgeStore.open(tmp_path / "v", 16)
    assert store.payloads() == before
    assert store.search_bm25(TERMS.query("number 2"), 1, ["*"])[0].article_id == "a2"
    store.close()


def test_the_payload_is_what_the_design_promises(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path / "v", 16)
    store.upsert([point(1)])
    assert store.payloads() == {
        point_id("a1", "r", 0): {
            "article_id": "a1",
            "revision": "r",
            "ordinal": 0,
            "start": 0,
            "end": 16,
            "section": ["Top"],
            "audience": ["*"],
            "labels": ["it"],
            "source": "fake:wiki",
        }
    }
    store.close()


def test_a_second_opener_is_told_that_it_is_held(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path / "v", 16)
    with pytest.raises(StoreHeldError, match="another process"):
        EdgeStore.open(tmp_path / "v", 16)
    store.close()
    EdgeStore.open(tmp_path / "v", 16).close()


def test_another_dimension_is_refused_and_nothing_lost(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path / "v", 16)
    store.upsert([point(1)])
    store.close()
    with pytest.raises(EmbeddingMismatchError, match=r"vectors of 8"):
        EdgeStore.open(tmp_path / "v", 8)
    store = EdgeStore.open(tmp_path / "v", 16)
    assert store.count() == 1
    store.close()


def test_a_vector_of_another_dimension_is_refused(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path / "v", 8)
    with pytest.raises(StoreError, match="update"):
        store.upsert([point(1)])
    store.close()


@pytest.mark.parametrize("name", ["edge_config.json", "segment.json"])
def test_a_damaged_folder_is_named_with_a_remedy(tmp_path: Path, name: str) -> None:
    store = EdgeStore.open(tmp_path / "v", 16)
    store.upsert([point(1)])
    store.close()
    for file in (tmp_path / "v").rglob(name):
        file.write_text("no longer JSON", encoding="utf-8")
    with pytest.raises(StoreError, match=r"runcite ingest"):
        EdgeStore.open(tmp_path / "v", 16)


def test_threads_may_search_while_one_writes(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path / "v", 16)
    store.upsert([point(number) for number in range(50)])
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                assert len(store.search_dense(EMBEDDER.embed_query("number"), 10, ["*"])) == 10
        except BaseException as error:  # noqa: BLE001  # handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(50, 90):
        store.upsert([point(number)])
        store.delete_revision(f"a{number - 50}", "r")
        store.flush()
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count() == 50
    store.close()


def test_points_that_lost_their_payload_are_a_damaged_store_with_a_remedy(tmp_path: Path) -> None:
    EdgeStore.open(tmp_path / "v", 16).close()
    shard = edge.EdgeShard.load(str(tmp_path / "v"))
    bare = edge.Point(id=point_id("a1", "r", 0), vector={"dense": [1.0] * 16}, payload={})
    shard.update(edge.UpdateOperation.upsert_points([bare]))
    shard.flush()
    shard.close()
    store = EdgeStore.open(tmp_path / "v", 16)
    with pytest.raises(StoreError, match="rebuilt from the catalog"):
        store.revisions()
    store.close()
