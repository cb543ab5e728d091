"""An index on disk and queries enter; in a process of its own, how it answers them leaves as JSON."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.growth import FEW, SHARES
from index.models import FloatVector, Hit, SparseVector, TermIds, point_id
from index.store.bm25 import TermEncoder
from index.store.edge import EdgeStore
from ingest.models import EVERYONE

POOL = 50
TOP = 10
EVERYBODY = tuple(SHARES)


def main() -> None:
    folder, given, found = map(Path, sys.argv[1:])
    asked = np.load(given)
    began = time.perf_counter()
    store = EdgeStore.open(folder, asked["vectors"].shape[1])
    store.search_dense(asked["vectors"][0], 1, EVERYBODY)
    loaded_s = time.perf_counter() - began
    terms = TermEncoder()
    weights = dict(zip(asked["terms"].tolist(), asked["weights"].tolist(), strict=True))
    queries = [
        (vector, _weighed(terms.terms(text), weights))
        for vector, text in zip(asked["vectors"], asked["texts"].tolist(), strict=True)
    ]
    kinds: dict[str, Callable[[FloatVector, SparseVector], object]] = {
        "dense": lambda dense, _: store.search_dense(dense, POOL, (EVERYONE,)),
        "filtered": lambda dense, _: store.search_dense(dense, POOL, (FEW,)),
        "bm25": lambda _, bm25: store.search_bm25(bm25, POOL, (EVERYONE,)),
        "hybrid": lambda dense, bm25: _hybrid(store, dense, bm25),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    used: dict[str, list[float]] = {kind: [] for kind in kinds}
    for dense, bm25 in queries[1::2]:
        # What others have asked before is in memory, as it is in a process that serves.
        _hybrid(store, dense, bm25)
        store.search_dense(dense, POOL, (FEW,))
    timed = queries[::2]
    for dense, bm25 in timed:
        # In turn, so that what else the machine does meanwhile falls on all alike.
        for kind, search in kinds.items():
            began, cpu = time.perf_counter(), time.process_time()
            search(dense, bm25)
            times[kind].append((time.perf_counter() - began) * 1e3)
            used[kind].append((time.process_time() - cpu) * 1e3)
    np.savez(
        found,
        everyone=np.array([_ids(store.search_dense(dense, POOL, (EVERYONE,))) for dense, _ in queries]),
        few=np.array([_ids(store.search_dense(dense, POOL, (FEW,))) for dense, _ in queries]),
    )
    measured = {"load_s": loaded_s, "queries": len(timed), "memory_mb": _memory_mb(), "load": os.getloadavg()[0]}
    print(json.dumps(measured | {"ms": _spread(times), "cpu_ms": _spread(used)}))
    store.close()


def _weighed(terms: TermIds, weights: Mapping[int, float]) -> SparseVector:
    return SparseVector(terms, np.array([weights[term] for term in terms.tolist()], dtype=np.float32))


def _spread(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    return {kind: {f"p{q}": float(np.percentile(each, q)) for q in (50, 95)} for kind, each in times.items()}


def _hybrid(store: EdgeStore, dense: FloatVector, bm25: SparseVector) -> None:
    """Ask as `index.retrieve` does: both queries, and each for what only the other found."""
    near = {_id(hit) for hit in store.search_dense(dense, POOL, (EVERYONE,))}
    worded = {_id(hit) for hit in store.search_bm25(bm25, POOL, (EVERYONE,))}
    if worded - near:
        store.search_dense(dense, len(worded - near), (EVERYONE,), worded - near)
    if near - worded:
        store.search_bm25(bm25, len(near - worded), (EVERYONE,), near - worded)


def _ids(hits: list[Hit]) -> list[str]:
    ids = [_id(hit) for hit in hits[:TOP]]
    return ids + [""] * (TOP - len(ids))


def _id(hit: Hit) -> str:
    return point_id(hit.article_id, hit.revision, hit.ordinal)


def _memory_mb() -> dict[str, float]:
    """Resident memory: what only this process has, and pages of files, which the system takes back where it must."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {kind: int(lines[f"Rss{kind.title()}"].split()[0]) / 1024 for kind in ("anon", "file")}


if __name__ == "__main__":
    main()
