"""Points enter, hits with exactly computed scores leave: the test oracle, and a store for throw-away indexes."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from index.errors import StoreError
from index.models import FloatVector, Hit, Point, SparseVector


class MemoryStore:
    """A `VectorStore` without files: exact scores, nothing kept after `close`."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._points: dict[str, Point] = {}
        self._lock = threading.RLock()
        self._closed = False

    def prepare(self) -> None:
        """Nothing to do: it is ready as soon as it is there."""
        with self._open():
            return

    def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points by id."""
        with self._open():
            for point in points:
                if point.dense.shape != (self._dimension,):
                    raise StoreError(
                        f"Point {point.id!r} has a vector of shape {point.dense.shape}, expected "
                        f"({self._dimension},). Embed with the model the index records."
                    )
                self._points[point.id] = point

    def delete_revision(self, article_id: str, revision: str) -> None:
        """Delete every point of one article at one revision."""
        with self._open():
            self._points = {
                key: point
                for key, point in self._points.items()
                if (point.article_id, point.revision) != (article_id, revision)
            }

    def set_access(self, article_id: str, audience: Sequence[str], labels: Sequence[str]) -> None:
        """Replace audience and labels on every point of an article, vectors untouched."""
        with self._open():
            for key, point in self._points.items():
                if point.article_id == article_id:
                    self._points[key] = replace(point, audience=tuple(audience), labels=tuple(labels))

    def search_dense(
        self,
        vector: FloatVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points nearest by cosine whose audience meets `audience`, best first."""
        with self._open():
            return _best(
                [(float(point.dense @ vector), point) for point in self._visible(audience, only, barred)], limit
            )

    def search_bm25(
        self,
        vector: SparseVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points best by dot product whose audience meets `audience`, best first."""
        with self._open():
            weights = dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))
            scored = []
            for point in self._visible(audience, only, barred):
                shared = [
                    (weights[term], value)
                    for term, value in zip(point.bm25.indices.tolist(), point.bm25.values.tolist(), strict=True)
                    if term in weights
                ]
                if shared:
                    scored.append((sum(weight * value for weight, value in shared), point))
            return _best(scored, limit)

    def revisions(self) -> dict[tuple[str, str], int]:
        """Count points by (article id, revision)."""
        with self._open():
            return dict(Counter((point.article_id, point.revision) for point in self._points.values()))

    def count(self) -> int:
        """Count all points."""
        with self._open():
            return len(self._points)

    def points(self) -> list[Point]:
        """Read every point, as it was given, in the order of their ids."""
        with self._open():
            return [self._points[key] for key in sorted(self._points)]

    def read(self, ids: Sequence[str]) -> dict[str, Point]:
        """Read points by id; those that are not there are left out."""
        with self._open():
            return {key: self._points[key] for key in ids if key in self._points}

    def flush(self) -> None:
        """Nothing to do: there is no disk."""
        with self._open():
            return

    def optimize(self, should_stop: Callable[[], bool] = bool) -> None:  # noqa: ARG002 - the port's
        """Nothing to do: every search is a full scan."""
        with self._open():
            return

    def close(self) -> None:
        """Forget everything; later calls raise `StoreError`."""
        with self._lock:
            self._closed = True
            self._points = {}

    def _open(self) -> threading.RLock:
        if self._closed:
            raise StoreError("The vector store is closed: expected an open one. Open it again before using it.")
        return self._lock

    def _visible(self, audience: Iterable[str], only: Collection[str] | None, barred: Collection[str]) -> list[Point]:
        groups = set(audience)
        wanted = None if only is None else set(only)
        return [
            point
            for point in self._points.values()
            if groups & set(point.audience)
            and (wanted is None or point.id in wanted)
            and point.article_id not in barred
        ]


def _best(scored: list[tuple[float, Point]], limit: int) -> list[Hit]:
    scored.sort(key=lambda pair: (-pair[0], pair[1].id))
    return [
        Hit(point.article_id, point.revision, point.ordinal, point.start, point.end, point.section, score)
        for score, point in scored[:limit]
    ]
