"""Articles cut into chunks enter and become visible, in an order that a kill at any point does not break."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from index.catalog import Catalog, Publication
from index.errors import EmbeddingError
from index.models import IndexedArticle, Point, point_id
from index.portraits import Portrait
from index.ports import Embedder, VectorStore
from index.space import require_space
from index.store.bm25 import TermEncoder
from ingest.models import Article, ArticleMetadata, Chunk

OnStep = Callable[[str], None]
"""Told the name of each step just taken; tests kill the process there."""


_Embedded = tuple[Article, tuple[Chunk, ...], Portrait]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article ready to be embedded.

    Attributes:
        article: The article.
        chunks: Its chunks, at least one.
        fingerprint: Digest of its raw document.
        replaces: The revision that is live until now.
    """

    article: Article
    chunks: tuple[Chunk, ...]
    fingerprint: str
    replaces: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a batch.

    Attributes:
        failed: What went wrong, by article id.
        quarantined: Why an article may not be found, by id; empty reasons where it may.
    """

    failed: dict[str, str] = field(default_factory=dict)
    quarantined: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Publisher:
    """Makes articles visible: points, `flush`, catalog, and only then are the old points deleted."""

    def __init__(self, catalog: Catalog, store: VectorStore, embedder: Embedder, on_step: OnStep) -> None:
        self._catalog = catalog
        self._store = store
        self._embedder = embedder
        self._terms = TermEncoder()
        self._on_step = on_step

    def publish(self, batch: Sequence[Prepared]) -> Published:
        """Embed and publish several articles together, which costs one pass of the model and one `flush`.

        Args:
            batch: The articles.

        Returns:
            What went wrong, and what is quarantined.

        Raises:
            StoreError: The disk is nearly full, or the vector store failed.
            CatalogError: The catalog failed.
        """
        done = Published()
        try:
            embedded = self._embed([(prepared.article, prepared.chunks) for prepared in batch])
        except EmbeddingError as error:
            if len(batch) == 1:
                return Published(failed={batch[0].article.article_id: str(error)})
            for prepared in batch:
                one = self.publish([prepared])
                done.failed.update(one.failed)
                done.quarantined.update(one.quarantined)
            return done
        self._on_step("embedded")
        require_space(self._catalog.path.parent)
        self._store.upsert(self._points(embedded))
        self._on_step("upserted")
        self._store.flush()
        self._on_step("flushed")
        for prepared, (article, _, portrait) in zip(batch, embedded, strict=True):
            done.quarantined[article.article_id] = self._catalog.publish(self._publication(prepared, portrait))
            self._on_step("published")
        for prepared in batch:
            if prepared.replaces is not None:
                self._store.delete_revision(prepared.article.article_id, prepared.replaces)
                self._on_step("old_deleted")
        return done

    def restore(self, batch: Sequence[tuple[Article, tuple[Chunk, ...]]]) -> None:
        """Make the points of live articles again, after the vector store lost some.

        Args:
            batch: Articles as the catalog has them, with their chunks.

        Raises:
            EmbeddingError: The model failed on them.
            StoreError: The disk is nearly full, or the vector store failed.
        """
        embedded = self._embed(batch)
        require_space(self._catalog.path.parent)
        for article, _ in batch:
            self._store.delete_revision(article.article_id, article.revision)
        self._store.upsert(self._points(embedded))
        self._store.flush()
        self._on_step("restored")
        for article, _, portrait in embedded:
            self._catalog.restore(article, portrait)

    def put(self, batch: Sequence[tuple[Article, tuple[Chunk, ...]]]) -> dict[str, Portrait]:
        """Make the points of articles durable in a store that nobody reads yet; the catalog is not told.

        Args:
            batch: Articles as the catalog has them, with their chunks.

        Returns:
            Their vectors, by article id.

        Raises:
            EmbeddingError: The model failed on them.
            StoreError: The disk is nearly full, or the vector store failed.
        """
        embedded = self._embed(batch)
        self._on_step("embedded")
        require_space(self._catalog.path.parent)
        self._store.upsert(self._points(embedded))
        self._on_step("upserted")
        self._store.flush()
        self._on_step("flushed")
        return {article.article_id: portrait for article, _, portrait in embedded}

    def update_metadata(self, article: Article, fingerprint: str, *, access_changed: bool) -> tuple[str, ...]:
        """Publish what changed besides the text; nothing is embedded.

        Args:
            article: The article, at its live revision.
            fingerprint: Digest of its raw document.
            access_changed: Whether the points' audience or labels may differ from the article's.

        Returns:
            Why it is quarantined; empty where it may be found.
        """
        if access_changed:
            self._set_access(article.article_id, article.metadata)
        quarantine = self._catalog.update_metadata(article, fingerprint)
        self._on_step("metadata_updated")
        return quarantine

    def relate(self, article: IndexedArticle, metadata: ArticleMetadata, fingerprint: str) -> None:
        """Publish what follows for an article from another one, such as an attachment's audience from its page's.

        Args:
            article: The article as the catalog has it.
            metadata: What holds for it now.
            fingerprint: The digest of its raw document, which stays.
        """
        known = article.metadata
        if (known.audience, known.labels) != (metadata.audience, metadata.labels):
            self._set_access(article.article_id, metadata)
        self._catalog.set_metadata(article, metadata, fingerprint)
        self._on_step("metadata_updated")

    def remove(self, article_id: str, revision: str) -> None:
        """Take an article out: unretrievable at the catalog's commit, its points deleted after it."""
        self._catalog.remove(article_id)
        self._on_step("removed")
        self._store.delete_revision(article_id, revision)
        self._on_step("points_deleted")

    def _set_access(self, article_id: str, metadata: ArticleMetadata) -> None:
        # Should the process die before the catalog follows, the next run must look at this article again, even if its
        # source has gone back to what the catalog knows.
        self._catalog.unsettle(article_id)
        self._on_step("unsettled")
        self._store.set_access(article_id, metadata.audience, metadata.labels)
        self._on_step("access_set")
        self._store.flush()
        self._on_step("access_flushed")

    def _publication(self, prepared: Prepared, portrait: Portrait) -> Publication:
        article = prepared.article
        head = _head(article)
        return Publication(
            article=article,
            fingerprint=prepared.fingerprint,
            terms=self._terms.terms(f"{head}\n{article.text}"),
            title_terms=self._terms.terms(head),
            portrait=portrait,
        )

    def _embed(self, batch: Sequence[tuple[Article, tuple[Chunk, ...]]]) -> list[_Embedded]:
        """Embed titles and chunks of several articles in one pass of the model."""
        titles = [_titles(article) for article, _ in batch]
        texts = [text for own in titles for text in own]
        texts += [chunk.embed_text for _, chunks in batch for chunk in chunks]
        rows = iter(self._embedder.embed_passages(texts))
        title_rows = [np.stack([next(rows) for _ in own]) for own in titles]
        return [
            (article, chunks, Portrait.of(own, np.stack([next(rows) for _ in chunks])))
            for own, (article, chunks) in zip(title_rows, batch, strict=True)
        ]

    def _points(self, embedded: Sequence[_Embedded]) -> list[Point]:
        return [
            Point(
                id=point_id(article.article_id, article.revision, chunk.ordinal),
                article_id=article.article_id,
                revision=article.revision,
                ordinal=chunk.ordinal,
                start=chunk.start,
                end=chunk.end,
                section=chunk.section,
                audience=article.metadata.audience,
                labels=article.metadata.labels,
                source=article.source,
                dense=vector,
                bm25=self._terms.document(chunk.embed_text),
            )
            for article, chunks, portrait in embedded
            for chunk, vector in zip(chunks, portrait.chunks, strict=True)
        ]


def _titles(article: Article) -> list[str]:
    title = article.title or article.article_id
    return [title, _head(article)] if article.metadata.symptoms else [title]


def _head(article: Article) -> str:
    return "\n".join((article.title, *article.metadata.symptoms))
