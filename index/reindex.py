"""A catalog and another model enter; a generation by that model, built from the catalog's texts and made live, leaves.

Nothing is asked of any source, and the live generation is not touched. What has been built is recorded batch by batch,
so that a build that is stopped or killed is gone on with; what changed since is caught up with before the new
generation becomes the live one, in one commit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ulid import ULID

from index.background import record_off_topic
from index.catalog import Catalog
from index.errors import EmbeddingError, StoreError
from index.generations import Built, Generation
from index.journal import Journal, recorded
from index.models import ArticleReport, RunReport, SyncOutcome
from index.ports import Embedder, VectorStore
from index.publish import Publisher
from index.run import CHUNKS_PER_BATCH
from index.sync import RunOptions
from ingest.models import Article, Chunk

PREFIX = "reindex:"
"""Of the key that re-indexing has in the list of runs, where a run of ingest has its source's."""

INTERRUPTED = "Interrupted: what was built is kept, and the live index is as it was. Run it again to go on."

ROUNDS = 5
"""How often what changed during the build is caught up with. Each round is shorter than the one before."""

_ARTICLES_PER_WRITE = 200


class Reindexer:
    """Builds one generation. Whoever runs it holds the home's lock, so that no ingest runs meanwhile."""

    def __init__(
        self,
        catalog: Catalog,
        store: VectorStore,
        embedder: Embedder,
        generation: Generation,
        chunk: Callable[[Article], tuple[Chunk, ...]],
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._embedder = embedder
        self._number = generation.number
        self._chunk = chunk

    def run(self, on_article: Callable[[ArticleReport], None], options: RunOptions) -> RunReport:
        """Build the generation, or go on building it, and make it live.

        Args:
            on_article: Told of each article as soon as the generation holds it.
            options: How to behave; `allow_mass_delete` means nothing here.

        Returns:
            What was done, as the catalog remembers it: `unchanged` were the articles that had been built before.

        Raises:
            EmbeddingError: The model failed; what was built until then is kept.
            StoreError: The disk is nearly full, or the vector store failed.
            CatalogError: The catalog failed.
        """
        lines: list[ArticleReport] = []
        key = PREFIX + self._embedder.spec.model
        with recorded(self._catalog.run_log, options.run_id or str(ULID()), key) as journal:

            def met(article_id: str, outcome: SyncOutcome) -> None:
                lines.append(ArticleReport(article_id, outcome))
                journal.note(lines[-1])
                on_article(lines[-1])

            done = self._build(journal, met, options)
            error = None if done else INTERRUPTED
            journal.write("done" if done else "interrupted", error)
        return RunReport(
            run_id=journal.run_id,
            source=key,
            started_at=journal.started_at,
            finished_at=datetime.now(UTC),
            articles=tuple(lines),
            chunks_embedded=journal.chunks_embedded,
            error=error,
            state="done" if done else "interrupted",
            articles_total=journal.articles_total,
        )

    def _build(self, journal: Journal, met: Callable[[str, SyncOutcome], None], options: RunOptions) -> bool:
        """Build until nothing is missing and the generation is live; `False` where it was stopped before."""
        self._store.prepare()
        record_off_topic(self._catalog.vectors(self._number), self._embedder)
        known: set[str] = set()
        for _ in range(ROUNDS):
            wanted = self._catalog.generations.wanted()
            journal.articles_total = len(wanted)
            options.on_total(len(wanted))
            missing = self._catch_up(wanted, options)
            for article_id in sorted(wanted.keys() - known - set(missing)):
                met(article_id, "unchanged")
            known |= wanted.keys() - set(missing)
            for batch in self._batches(missing):
                if options.should_stop():
                    return False
                journal.chunks_embedded += self._put(batch, wanted, options)
                for article, _ in batch:
                    if article.article_id not in known:
                        met(article.article_id, "indexed")
                    known.add(article.article_id)
            if options.should_stop():
                return False
            self._store.optimize(options.should_stop)
            options.on_step("optimized")
            if self._catalog.generations.make_live(self._number):
                options.on_step("made_live")
                return True
        raise StoreError(
            f"The articles changed in each of {ROUNDS} attempts to make the new index live; expected a moment's quiet. "
            "The live index is as it was; run it again to go on."
        )

    def _catch_up(self, wanted: dict[str, Built], options: RunOptions) -> list[str]:
        """Delete what is not wanted (any more), bring access rights in line; list the articles to embed."""
        stored = self._store.revisions()
        built = self._catalog.generations.built(self._number)
        whole = {key: one for key, one in built.items() if stored.get((key, one.revision), 0) == one.chunks}
        for article_id, revision in sorted(stored):
            mine, want = whole.get(article_id), wanted.get(article_id)
            if mine is None or want is None or not mine.revision == want.revision == revision:
                self._store.delete_revision(article_id, revision)
                options.on_step("orphan_deleted")
        kept = {key for key, one in whole.items() if key in wanted and wanted[key].revision == one.revision}
        changed = sorted(key for key in kept if whole[key].changed != wanted[key].changed)
        for start in range(0, len(changed), _ARTICLES_PER_WRITE):
            done = {
                key: replace(whole[key], changed=wanted[key].changed)
                for key in changed[start : start + _ARTICLES_PER_WRITE]
            }
            for article_id, article in self._catalog.live(done).items():
                self._store.set_access(article_id, article.metadata.audience, article.metadata.labels)
            self._store.flush()
            options.on_step("access_set")
            self._catalog.generations.record(self._number, done)
        return sorted(wanted.keys() - kept)

    def _batches(self, missing: Sequence[str]) -> Iterator[list[tuple[Article, tuple[Chunk, ...]]]]:
        batch: list[tuple[Article, tuple[Chunk, ...]]] = []
        for article_id in missing:
            article = self._catalog.stored(article_id)
            if article is not None:
                batch.append((article, self._chunk(article)))
            if sum(len(chunks) for _, chunks in batch) >= CHUNKS_PER_BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _put(
        self, batch: Sequence[tuple[Article, tuple[Chunk, ...]]], wanted: dict[str, Built], options: RunOptions
    ) -> int:
        publisher = Publisher(self._catalog, self._store, self._embedder, options.on_step)
        try:
            portraits = publisher.put(batch)
        except EmbeddingError as error:
            ids = ", ".join(repr(article.article_id) for article, _ in batch[:3])
            raise EmbeddingError(
                f"{error} The new index was to embed {len(batch)} articles, such as {ids}. What was built is kept, and "
                "the live index is as it was; run it again to go on."
            ) from error
        done = {
            # An article that has moved on is caught up with in the next round: `changed` is from before it was read.
            article.article_id: Built(article.revision, wanted[article.article_id].changed, len(chunks))
            for article, chunks in batch
        }
        self._catalog.generations.record(self._number, done, portraits)
        options.on_step("recorded")
        return sum(len(chunks) for _, chunks in batch)
