"""A home enters; what it remembers of past tickets leaves, to be added to, listed and forgotten.

Needs no lock: it is done beside a running server, which takes notice with its next ticket.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

from api.bootstrap import CATALOG_NAME, require_catalog
from api.rebuild import endpoint_of
from api.schemas import ImportV1, PastTicketV1
from api.settings import Settings
from index.catalog import Catalog
from index.embed.cache import CACHE_NAME, CachedEmbedder, VectorCache
from index.embed.choose import AUTO, choose_embedder
from index.models import PastTicket
from index.neighbours import embed


@dataclass(frozen=True, slots=True)
class PastMemory:
    """The past tickets of one home."""

    settings: Settings
    catalog: Catalog

    def keep(self, tickets: Sequence[PastTicket]) -> ImportV1:
        """Keep tickets: all of them in one commit, or none.

        Args:
            tickets: With different ids; one that is known replaces the one it was.

        Returns:
            How many, and how many there are now.

        Raises:
            EmbeddingError: The index's model cannot be had, or failed.
            CatalogError: There would be too many, or the catalog failed.
        """
        # Before the commit, so that no ticket waits for it.
        self._embed(tickets)
        known = {one.example_id for one in self.catalog.past_tickets.all()[1]}
        total = self.catalog.past_tickets.put(tickets)
        return ImportV1(imported=len(tickets), replaced=sum(one.example_id in known for one in tickets), total=total)

    def listed(self, patterns: Sequence[str]) -> tuple[PastTicketV1, ...]:
        """List past tickets by id.

        Args:
            patterns: Ids or globs of them; none for all.
        """
        return tuple(
            PastTicketV1.model_validate(one)
            for one in self.catalog.past_tickets.all()[1]
            if not patterns or any(one.example_id == text or fnmatchcase(one.example_id, text) for text in patterns)
        )

    def remove(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Remove past tickets.

        Args:
            patterns: Ids or globs of them.

        Returns:
            The ids of those that there were.
        """
        return self.catalog.past_tickets.remove(patterns)

    def _embed(self, tickets: Sequence[PastTicket]) -> None:
        """Put the tickets' vectors into the home's cache; before the first article there is no model to do it by."""
        recorded = self.catalog.embedding()
        if recorded is None:
            return
        settings = self.settings
        with ExitStack() as opened:
            model, _ = choose_embedder(AUTO, recorded, settings.home, endpoint=endpoint_of(settings))
            vectors = VectorCache.open(settings.home / CACHE_NAME, model.spec)
            opened.callback(vectors.close)
            embed(tickets, CachedEmbedder(model, vectors))


@contextmanager
def open_memory(settings: Settings) -> Iterator[PastMemory]:
    """Open what a home remembers.

    Args:
        settings: Which home.

    Yields:
        Its past tickets.

    Raises:
        NothingToDoError: There is no index in the home.
        CatalogError: The catalog is damaged.
    """
    require_catalog(settings.home)
    catalog = Catalog.open(settings.home / CATALOG_NAME)
    try:
        yield PastMemory(settings, catalog)
    finally:
        catalog.close()
