"""How the index grows: synthetic corpora from real chunks, built on Edge and asked in a process of their own.

`python -m benchmarks.scale 10000 100000` measures these sizes and rewrites docs/scale.md and docs/scale.svg, where the
figures of sizes measured before stay.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure, machine
from benchmarks.growth import FEW, SHARES, Growth, read_seeds
from benchmarks.scale_page import write_page
from benchmarks.scale_probe import TOP
from index.embed.choose import choose_embedder
from index.models import FloatMatrix, Point
from index.store.bm25 import TermEncoder
from index.store.edge import EdgeStore
from ingest.models import EVERYONE

SIZES = (10_000, 100_000, 1_000_000)
QUERIES = 400
"""Half of them are asked beforehand, and half are timed."""
CHEAP = 10_000
RESULTS = Path(__file__).resolve().parent / "scale.json"
COMMAND = "`python -m benchmarks.scale`"
LEAST_RECALL, MOST_P95_MS = 0.97, 5.0

Measured = dict[str, Any]


class Exact:
    """Keeps the nearest points of each query while a corpus goes by: what a search should have found."""

    def __init__(self, queries: FloatMatrix) -> None:
        self._queries = queries
        self._best = {kind: [(np.empty(0, np.float32), np.empty(0, object))] * len(queries) for kind in (EVERYONE, FEW)}

    def add(self, points: list[Point]) -> None:
        """Take some points in."""
        for kind, best in self._best.items():
            chosen = [point for point in points if kind in point.audience]
            if not chosen:
                continue
            ids = np.array([point.id for point in chosen], dtype=object)
            cosines = self._queries @ np.stack([point.dense for point in chosen]).T
            for row, (known, known_ids) in enumerate(best):
                scores = np.concatenate([known, cosines[row]])
                top = np.argsort(-scores, kind="stable")[:TOP]
                best[row] = scores[top], np.concatenate([known_ids, ids])[top]

    def recall(self, kind: str, found: NDArray[np.str_]) -> float:
        """Compare with what a search found: the mean share of the nearest that is among it."""
        shares = [len(set(ids) & set(row)) / len(ids) for (_, ids), row in zip(self._best[kind], found, strict=True)]
        return float(np.mean(shares))


class Words:
    """Counts in how many chunks each word of the queries is, while a corpus goes by: what the words weigh."""

    def __init__(self, queries: list[str]) -> None:
        terms = TermEncoder()
        self._ids = np.unique(np.concatenate([terms.terms(query) for query in queries]))
        self._counts = np.zeros(len(self._ids))
        self._total = 0

    def add(self, points: list[Point]) -> None:
        """Take some points in."""
        self._total += len(points)
        for point in points:
            self._counts[np.isin(self._ids, point.bm25.indices, assume_unique=True)] += 1

    def weights(self) -> dict[str, NDArray[Any]]:
        """Weigh each word by how few chunks have it, as `index.lexicon` weighs it by articles."""
        return {
            "terms": self._ids,
            "weights": np.log1p((self._total - self._counts + 0.5) / (self._counts + 0.5)),
        }


def main() -> None:
    sizes = [int(given) for given in sys.argv[1:]] or list(SIZES)
    results: dict[str, Measured] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for measured in run(sizes):
        results[str(measured["chunks"])] = measured
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        write_page(sorted(results.values(), key=lambda one: int(one["chunks"])))
        print(json.dumps(measured), flush=True)


def measure() -> list[Figure]:
    """Measure the smallest size, for the scoreboard; docs/scale.md has the others."""
    (measured,) = run([CHEAP])
    after = measured["optimised"]
    dense, recall = after["ms"]["dense"], min(after["recall"].values())
    what = f"{CHEAP:,} synthetic chunks on Edge"
    spread = f"p50 {dense['p50']:.1f} ms, n={after['queries']}"
    return [
        Figure(
            f"{what}: one dense query, p95",
            f"{dense['p95']:.1f} ms",
            f"≤ {MOST_P95_MS:g} ms",
            dense["p95"] <= MOST_P95_MS,
            spread,
            COMMAND,
        ),
        Figure(
            f"{what}: recall@{TOP} against an exact search",
            f"{recall:.3f}",
            f"≥ {LEAST_RECALL:.2f}",
            recall >= LEAST_RECALL,
            f"the worse of two audiences, n={after['queries']}",
            COMMAND,
        ),
    ]


def run(sizes: list[int]) -> Iterator[Measured]:
    """Build and ask an index of each size."""
    with tempfile.TemporaryDirectory() as scratch:
        embedder, _ = choose_embedder("bundled", None, Path(scratch))
        seeds = read_seeds(embedder)
        step = max(1, len(seeds.queries) // QUERIES)
        queries = seeds.queries[::step][:QUERIES]
        vectors = np.stack([embedder.embed_query(query) for query in queries])
        for size in sizes:
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                yield _measure(Growth(seeds), size, vectors, queries, Path(folder))


def _measure(growth: Growth, size: int, vectors: FloatMatrix, queries: list[str], scratch: Path) -> Measured:
    folder, asked = scratch / "vectors", scratch / "asked.npz"
    store = EdgeStore.open(folder, vectors.shape[1])
    exact, words = Exact(vectors), Words(queries)
    insert_s = 0.0
    for points in growth.points(size):
        exact.add(points)
        words.add(points)
        began = time.perf_counter()
        store.upsert(points)
        insert_s += time.perf_counter() - began
    began = time.perf_counter()
    store.close()
    insert_s += time.perf_counter() - began
    np.savez(asked, vectors=vectors, texts=np.array(queries), **words.weights())
    measured: Measured = {
        "chunks": size,
        "machine": machine(),
        "insert_s": insert_s,
        "shares": SHARES,
        "inserted": _asked(folder, asked, exact),
    }
    store = EdgeStore.open(folder, vectors.shape[1])
    began, used = time.perf_counter(), time.process_time()
    store.optimize_here()
    measured |= {"optimise_s": time.perf_counter() - began, "optimise_cpu_s": time.process_time() - used}
    store.close()
    return measured | {"optimised": _asked(folder, asked, exact)}


def _asked(folder: Path, asked: Path, exact: Exact) -> Measured:
    found = asked.with_name("found.npz")
    probe = [sys.executable, "-m", "benchmarks.scale_probe", str(folder), str(asked), str(found)]
    answer: Measured = json.loads(subprocess.run(probe, check=True, stdout=subprocess.PIPE).stdout)
    hits = np.load(found)
    blocks = sum(file.stat().st_blocks for file in folder.rglob("*") if file.is_file())
    recall = {EVERYONE: exact.recall(EVERYONE, hits["everyone"]), FEW: exact.recall(FEW, hits["few"])}
    return answer | {"disk_mb": blocks * 512 / 1e6, "recall": recall}


if __name__ == "__main__":
    main()
