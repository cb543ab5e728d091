"""A source enters; what changed in it is published, what vanished is removed, and a report of each article leaves."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ulid import ULID

from index.background import record_off_topic
from index.catalog import Catalog, Standing
from index.journal import Journal, recorded
from index.models import ArticleReport, RunReport, RunState, SyncOutcome
from index.pairs import pairs_in
from index.ports import Embedder, VectorStore
from index.publish import OnStep, Prepared, Publisher
from index.relations import relate
from index.run import CHUNKS_PER_BATCH, Run
from index.space import require_space
from ingest.attachments import inherit
from ingest.errors import ParseError, SourceError
from ingest.metadata import narrower, read_metadata
from ingest.models import Article, ArticleMetadata, Chunk, RawDocument, Rejected, Unchanged
from ingest.ports import OnTotal, Source, ignore_total

INTERRUPTED = "Interrupted: what was in hand is indexed, nothing was removed. Run it again to go on."

UNSETTLED = ""
"""The fingerprint of an article whose points may be ahead of the catalog; equal to no document's."""


def _silent(_news: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How one run is to behave.

    Attributes:
        allow_mass_delete: Remove vanished articles however many they are.
        should_stop: Asked between articles; once true, the articles in hand are finished and the run ends.
        on_step: Told each step just taken.
        on_total: Told how many articles the source is going to list, where it knows.
        run_id: What to call the run; a new ULID where it is left out.
        clock: Seconds that only grow; tests pass their own.
    """

    allow_mass_delete: bool = False
    should_stop: Callable[[], bool] = bool
    on_step: OnStep = _silent
    on_total: OnTotal = ignore_total
    run_id: str | None = None
    clock: Callable[[], float] = time.monotonic


class Syncer:
    """Brings the index up to a source. One at a time per index: whoever runs it holds the home's lock."""

    def __init__(  # noqa: PLR0913 - three parts of the index and four of the ingest room
        self,
        catalog: Catalog,
        store: VectorStore,
        embedder: Embedder,
        *,
        read: Callable[[RawDocument], Article],
        fingerprint: Callable[[RawDocument], str],
        chunk: Callable[[Article], tuple[Chunk, ...]],
        fingerprint_etag: Callable[[str], str] = str,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._embedder = embedder
        self._read = read
        self._fingerprint = fingerprint
        self._fingerprint_etag = fingerprint_etag
        self._chunk = chunk

    def run(
        self,
        source: Source,
        on_article: Callable[[ArticleReport], None] | None = None,
        options: RunOptions | None = None,
    ) -> RunReport:
        """Sync one source.

        Args:
            source: The source.
            on_article: Told of each article as soon as its outcome is known.
            options: How to behave.

        Returns:
            What was done; it is in the catalog too, from the run's begin on. A source that fails half way gives a
            report with `error` set and nothing removed.

        Raises:
            EmbeddingMismatchError: The index was built with another model.
            StoreError: The vector store failed.
            CatalogError: The catalog failed.
        """
        options = options or RunOptions()
        with recorded(self._catalog.run_log, options.run_id or str(ULID()), source.key) as journal:
            return self._run(source, on_article or _silent, options, journal)

    def _run(
        self, source: Source, on_article: Callable[[ArticleReport], None], options: RunOptions, journal: Journal
    ) -> RunReport:
        self._catalog.record_embedding(self._embedder.spec)
        record_off_topic(self._catalog.vectors(self._catalog.generations.live().number), self._embedder)
        publisher = Publisher(self._catalog, self._store, self._embedder, options.on_step)
        require_space(self._catalog.path.parent)
        self._store.prepare()
        restored = self.sweep(options)
        run = Run(source.key, self._catalog.standings(), publisher, on_article, journal, options.clock)
        error = self._scan(source, run, options)
        run.warn(relate(self._catalog, publisher, source.key, run.absent))
        if error is None:
            error = run.remove_gone(allow_mass_delete=options.allow_mass_delete)
        if run.touched or restored:
            self._store.flush()
            options.on_step("run_flushed")
        # Also where nothing was touched: the last run may have been stopped before it.
        self._store.optimize(options.should_stop)
        options.on_step("optimized")
        run.add_pairs(pairs_in(self._catalog, run.changed) if run.changed else ())
        journal.chunks_embedded += restored
        state: RunState = "done" if error is None else "interrupted" if error == INTERRUPTED else "failed"
        journal.write(state, error)
        return RunReport(
            run_id=journal.run_id,
            source=source.key,
            started_at=journal.started_at,
            finished_at=datetime.now(UTC),
            articles=tuple(run.lines),
            chunks_embedded=journal.chunks_embedded,
            error=error,
            state=state,
            articles_total=journal.articles_total,
        )

    def mend(self) -> None:
        """Make the vector store hold what the catalog lists, and durable; nothing is asked of any source."""
        self._store.prepare()
        self.sweep()
        self._store.flush()

    def sweep(self, options: RunOptions | None = None) -> int:
        """Make the vector store hold exactly the live revisions: orphans are deleted, losses are embedded again.

        Args:
            options: How to behave; a sweep that is stopped is finished by the next one.

        Returns:
            How many chunks were embedded again.
        """
        options = options or RunOptions()
        stored = self._store.revisions()
        standings = self._catalog.standings()
        live = {(article_id, standing.revision) for article_id, standing in standings.items()}
        for article_id, revision in sorted(stored.keys() - live):
            self._store.delete_revision(article_id, revision)
            options.on_step("orphan_deleted")
        lost = [key for key, one in sorted(standings.items()) if stored.get((key, one.revision)) != one.chunks]
        publisher = Publisher(self._catalog, self._store, self._embedder, options.on_step)
        embedded = 0
        batch: list[tuple[Article, tuple[Chunk, ...]]] = []
        for position, article_id in enumerate(lost, start=1):
            article = self._catalog.stored(article_id)
            if article is not None:
                batch.append((article, self._chunk(article)))
            waiting = sum(len(chunks) for _, chunks in batch)
            if waiting >= CHUNKS_PER_BATCH or position == len(lost):
                publisher.restore(batch)
                embedded += waiting
                batch = []
                if options.should_stop():
                    break
        return embedded

    def _scan(self, source: Source, run: Run, options: RunOptions) -> str | None:
        try:
            for item in source.scan(run.is_current(self._fingerprint_etag), run.expect(options.on_total)):
                if options.should_stop():
                    run.publish_pending()
                    return INTERRUPTED
                self._take(item, run)
                run.publish_due()
        except SourceError as error:
            run.publish_pending()
            return str(error)
        run.publish_pending()
        return None

    def _take(self, item: RawDocument | Unchanged | Rejected, run: Run) -> None:
        if not run.admit(item):
            return
        match item:
            case Unchanged():
                run.note(item.article_id, "unchanged")
            case Rejected():
                if item.outcome == "failed":
                    run.unread.add(item.article_id)
                else:
                    # Its status is not known, so what is attached to it leads to no action.
                    run.absent[item.article_id] = ArticleMetadata(status="draft", audience=item.audience or ())
                self._narrow(item.article_id, item.audience, run)
                run.note(item.article_id, item.outcome, item.reason + run.kept(item.article_id))
            case RawDocument():
                self._take_document(item, run)

    def _narrow(self, article_id: str, readers: tuple[str, ...] | None, run: Run) -> None:
        """Keep what stays indexed of a document that could not be had from those who may no longer read it."""
        article = None if readers is None else self._catalog.stored(article_id)
        if article is None or readers is None:
            return
        audience = narrower(article.metadata.audience, readers)
        if audience != article.metadata.audience:
            # What an attachment states itself is narrowed too, for its page's readers are joined with that.
            stated = article.stated and replace(article.stated, audience=narrower(article.stated.audience, readers))
            narrowed = replace(article, metadata=replace(article.metadata, audience=audience), stated=stated)
            # Unsettled, for its other facts are still to come.
            run.publisher.update_metadata(narrowed, UNSETTLED, access_changed=True)

    def _take_document(self, item: RawDocument, run: Run) -> None:
        standing = run.standings.get(item.article_id)
        fingerprint = self._fingerprint(item)
        if standing is not None and standing.fingerprint == fingerprint:
            run.note(item.article_id, "unchanged")
            return
        try:
            article = self._read(item)
        except ParseError as error:
            stated = read_metadata(item.fields).metadata
            run.absent[item.article_id] = stated
            self._narrow(item.article_id, stated.audience if item.fields else None, run)
            run.note(item.article_id, "failed", str(error) + run.kept(item.article_id))
            return
        page_id = article.metadata.attached_to
        if page_id in run.unread and page_id not in run.standings:
            # Who may read the page may be said on the page itself.
            reason = f"its page {page_id!r} could not be read, so nobody knows for whom it is"
            run.note(item.article_id, "failed", reason + run.kept(item.article_id))
            return
        article = self._with_page(article, run)
        if standing is not None and standing.revision == article.revision:
            self._update_metadata(article, fingerprint, standing, run)
            return
        chunks = self._chunk(article)
        if not chunks:
            # A page that was blanked keeps its last text until someone looks: it may as well be the parser's fault.
            outcome: SyncOutcome = "failed" if standing else "skipped"
            run.absent[item.article_id] = article.metadata
            self._narrow(item.article_id, article.metadata.audience, run)
            run.note(item.article_id, outcome, "It holds no text to index." + run.kept(item.article_id))
            return
        run.add(Prepared(article, chunks, fingerprint, standing.revision if standing else None))

    def _with_page(self, article: Article, run: Run) -> Article:
        """Join what an attachment states with what its page does, so that it is never open to more readers."""
        page_id = article.metadata.attached_to
        if page_id is None:
            return article
        waiting = (one.article.metadata for one in run.pending if one.article.article_id == page_id)
        known = self._catalog.stored(page_id)
        # A page that is no article, such as one that holds nothing but the file, still says who may read it.
        absent = run.absent.get(page_id, ArticleMetadata(audience=()))
        page = next(waiting, known.metadata if known else absent)
        return replace(article, metadata=inherit(article.metadata, page), stated=article.metadata)

    def _update_metadata(self, article: Article, fingerprint: str, standing: Standing, run: Run) -> None:
        known = self._catalog.article(article.article_id)
        now = article.metadata
        access_changed = (
            known is None
            or standing.fingerprint == UNSETTLED
            or (known.metadata.audience, known.metadata.labels) != (now.audience, now.labels)
        )
        quarantine = run.publisher.update_metadata(article, fingerprint, access_changed=access_changed)
        run.note_article(article, "metadata_only", quarantine)
