import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog
from index.embed.cache import CACHE_NAME, CachedEmbedder, VectorCache
from index.errors import EmbeddingError
from index.store.edge import EdgeStore
from index.sync import Syncer
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

TEXTS = ["vpn drops", "printer jam", "vpn drops", "restart the client"]


@pytest.fixture
def model() -> HashedWordsEmbedder:
    return HashedWordsEmbedder(dimension=16)


def cached(model: HashedWordsEmbedder, folder: Path, **options: int) -> CachedEmbedder:
    return CachedEmbedder(model, VectorCache.open(folder / CACHE_NAME, model.spec, **options))


def test_what_was_embedded_before_is_not_embedded_again(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    first = cached(model, tmp_path).embed_passages(TEXTS)
    assert sorted(model.embedded) == sorted(set(TEXTS))
    assert np.array_equal(first, HashedWordsEmbedder(dimension=16).embed_passages(TEXTS))
    model.embedded.clear()
    again = cached(model, tmp_path)
    assert np.array_equal(again.embed_passages([*TEXTS, "new"]), np.vstack([first, again.embed_passages(["new"])]))
    assert model.embedded == ["new"]
    assert again.embed_passages([]).shape == (0, 16)


def test_vectors_of_another_model_or_numerics_are_not_found(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    cached(model, tmp_path).embed_passages(TEXTS)
    for changed in (replace(model.spec, numerics="int8"), replace(model.spec, revision="2")):
        assert VectorCache.open(tmp_path / CACHE_NAME, changed).get(TEXTS) == {}
    assert len(VectorCache.open(tmp_path / CACHE_NAME, model.spec).get(TEXTS)) == 3


def test_a_damaged_row_is_embedded_again(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    whole = cached(model, tmp_path).embed_passages(TEXTS)
    with sqlite3.connect(tmp_path / CACHE_NAME) as connection:
        connection.execute("UPDATE vectors SET vector = zeroblob(64) WHERE rowid = 1")
        connection.execute("UPDATE vectors SET vector = zeroblob(3) WHERE rowid = 2")
    connection.close()
    model.embedded.clear()
    assert np.array_equal(cached(model, tmp_path).embed_passages(TEXTS), whole)
    assert len(model.embedded) == 2
    model.embedded.clear()
    cached(model, tmp_path).embed_passages(TEXTS)
    assert model.embedded == []


@pytest.mark.parametrize("content", [b"not a database at all " * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_no_cache_is_replaced(model: HashedWordsEmbedder, tmp_path: Path, content: bytes) -> None:
    (tmp_path / CACHE_NAME).write_bytes(content)
    cached(model, tmp_path).embed_passages(TEXTS)
    model.embedded.clear()
    cached(model, tmp_path).embed_passages(TEXTS)
    assert model.embedded == []


def test_a_place_that_cannot_be_used_is_a_clear_error(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"cannot be opened.*writable"):
        VectorCache.open(tmp_path / "missing" / CACHE_NAME, model.spec)


def test_the_oldest_go_when_it_is_full(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    embedder = cached(model, tmp_path, most_rows=10)
    texts = [f"text {number}" for number in range(25)]
    for text in texts:
        embedder.embed_passages([text])
    kept = VectorCache.open(tmp_path / CACHE_NAME, model.spec).get(texts)
    assert sorted(kept) == sorted(texts[-10:])


def test_queries_are_not_cached(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    embedder = cached(model, tmp_path)
    embedder.embed_query("vpn drops")
    assert VectorCache.open(tmp_path / CACHE_NAME, model.spec).get(["vpn drops"]) == {}


WRITER = """
import sys
from pathlib import Path
from index.embed.cache import VectorCache
from tests.fakes import HashedWordsEmbedder
model = HashedWordsEmbedder(dimension=16)
cache = VectorCache.open(Path(sys.argv[1]), model.spec)
for number in range(10**6):
    cache.put([f"text {number}"], model.embed_passages([f"text {number}"]))
    print(number, flush=True)
"""


def test_a_kill_loses_nothing_that_was_kept(model: HashedWordsEmbedder, tmp_path: Path) -> None:
    file = tmp_path / CACHE_NAME
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    kept = [int(writer.stdout.readline()) for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    texts = [f"text {number}" for number in kept]
    found = VectorCache.open(file, model.spec).get(texts)
    assert np.array_equal(np.stack([found[text] for text in texts]), model.embed_passages(texts))


def test_an_index_whose_vectors_are_lost_is_rebuilt_without_the_model(
    model: HashedWordsEmbedder, tmp_path: Path
) -> None:
    source = FakeSource([document(f"wiki/{number}", f"Runbook {number}\nRestart {number}.") for number in range(9)])
    for run in ("first", "second"):
        with (
            closing(Catalog.open(tmp_path / "catalog.sqlite")) as catalog,
            closing(EdgeStore.open(tmp_path / "vectors", model.spec.dimension)) as store,
        ):
            syncer = Syncer(
                catalog,
                store,
                cached(model, tmp_path),
                read=read_fake,
                fingerprint=fingerprint_fake,
                chunk=chunk_fake,
            )
            assert syncer.run(source).error is None
            assert store.count() == 18
        assert bool(model.embedded) == (run == "first")
        model.embedded.clear()
        shutil.rmtree(tmp_path / "vectors")
