"""A store, its catalog and its model enter; whether the index can answer, and if not why and what to do, leaves.

The answer is kept by a thread that looks every few seconds, so that no ticket waits for a server that does not answer:
the first to meet a failure reports it, the others are told at once, and the thread notices when it has passed.
"""

import threading

import numpy as np

from index.catalog import Catalog
from index.errors import EmbeddingError, IndexingError, StoreError
from index.generations import FIRST
from index.models import Retrieval
from index.ports import Embedder, VectorStore
from index.retrieve import Retriever
from ingest.models import EVERYONE

WELL_INTERVAL_S = 5.0
ILL_INTERVAL_S = 1.0
ATTEMPTS = 3
"""How often the counts are compared again because an article was published or removed meanwhile."""


class Health:
    """Whether an index is whole, its model there and its store answering. Safe to ask from several threads."""

    def __init__(self, store: VectorStore, catalog: Catalog, embedder: Embedder, generation: int = FIRST) -> None:
        self._store = store
        self._generation = generation
        self._catalog = catalog
        self._embedder = embedder
        dimension = embedder.spec.dimension
        self._probe = np.full(dimension, dimension**-0.5, dtype=np.float32)
        self._fault: str | None = None
        self._looking = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="runcite-health", daemon=True)

    @property
    def fault(self) -> str | None:
        """What keeps the index from answering, and the remedy; `None` where nothing does."""
        return self._fault

    def start(self) -> None:
        """Look, then go on looking in the background."""
        self.look()
        if self._fault is not None:
            # The first call of a process also makes the connection, which may take all the time that a call has.
            self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the background thread."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Look now whether the index can answer."""
        with self._looking:
            try:
                self._fault = self._missing() or self._search()
            except IndexingError as error:
                self._fault = str(error)

    def report(self, fault: str) -> None:
        """Take note that the index has just failed; holds until the thread has looked again."""
        self._fault = fault
        self._wake.set()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            # A report shortens the long wait to the short one, and never ends a short one: the store is left in peace.
            if self._fault is None:
                self._wake.wait(WELL_INTERVAL_S)
                self._wake.clear()
            if self._fault is not None:
                self._stopping.wait(ILL_INTERVAL_S)
            if not self._stopping.is_set():
                self.look()

    def _missing(self) -> str | None:
        """Compare what the store holds with what the catalog says it holds."""
        for _ in range(ATTEMPTS):
            if self._catalog.generations.live().number != self._generation:
                # Replaced, and soon closed: the catalog counts the chunks of its successor.
                return None
            revision = self._catalog.index_revision()
            expected = self._catalog.chunk_count()
            stored = self._store.count() if expected else 0
            if stored >= expected:
                return None
            if self._catalog.index_revision() == revision:
                break
        return (
            f"The vector store holds {stored} of the {expected} chunks that the catalog lists: the others are lost, or "
            "not yet loaded. Run `runcite ingest SOURCE` with any source of this index: what is missing is made again "
            "from the catalog."
        )

    def _search(self) -> str | None:
        """Search once: a store may well count points that it cannot read, and a model may be missing."""
        if self._catalog.chunk_count():
            self._embedder.count_tokens("ready")
            self._store.search_dense(self._probe, 1, [EVERYONE])
        return None


class WatchedSearcher:
    """Retrieves while the index is well, and says at once why not where it is not."""

    def __init__(self, retriever: Retriever, health: Health) -> None:
        self._retriever = retriever
        self._health = health

    def retrieve(self, query: str, *, audience: frozenset[str], limit: int = 8) -> Retrieval:
        """Find the articles that may answer a query; see `Retriever.retrieve`.

        Raises:
            StoreError: The index cannot answer.
            EmbeddingError: Its model cannot be had.
        """
        if self._health.fault is not None:
            raise StoreError(self._health.fault)
        try:
            return self._retriever.retrieve(query, audience=audience, limit=limit)
        except (StoreError, EmbeddingError) as error:
            self._health.report(str(error))
            raise
