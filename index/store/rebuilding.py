"""How to open a store and how to put a damaged one aside enter, a store that outlives both leaves."""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence

from index.errors import DiskFullError, EmbeddingMismatchError, StoreError, StoreHeldError
from index.models import FloatVector, Hit, Point, SparseVector
from index.ports import VectorStore


class RebuildingStore:
    """A `VectorStore` that may be damaged when it is opened: every call tries again, and `prepare` makes a new one.

    So a home with damaged vectors can still be opened, say what is wrong with it, and be mended while it is open.
    """

    def __init__(self, open_store: Callable[[], VectorStore], put_aside: Callable[[], None]) -> None:
        self._open_store = open_store
        self._put_aside = put_aside
        self._store: VectorStore | None = None
        self._closed = False
        self._opening = threading.RLock()

    def prepare(self) -> None:
        """Open the store; where it is damaged put it aside and make a new, empty one."""
        with self._opening:
            try:
                self._current().prepare()
            except (StoreHeldError, EmbeddingMismatchError, DiskFullError):
                raise
            except StoreError:
                if self._closed:
                    raise
                self._release()
                self._put_aside()
                self._current().prepare()

    def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points by id."""
        self._current().upsert(points)

    def delete_revision(self, article_id: str, revision: str) -> None:
        """Delete every point of one article at one revision."""
        self._current().delete_revision(article_id, revision)

    def set_access(self, article_id: str, audience: Sequence[str], labels: Sequence[str]) -> None:
        """Replace audience and labels on every point of an article, vectors untouched."""
        self._current().set_access(article_id, audience, labels)

    def search_dense(
        self,
        vector: FloatVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points nearest by cosine whose audience meets `audience`, best first."""
        return self._current().search_dense(vector, limit, audience, only, barred)

    def search_bm25(
        self,
        vector: SparseVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points best by dot product whose audience meets `audience`, best first."""
        return self._current().search_bm25(vector, limit, audience, only, barred)

    def revisions(self) -> dict[tuple[str, str], int]:
        """Count points by (article id, revision)."""
        return self._current().revisions()

    def count(self) -> int:
        """Count all points."""
        return self._current().count()

    def points(self) -> Iterable[Point]:
        """Read every point, vectors included, in the order of their ids."""
        return self._current().points()

    def read(self, ids: Sequence[str]) -> dict[str, Point]:
        """Read points by id, vectors included; those that are not there are left out."""
        return self._current().read(ids)

    def flush(self) -> None:
        """Make every earlier write durable before returning."""
        self._current().flush()

    def optimize(self, should_stop: Callable[[], bool] = bool) -> None:
        """Rearrange what is stored so that queries are fast."""
        self._current().optimize(should_stop)

    def close(self) -> None:
        """Release the store; later calls raise `StoreError`."""
        with self._opening:
            self._closed = True
            self._release()

    def _current(self) -> VectorStore:
        with self._opening:
            if self._closed:
                raise StoreError("The vector store is closed: expected an open one. Open it again.")
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def _release(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
