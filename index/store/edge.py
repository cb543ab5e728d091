"""Points enter a Qdrant Edge shard on disk, ranked hits leave. With `bm25.py` the sole user of qdrant-edge."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import qdrant_edge as edge

from index.errors import EmbeddingMismatchError, StoreError, StoreHeldError
from index.models import FloatVector, Hit, Point, SparseVector
from index.space import require_room_to_open
from index.store import beside
from index.store.payload import HIT_FIELDS, payload_of, to_hit, to_point, to_sparse

_DENSE = "dense"
_BM25 = "bm25"
_KEYWORDS = ("article_id", "revision", "audience")
_SCROLL_PAGE = 4096

_COMPRESSED = edge.ScalarQuantizationConfig(type=edge.ScalarType.Int8, memory=edge.Memory.Cold)
"""Graphs are built from the vectors in int8, in half the time, and walked by them; what is found is scored by the whole
vectors."""

_GRAPH = edge.HnswIndexConfig(m=32, ef_construct=200, full_scan_threshold=10_000)
_SEARCHED_BY = edge.SearchParams(
    hnsw_ef=512, quantization=edge.QuantizationSearchParams(ignore=False, rescore=True, oversampling=2.0)
)
"""Recall@10 at 100,000 x 384 is 0.998 with them, in 2.2 ms of processor time; with m=16, ef=256 and a walk by the whole
vectors it was 0.980, in 1.7. The graph takes 1.7 times as long to build. docs/scale.md has other sizes."""


WORTH_OPTIMISING = 20_000
"""Points without a graph from which one is built. So many are scanned in 2 ms where nothing else runs; a search keeps
the interpreter's lock, and with it all others, for as long as that takes."""

_LEAST_OF_A_GRAPH = 10_000
"""Points of a segment from which Edge gives it a graph."""


class EdgeStore:
    """A `VectorStore` in a folder, owned by one process at a time. Safe to call from several threads."""

    def __init__(self, shard: edge.EdgeShard, path: Path, dimension: int) -> None:
        self._shard: edge.EdgeShard | None = shard
        self._probe = [1.0] * dimension
        self._path = path
        self._writing = threading.RLock()
        # Held by every search, which costs nothing: Edge 0.9 keeps the interpreter's lock meanwhile anyhow.
        self._reading = threading.RLock()

    @classmethod
    def open(cls, path: Path, dimension: int) -> Self:
        """Open the store in a folder, or make a new one there.

        Args:
            path: The folder; made where it does not exist.
            dimension: Length of the dense vectors.

        Returns:
            The open store.

        Raises:
            StoreHeldError: Another process, or another store in this one, has it open.
            EmbeddingMismatchError: It holds vectors of another length.
            DiskFullError: There is too little room for the files that it maps.
            StoreError: It is damaged.
        """
        beside.settle(path)
        path.mkdir(parents=True, exist_ok=True)
        require_room_to_open(path)
        config = _config(dimension)
        exists = (path / "edge_config.json").exists() or any(path.glob("segments/*"))
        with _opening(path, dimension):
            shard = edge.EdgeShard.load(str(path), config) if exists else edge.EdgeShard.create(str(path), config)
        beside.clear(path)
        store = cls(shard, path, dimension)
        store._index_payload()
        return store

    def prepare(self) -> None:
        """Check that all of it can be read, so that damage is met before anything is written.

        Raises:
            StoreError: It is damaged.
        """
        self.revisions()
        with self._mapped("query"), self._reading:
            self._open().query(edge.QueryRequest(query=edge.Query.Nearest(self._probe, using=_DENSE), limit=1))

    def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points by id."""
        if points:
            self._update(edge.UpdateOperation.upsert_points([_to_edge(point) for point in points]))

    def delete_revision(self, article_id: str, revision: str) -> None:
        """Delete every point of one article at one revision."""
        chosen = edge.Filter(must=[_equals("article_id", article_id), _equals("revision", revision)])
        self._update(edge.UpdateOperation.delete_points_by_filter(chosen))

    def set_access(self, article_id: str, audience: Sequence[str], labels: Sequence[str]) -> None:
        """Replace audience and labels on every point of an article, vectors untouched."""
        chosen = edge.Filter(must=[_equals("article_id", article_id)])
        payload = {"audience": list(audience), "labels": list(labels)}
        self._update(edge.UpdateOperation.set_payload_by_filter(chosen, payload))

    def search_dense(
        self,
        vector: FloatVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points nearest by cosine whose audience meets `audience`, best first."""
        request = edge.QueryRequest(
            query=edge.Query.Nearest(vector.tolist(), using=_DENSE),
            limit=limit,
            filter=_readable(audience, only, barred),
            with_payload=list(HIT_FIELDS),
            params=_SEARCHED_BY,
        )
        return self._search(request)

    def search_bm25(
        self,
        vector: SparseVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points best by dot product whose audience meets `audience`, best first."""
        if not len(vector.indices):
            return []
        request = edge.QueryRequest(
            query=edge.Query.Nearest(_sparse(vector), using=_BM25),
            limit=limit,
            filter=_readable(audience, only, barred),
            with_payload=list(HIT_FIELDS),
        )
        return self._search(request)

    def revisions(self) -> dict[tuple[str, str], int]:
        """Count points by (article id, revision)."""
        with self._mapped("read"):
            return dict(Counter((p["article_id"], p["revision"]) for p in self._scroll(["article_id", "revision"])))

    def payloads(self) -> dict[str, dict[str, Any]]:
        """Read the payload of every point, for inspection.

        Returns:
            Payload by point id.
        """
        return {payload.pop("id"): payload for payload in self._scroll(None)}

    def count(self) -> int:
        """Count all points."""
        with self._mapped("count"), self._reading:
            return self._open().count(edge.CountRequest())

    def points(self) -> Iterator[Point]:
        """Read every point, vectors included, in the order of their ids."""
        for record in self._records(None, with_vector=True):
            yield _to_point(record)

    def read(self, ids: Sequence[str]) -> dict[str, Point]:
        """Read points by id, vectors included; those that are not there are left out."""
        with self._mapped("read"), self._reading:
            records = self._open().retrieve(list(ids), with_payload=True, with_vector=True)
        return {str(record.id): _to_point(record) for record in records}

    def flush(self) -> None:
        """Make every earlier write durable before returning."""
        with self._mapped("flush"), self._writing:
            self._open().flush()

    def optimize(self, should_stop: Callable[[], bool] = bool) -> None:
        """Build the HNSW graphs of what was added, where there is enough to be worth it.

        Another process builds them in a copy; searches go on, and wait only while the copy is opened. Writes wait.

        Args:
            should_stop: Asked every now and then; once true, all stays as it is.

        Raises:
            StoreError: The disk is too full, or it failed. All stays as it is.
        """
        with self._writing:
            with self._mapped("info"):
                info = self._open().info()
            # Edge counts every BM25 vector as indexed, and a dense one once it is in a graph.
            without_graph = 2 * info.points_count - info.indexed_vectors_count
            if without_graph < WORTH_OPTIMISING or should_stop():
                return
            self.flush()
            if beside.build(self._path, len(self._probe), should_stop):
                self._exchange(info.points_count)

    def optimize_here(self) -> None:
        """Do so in this process, which does nothing else meanwhile: Edge 0.9 keeps the interpreter's lock."""
        with self._mapped("optimize"), self._writing:
            self._open().optimize()

    def close(self) -> None:
        """Write everything out and release the folder; later calls raise `StoreError`."""
        with self._writing:
            shard, self._shard = self._shard, None
            if shard is not None:
                with self._mapped("close"):
                    shard.flush()
                    shard.close()

    def _exchange(self, points: int) -> None:
        """Open the optimised copy in place of the store, or the store again where the copy is not what it should be."""
        with self._mapped("exchange its folder"), self._reading:
            config = _config(len(self._probe))
            self._open().close()
            self._shard = None
            beside.exchange(self._path)
            try:
                self._shard = _load(self._path, config, points)
            except BaseException:
                beside.put_back(self._path)
                self._shard = edge.EdgeShard.load(str(self._path), config)
                raise
        beside.clear(self._path)

    def _open(self) -> edge.EdgeShard:
        if self._shard is None:
            raise StoreError(f"The vector store {str(self._path)!r} is closed: expected an open one. Open it again.")
        return self._shard

    def _update(self, operation: edge.UpdateOperation) -> None:
        with self._mapped("update"), self._writing:
            self._open().update(operation)

    def _search(self, request: edge.QueryRequest) -> list[Hit]:
        with self._mapped("query"), self._reading:
            return [to_hit(point.payload, point.score) for point in self._open().query(request)]

    def _scroll(self, fields: list[str] | None) -> Iterator[dict[str, Any]]:
        for record in self._records(fields):
            yield {**(record.payload or {}), "id": str(record.id)}

    def _records(self, fields: list[str] | None, *, with_vector: bool = False) -> Iterator[edge.Record]:
        offset: edge.PointId | None = None
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=_SCROLL_PAGE, with_payload=fields or True, with_vector=with_vector
            )
            with self._mapped("scroll"), self._reading:
                records, offset = self._open().scroll(request)
            yield from records
            if offset is None:
                return

    def _index_payload(self) -> None:
        with self._mapped("info"):
            present = set(self._open().info().payload_schema)
        for field in _KEYWORDS:
            if field not in present:
                self._update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword))

    @contextmanager
    def _mapped(self, doing: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # Edge raises bare Exception for everything
            raise StoreError(
                f"The vector store {str(self._path)!r} failed to {doing}: {error}. If it stays so, remove that folder "
                "and run `runcite ingest SOURCE`: the index is rebuilt from the catalog."
            ) from error


def _load(path: Path, config: edge.EdgeConfig, points: int) -> edge.EdgeShard:
    shard = edge.EdgeShard.load(str(path), config)
    found = shard.count(edge.CountRequest())
    if found != points:
        shard.close()
        raise StoreError(
            f"The optimised copy of {str(path)!r} holds {found} points, expected {points}; it is not used."
        )
    return shard


def _config(dimension: int) -> edge.EdgeConfig:
    dense = edge.EdgeVectorParams(
        size=dimension, distance=edge.Distance.Cosine, quantization_config=_COMPRESSED, hnsw_config=_GRAPH
    )
    return edge.EdgeConfig(
        # In kilobytes: with a fixed one, short vectors would never get a graph, and be copied for it each time.
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_LEAST_OF_A_GRAPH * dimension * 4 // 1024),
        vectors={_DENSE: dense},
        sparse_vectors={_BM25: edge.EdgeSparseVectorParams()},
    )


@contextmanager
def _opening(path: Path, dimension: int) -> Iterator[None]:
    """Tell apart by Edge's wording what it raises as bare `Exception`, or as a Rust panic where files are cut short."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        message = str(error)
        if "WouldBlock" in message:
            raise StoreHeldError(
                f"The vector store {str(path)!r} is open in another process. Wait for it, or stop it."
            ) from error
        if "expected vector size" in message:
            raise EmbeddingMismatchError(
                f"The vector store {str(path)!r} does not hold vectors of {dimension}: {message}. Pass the --embedding "
                "the index was built with, or remove that folder and ingest again."
            ) from error
        raise StoreError(
            f"The vector store {str(path)!r} cannot be opened: {message}. Expected a complete shard; remove that "
            "folder and run `runcite ingest SOURCE`: the index is rebuilt from the catalog."
        ) from error


def _readable(audience: Iterable[str], only: Collection[str] | None, barred: Collection[str]) -> edge.Filter:
    must: list[Any] = [edge.FieldCondition(key="audience", match=edge.MatchAny(list(audience)))]
    if only is not None:
        must.append(edge.HasIdCondition(set(only)))
    if not barred:
        return edge.Filter(must=must)
    unwanted = edge.FieldCondition(key="article_id", match=edge.MatchAny(sorted(barred)))
    return edge.Filter(must=must, must_not=[unwanted])


def _equals(key: str, value: str) -> edge.FieldCondition:
    return edge.FieldCondition(key=key, match=edge.MatchValue(value))


def _sparse(vector: SparseVector) -> edge.SparseVector:
    return edge.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


def _to_point(record: edge.Record) -> Point:
    vectors: Any = record.vector
    bm25 = vectors[_BM25]
    return to_point(str(record.id), record.payload, vectors[_DENSE], to_sparse(bm25.indices, bm25.values))


def _to_edge(point: Point) -> edge.Point:
    vectors: dict[str, Any] = {_DENSE: point.dense.tolist(), _BM25: _sparse(point.bm25)}
    return edge.Point(id=point.id, vector=vectors, payload=payload_of(point))
