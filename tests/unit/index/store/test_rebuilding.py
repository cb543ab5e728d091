"""Damaged files of a shard: a clear error while they are met, and a new store by `prepare`."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from index.errors import DiskFullError, EmbeddingMismatchError, StoreError
from index.models import Point, point_id
from index.store.bm25 import TermEncoder
from index.store.edge import EdgeStore
from index.store.rebuilding import RebuildingStore
from tests.fakes import HashedWordsEmbedder

EMBEDDER = HashedWordsEmbedder(dimension=16)
TERMS = TermEncoder()


def point(number: int) -> Point:
    text = f"article number {number}"
    return Point(
        point_id(f"a{number}", "r", 0), f"a{number}", "r", 0, 0, len(text), ("Top",), ("*",), ("it",), "fake:wiki",
        EMBEDDER.embed_query(text), TERMS.document(text),
    )  # fmt: skip


def rebuilding(folder: Path, dimension: int = 16) -> RebuildingStore:
    def put_aside() -> None:
        folder.rename(folder.with_name("aside"))

    return RebuildingStore(partial(EdgeStore.open, folder, dimension), put_aside)


def use(store: RebuildingStore) -> None:
    store.search_dense(EMBEDDER.embed_query("number"), 10, ["*"])
    store.revisions()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = EdgeStore.open(tmp_path / "v", 16)
    store.upsert([point(number) for number in range(20)])
    store.close()
    return tmp_path / "v"


def cut(file: Path) -> None:
    os.truncate(file, 0)


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def garble(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(b"\xa5" * min(4096, file.stat().st_size))


def other_version(file: Path) -> None:
    file.write_text("99.0.0")


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        pytest.param("edge_config.json", halve, id="config-halved"),
        pytest.param("segments/*/segment.json", cut, id="segment-cut"),
        pytest.param("segments/*/version.info", cut, id="version-cut"),
        pytest.param("segments/*/version.info", other_version, id="version-of-another-edge"),
        pytest.param("segments/*/vector_storage-dense/vectors/chunk_0.mmap", cut, id="vectors-cut"),
        pytest.param("segments/*/vector_storage-dense/vectors/chunk_0.mmap", Path.unlink, id="vectors-gone"),
        pytest.param("segments/*/vector_storage-bm25/store/page_0.dat", garble, id="terms-garbled"),
        pytest.param("segments/*/payload_storage/page_0.dat", cut, id="payload-cut"),
        pytest.param("segments/*/payload_storage/page_0.dat", garble, id="payload-garbled"),
        pytest.param("wal/first-index", cut, id="log-cut"),
        pytest.param("wal/open-*", garble, id="log-garbled"),
    ],
)
def test_damage_is_told_and_prepare_makes_a_new_store(folder: Path, pattern: str, damage: Callable[[Path], None]):
    damaged = [file for file in folder.glob(pattern) if file.stat().st_size]
    assert damaged
    for file in damaged:
        damage(file)
    store = rebuilding(folder)
    with pytest.raises(StoreError, match="runcite ingest"):
        use(store)
    store.prepare()
    assert store.count() == 0
    store.upsert([point(1)])
    use(store)
    assert (folder.parent / "aside").is_dir()
    store.close()


def test_a_store_that_is_whole_is_left_as_it_is(folder: Path):
    store = rebuilding(folder)
    store.prepare()
    assert store.count() == 20
    store.close()
    assert not (folder.parent / "aside").exists()


def test_a_store_that_is_mended_is_opened_at_the_next_call(folder: Path):
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    (folder / "edge_config.json").write_text("no JSON")
    store = rebuilding(folder)
    with pytest.raises(StoreError):
        store.count()
    shutil.rmtree(folder)
    whole.rename(folder)
    assert store.count() == 20
    store.close()


def test_vectors_of_another_length_are_not_put_aside(folder: Path):
    store = rebuilding(folder, dimension=8)
    with pytest.raises(EmbeddingMismatchError):
        store.prepare()
    store.close()
    assert EdgeStore.open(folder, 16).count() == 20


def test_a_closed_store_puts_nothing_aside(folder: Path):
    store = rebuilding(folder)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.prepare()
    assert not (folder.parent / "aside").exists()


def test_a_full_disk_is_not_taken_for_damage(tmp_path: Path) -> None:
    def no_room() -> EdgeStore:
        raise DiskFullError("10 MB left")

    store = RebuildingStore(no_room, lambda: pytest.fail("put aside"))
    with pytest.raises(DiskFullError, match="10 MB left"):
        store.prepare()
