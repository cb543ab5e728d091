"""The name of a model enters; an index by it, built beside the live one and made live, leaves."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

from agent.ledger import Ledger
from api.settings import Settings, revealed
from api.stores import Stores
from index.catalog import Catalog
from index.embed.cache import CACHE_NAME, CachedEmbedder, VectorCache
from index.embed.choose import AUTO, choose_embedder
from index.embed.endpoint import Endpoint
from index.errors import EmbeddingMismatchError
from index.models import ArticleReport, RunReport
from index.neighbours import embed
from index.ports import Embedder
from index.reindex import Reindexer
from index.sync import RunOptions
from ingest.chunk import Chunker
from ingest.models import Article, Chunk


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Builds another generation of a home's index, and makes it live. For the holder of the home's lock.

    Attributes:
        settings: Which home.
        catalog: Its catalog.
        stores: Its vectors.
        ledger: Its audit log, which is told of each run that is over.
    """

    settings: Settings
    catalog: Catalog
    stores: Stores
    ledger: Ledger

    def rebuild(
        self, embedding: str | None, on_article: Callable[[ArticleReport], None], options: RunOptions
    ) -> RunReport:
        """Build an index from the texts that the catalog holds.

        Args:
            embedding: The model, as `--embedding` names it; that of the live index where it is left out.
            on_article: Told of each article as soon as it is built.
            options: How to behave.

        Returns:
            What was done.

        Raises:
            EmbeddingError: The model is unknown, or cannot be had or loaded, or failed.
            StoreError: There is no room, or the vector store failed.
            CatalogError: The catalog failed.
        """
        with ExitStack() as opened:
            model = self._model(embedding or self.settings.embedding)
            generation = self.catalog.generations.begin(model.spec)
            options.on_step("begun")
            self.stores.tidy()
            self.stores.require_room()
            vectors = VectorCache.open(self.settings.home / CACHE_NAME, model.spec)
            opened.callback(vectors.close)
            embedder = CachedEmbedder(model, vectors)
            # Their vectors go live with the others: no ticket waits for them then.
            embed(self.catalog.past_tickets.all()[1], embedder)
            options.on_step("past_tickets_embedded")
            store = self.stores.open(generation.number, model.spec.dimension, serves=False)
            opened.callback(store.close)
            reindexer = Reindexer(self.catalog, store, embedder, generation, chunking(embedder))
            report = reindexer.run(on_article, options)
        if report.state == "done":
            self.stores.settle(generation)
            options.on_step("settled")
        self.ledger.note_run(report)
        return report

    def _model(self, name: str) -> Embedder:
        recorded = self.catalog.embedding()
        endpoint = endpoint_of(self.settings)
        if name == AUTO and recorded is not None:
            try:
                model, why = choose_embedder(AUTO, recorded, self.settings.home, endpoint=endpoint)
            except EmbeddingMismatchError:
                # Its weights have changed, or this machine computes otherwise: a reason to build the index anew.
                model, why = choose_embedder(recorded.model, None, self.settings.home, endpoint=endpoint)
        else:
            model, why = choose_embedder(name, None, self.settings.home, endpoint=endpoint)
        self.stores.notice(why)
        return model


def endpoint_of(settings: Settings) -> Endpoint | None:
    """Tell where embeddings are fetched from; `None` where they are computed here."""
    url = settings.embedding_url
    return None if url is None else Endpoint(url, revealed(settings.embedding_key))


def chunking(embedder: Embedder) -> Callable[[Article], tuple[Chunk, ...]]:
    """Make what cuts articles to a model's measure; the model is asked at the first article, not before."""
    spec = embedder.spec

    @cache
    def chunker() -> Chunker:
        return Chunker(spec.max_tokens - embedder.count_tokens(spec.passage_prefix), embedder.count_tokens)

    return lambda article: chunker().chunk(article)
