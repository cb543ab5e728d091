"""A whole home of synthetic articles, made by a sync; asked in a process of its own, query embedding included.

`python -m benchmarks.scale_home 50000`; what it finds is printed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from api.bootstrap import CATALOG_NAME, open_runtime
from api.settings import Settings, prepare_environment
from api.stores import VECTORS_NAME
from benchmarks.growth import Grown, Growth, read_seeds
from index.catalog import Catalog
from index.embed.choose import choose_embedder
from index.models import EmbeddingSpec, FloatMatrix, FloatVector
from index.ports import Embedder
from index.store.edge import EdgeStore
from index.sync import Syncer
from ingest.models import Article, Chunk, RawDocument
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current

CHUNKS = 50_000
QUERIES = 200


class GrownSource:
    """A `Source` of synthetic articles, and the rest of a sync that would otherwise read, cut and embed them."""

    key = "synthetic"

    def __init__(self, growth: Growth, chunks: int, embedder: Embedder) -> None:
        self._growth = growth
        self._chunks = chunks
        self._embedder = embedder
        self._grown: dict[str, Grown] = {}
        self._vectors: dict[str, FloatVector] = {}

    def scan(
        self, _is_current: IsCurrent = never_current, _on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument]:
        made, number = 0, 0
        while made < self._chunks:
            grown = self._growth.article(number)
            self._grown[grown.article.article_id] = grown
            made, number = made + len(grown.chunks), number + 1
            yield RawDocument(grown.article.article_id, self.key, "text/markdown", b"", grown.article.title)

    def read(self, document: RawDocument) -> Article:
        return self._grown[document.article_id].article

    def chunk(self, article: Article) -> tuple[Chunk, ...]:
        grown = self._grown.pop(article.article_id)
        self._vectors |= zip((chunk.embed_text for chunk in grown.chunks), grown.vectors, strict=True)
        return grown.chunks

    @property
    def spec(self) -> EmbeddingSpec:
        return self._embedder.spec

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Give chunks the vectors they were grown with; what else is asked for is embedded."""
        found = [self._vectors.pop(text, None) for text in texts]
        others = [text for text, vector in zip(texts, found, strict=True) if vector is None]
        rest = iter(self._embedder.embed_passages(others) if others else ())
        return np.stack([next(rest) if vector is None else vector for vector in found])

    def embed_query(self, text: str) -> FloatVector:
        return self._embedder.embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return self._embedder.embed_queries(texts)

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens_batch(texts)


def main() -> None:
    prepare_environment()
    if len(sys.argv) > 2:
        print(json.dumps(_ask(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))))
        return
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else CHUNKS
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, "home")
        embedder, _ = choose_embedder("bundled", None, home)
        seeds = read_seeds(embedder)
        began = time.perf_counter()
        _build(GrownSource(Growth(seeds), chunks, embedder), home)
        built_s = time.perf_counter() - began
        asked = Path(scratch, "queries.json")
        asked.write_text(json.dumps(seeds.queries[:: max(1, len(seeds.queries) // QUERIES)]), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.scale_home", str(home), str(asked)]
        answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    print(json.dumps({"chunks": chunks, "sync_s": built_s} | answer))


def _build(source: GrownSource, home: Path) -> None:
    catalog = Catalog.open(home / CATALOG_NAME)
    store = EdgeStore.open(home / VECTORS_NAME, source.spec.dimension)
    syncer = Syncer(
        catalog,
        store,
        source,
        read=source.read,
        fingerprint=lambda document: document.article_id,
        chunk=source.chunk,
    )
    report = syncer.run(source)
    store.close()
    catalog.close()
    if report.error:
        raise RuntimeError(report.error)


def _ask(home: Path, queries: list[str]) -> dict[str, Any]:
    times, used = [], []
    with open_runtime(Settings(home=home, embedding="bundled")) as runtime:
        began = time.perf_counter()
        runtime.search("the first search reads what the others share", audience=frozenset(), limit=5)
        first_s = time.perf_counter() - began
        for query in queries:
            began, cpu = time.perf_counter(), time.process_time()
            runtime.search(query, audience=frozenset(), limit=5)
            times.append((time.perf_counter() - began) * 1e3)
            used.append((time.process_time() - cpu) * 1e3)
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    memory = {kind: int(lines[f"Rss{kind.title()}"].split()[0]) / 1024 for kind in ("anon", "file")}
    spread = {
        unit: {f"p{q}": float(np.percentile(each, q)) for q in (50, 95)}
        for unit, each in (("ms", times), ("cpu_ms", used))
    }
    return spread | {"first_s": first_s, "memory_mb": memory, "queries": len(queries), "load": os.getloadavg()[0]}


if __name__ == "__main__":
    main()
