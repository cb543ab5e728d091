"""A ticket's vector enters, the past tickets nearest to it leave: exact, and the same every time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.models import FloatMatrix, FloatVector, Neighbour, PastTicket
from index.past_tickets import PastTickets
from index.ports import Embedder

NEAREST = 7
"""How many past tickets are asked where a ticket belongs."""

_TEXTS_PER_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Edition:
    """One edition of the past tickets and their vectors, `(n_tickets, dim) float32`, unit rows."""

    number: int
    tickets: tuple[PastTicket, ...]
    vectors: FloatMatrix


class Neighbours:
    """Finds past tickets like a ticket. Safe to use from several threads.

    What is imported or removed, by any process, counts from the next ticket on.
    """

    def __init__(self, past: PastTickets, embedder: Embedder) -> None:
        """Connect the parts; nothing is embedded yet.

        Args:
            past: The past tickets.
            embedder: The model that the index's queries are embedded by. Each text is embedded once where it caches.
        """
        self._past = past
        self._embedder = embedder
        self._lock = threading.Lock()
        self._held: _Edition | None = None

    def nearest(self, vector: FloatVector) -> tuple[Neighbour, ...]:
        """Return the past tickets nearest to a ticket, nearest first.

        Args:
            vector: The ticket, embedded as a query: `(dim,) float32`, unit length.

        Returns:
            At most `NEAREST`; of equally near ones those with the lowest ids.

        Raises:
            CatalogError: The past tickets cannot be read.
            EmbeddingError: The model failed over those not embedded before.
        """
        held = self._current()
        if not held.tickets:
            return ()
        similarities = held.vectors @ vector
        last = max(0, len(similarities) - NEAREST)
        # Those as near as the last one are all looked at: which of them counts is for their ids to say.
        near = np.flatnonzero(similarities >= np.partition(similarities, last)[last])
        nearest = near[np.argsort(-similarities[near], kind="stable")][:NEAREST]
        return tuple(Neighbour(held.tickets[at], float(similarities[at])) for at in nearest)

    def _current(self) -> _Edition:
        """Return the edition in force; one that is new is embedded first."""
        held = self._held
        if held is not None and held.number == self._past.edition():
            return held
        with self._lock:
            held = self._held
            if held is None or held.number != self._past.edition():
                number, tickets = self._past.all()
                held = _Edition(number, tickets, embed(tickets, self._embedder))
                self._held = held
            return held


def embed(tickets: Sequence[PastTicket], embedder: Embedder) -> FloatMatrix:
    """Embed past tickets: `(n_tickets, dim) float32`, unit rows."""
    vectors = np.zeros((len(tickets), embedder.spec.dimension), dtype=np.float32)
    for start in range(0, len(tickets), _TEXTS_PER_BATCH):
        part = tickets[start : start + _TEXTS_PER_BATCH]
        vectors[start : start + len(part)] = embedder.embed_passages([one.text for one in part])
    return vectors
