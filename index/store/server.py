"""Points enter a collection of a Qdrant server or cluster, ranked hits leave.

What is promised: a write returns when `confirmed_by` copies have it logged and applied, a read asks a majority of the
copies, so what was written is read. Changes of points that exist go through the shard's leader, one after the other.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as Several
from contextlib import contextmanager
from typing import Any, Literal, Self

from qdrant_client import QdrantClient, models

from index.errors import IndexingError, StoreError
from index.models import FloatVector, Hit, Point, SparseVector
from index.store.payload import HIT_FIELDS, payload_of, to_hit, to_point, to_sparse
from index.store.server_client import client_of
from index.store.server_collection import BM25, DENSE, Collection, Layout
from index.store.server_faults import mapped
from index.store.server_options import ServerOptions

WRITE_TIMEOUT_S = 30
"""For everything that is not a search: nobody waits for it with a ticket in hand."""

OVERSAMPLING = {"int8": 1.5, "binary": 3.0}
"""How many times the hits asked for are taken by compressed vectors, to be scored again by whole ones."""

Check = Literal["in time", "patiently", "no"]
"""Whether the server's collection is checked before a call, and whether a ticket waits meanwhile."""

_UNKNOWN = Layout(replicas=1, quantisation="none")
_SCROLL_PAGE = 4096
_VECTORS_PAGE = 256
_UPSERT_POINTS = 256


class ServerStore:
    """A `VectorStore` on a server that any number of processes share. Safe to call from several threads.

    Nothing is asked of the server before the first call: a server that is down when a process starts may come up later.
    """

    def __init__(self, client: QdrantClient, patient: QdrantClient, collection: Collection) -> None:
        self._client = client
        self._patient = patient
        self._collection = collection
        self._options = collection.options
        self._layout: Layout | None = None
        self._closed = False

    @classmethod
    def connect(
        cls, options: ServerOptions, dimension: int, index_id: str, generation: int = 1, *, serves: bool = True
    ) -> Self:
        """Make a store on a server.

        Args:
            options: Where the server is, and how a new collection is laid out.
            dimension: Length of the dense vectors.
            index_id: Id of the index; a collection belongs to one.
            generation: Which of the index's sets of vectors.
            serves: Whether it is the live one, which has the alias.

        Returns:
            The store; the server has not been asked anything yet.

        Raises:
            StoreError: The address cannot be one.
        """
        collection = Collection(options, dimension, index_id, generation, serves)
        try:
            return cls(client_of(options, options.timeout_s), client_of(options, WRITE_TIMEOUT_S), collection)
        except ValueError as error:
            raise StoreError(
                f"RUNCITE_QDRANT_URL={options.url!r} cannot be used: {error}. Expected an address such as "
                "http://localhost:6333."
            ) from error

    def prepare(self) -> None:
        """Make the collection where the server has none."""
        with self._asking("prepare the collection", check="no"):
            self._layout = self._collection.make(self._patient)

    def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points by id."""
        with self._asking("write"):
            for start in range(0, len(points), _UPSERT_POINTS):
                batch = [_to_struct(point) for point in points[start : start + _UPSERT_POINTS]]
                self._patient.upsert(self._collection.name, batch, wait=True)

    def delete_revision(self, article_id: str, revision: str) -> None:
        """Delete every point of one article at one revision."""
        chosen = models.Filter(must=[_equals("article_id", article_id), _equals("revision", revision)])
        with self._asking("delete"):
            self._patient.delete(
                self._collection.name,
                models.FilterSelector(filter=chosen),
                wait=True,
                ordering=models.WriteOrdering.STRONG,
            )

    def set_access(self, article_id: str, audience: Sequence[str], labels: Sequence[str]) -> None:
        """Replace audience and labels on every point of an article, vectors untouched."""
        with self._asking("change access"):
            self._patient.set_payload(
                self._collection.name,
                {"audience": list(audience), "labels": list(labels)},
                models.Filter(must=[_equals("article_id", article_id)]),
                wait=True,
                ordering=models.WriteOrdering.STRONG,
            )

    def search_dense(
        self,
        vector: FloatVector,
        limit: int,
        audience: Iterable[str],
        only: Several[str] | None = None,
        barred: Several[str] = (),
    ) -> list[Hit]:
        """Return the points nearest by cosine whose audience meets `audience`, best first."""
        return self._search(vector.tolist(), DENSE, _readable(audience, only, barred), limit)

    def search_bm25(
        self,
        vector: SparseVector,
        limit: int,
        audience: Iterable[str],
        only: Several[str] | None = None,
        barred: Several[str] = (),
    ) -> list[Hit]:
        """Return the points best by dot product whose audience meets `audience`, best first."""
        if not len(vector.indices):
            with self._asking("search", check="no"):
                return []
        return self._search(_sparse(vector), BM25, _readable(audience, only, barred), limit)

    def revisions(self) -> dict[tuple[str, str], int]:
        """Count points by (article id, revision)."""
        with self._asking("read") as layout:
            found = self._scroll(["article_id", "revision"], _consistency(layout))
            # A copy that missed a deletion may show what is left of a point: https://github.com/qdrant/qdrant/issues/4627
            payloads = (record.payload or {} for record in found)
            return dict(Counter((known.get("article_id", ""), known.get("revision", "")) for known in payloads))

    def count(self) -> int:
        """Count all points."""
        with self._asking("count", check="in time"):
            return self._client.count(self._collection.name, exact=True).count

    def points(self) -> Iterator[Point]:
        """Read every point, vectors included, in the order of their ids."""
        with self._asking("read") as layout:
            for record in self._scroll(None, _consistency(layout), with_vectors=True):
                yield _to_point(record)

    def read(self, ids: Sequence[str]) -> dict[str, Point]:
        """Read points by id, vectors included; those that are not there are left out."""
        if not ids:
            return {}
        with self._asking("read") as layout:
            found = self._patient.retrieve(
                self._collection.name,
                list(ids),
                with_payload=True,
                with_vectors=True,
                consistency=_consistency(layout),
            )
        return {str(record.id): _to_point(record) for record in found}

    def flush(self) -> None:
        """Nothing to do: every write has waited until its copies had it logged and applied."""
        with self._asking("flush", check="no"):
            return

    def optimize(self, should_stop: Callable[[], bool] = bool) -> None:  # noqa: ARG002 - the port's
        """Nothing to do: a server optimises by itself, in the background."""
        with self._asking("optimize", check="no"):
            return

    def discard(self) -> None:
        """Delete the collection and all that is in it; nothing to do where there is none."""
        with self._asking("delete the collection", check="no"):
            self._patient.delete_collection(self._collection.name)

    def close(self) -> None:
        """Close the connections; later calls raise `StoreError`."""
        if not self._closed:
            self._closed = True
            self._client.close()
            self._patient.close()

    def _search(
        self,
        query: list[float] | models.SparseVector,
        using: str,
        chosen: models.Filter,
        limit: int,
    ) -> list[Hit]:
        with self._asking("search", check="in time") as layout:
            params = None
            if using == DENSE and layout.quantisation != "none":
                again = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING[layout.quantisation])
                params = models.SearchParams(quantization=again)
            found = self._client.query_points(
                self._collection.name,
                query=query,
                using=using,
                query_filter=chosen,
                limit=limit,
                with_payload=list(HIT_FIELDS),
                search_params=params,
                consistency=_consistency(layout),
            )
            return [to_hit(point.payload, point.score) for point in found.points]

    def _scroll(
        self, fields: list[str] | None, consistency: models.ReadConsistencyType | None, *, with_vectors: bool = False
    ) -> Iterator[models.Record]:
        offset: Any = None
        while True:
            records, offset = self._patient.scroll(
                self._collection.name,
                limit=_VECTORS_PAGE if with_vectors else _SCROLL_PAGE,
                offset=offset,
                with_payload=fields or True,
                with_vectors=with_vectors,
                consistency=consistency,
            )
            yield from records
            if offset is None:
                return

    @contextmanager
    def _asking(self, doing: str, *, check: Check = "patiently") -> Iterator[Layout]:
        """Map errors; before the first call and after a failed one check that the server serves this index."""
        if self._closed:
            raise StoreError(f"The store at {self._options.url!r} is closed: expected an open one. Open it again.")
        try:
            with mapped(self._options.url, doing):
                yield _UNKNOWN if check == "no" else self._check(in_time=check == "in time")
        except IndexingError:
            self._layout = None
            raise

    def _check(self, *, in_time: bool) -> Layout:
        # Several threads may check at once, which is harmless; waiting for each other they would add up their timeouts.
        if (known := self._layout) is not None:
            return known
        started = time.monotonic()
        layout = self._collection.check(self._client if in_time else self._patient)
        took_s = time.monotonic() - started
        if in_time and took_s > self._options.timeout_s:
            raise StoreError(
                f"The Qdrant server at {self._options.url!r} took {took_s:.1f} s to say what it holds, expected "
                f"{self._options.timeout_s} s at most. Check what it is busy with; Runcite tries again by itself."
            )
        self._layout = layout
        return layout


def _consistency(layout: Layout) -> models.ReadConsistencyType | None:
    return models.ReadConsistencyType.MAJORITY if layout.replicas > 1 else None


def _readable(audience: Iterable[str], only: Several[str] | None, barred: Several[str]) -> models.Filter:
    must: list[models.Condition] = [models.FieldCondition(key="audience", match=models.MatchAny(any=list(audience)))]
    if only is not None:
        must.append(models.HasIdCondition(has_id=list(only)))
    if not barred:
        return models.Filter(must=must)
    unwanted = models.FieldCondition(key="article_id", match=models.MatchAny(any=sorted(barred)))
    return models.Filter(must=must, must_not=[unwanted])


def _equals(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


def _to_point(record: models.Record) -> Point:
    vectors: Any = record.vector
    bm25 = vectors[BM25]
    return to_point(str(record.id), record.payload, vectors[DENSE], to_sparse(bm25.indices, bm25.values))


def _to_struct(point: Point) -> models.PointStruct:
    vectors: dict[str, models.Vector] = {DENSE: point.dense.tolist(), BM25: _sparse(point.bm25)}
    return models.PointStruct(id=point.id, vector=vectors, payload=payload_of(point))
