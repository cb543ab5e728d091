"""What one run meets enters, its report leaves: what is queued, published or gone, and what is said of each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from index.catalog import Standing
from index.journal import Journal
from index.models import ArticleReport, SyncOutcome
from index.pairs import Pair
from index.publish import Prepared, Publisher
from ingest.models import Article, ArticleMetadata, RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent, OnTotal

CHUNKS_PER_BATCH = 64
"""Enough to keep the model busy over short articles; a run that is stopped loses at most this much embedding."""

MAX_WAIT_S = 0.5
"""How long a ready article waits for a batch to fill: one edited page must not wait for the whole listing."""

MASS_DELETE_SHARE = 0.20
MASS_DELETE_COUNT = 20
"""A run that would remove more than both of these is more often a broken listing than a clean-up."""


@dataclass
class Run:
    """What one run has met so far."""

    source: str
    standings: dict[str, Standing]
    publisher: Publisher
    on_article: Callable[[ArticleReport], None]
    journal: Journal
    clock: Callable[[], float]
    lines: list[ArticleReport] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    pending: list[Prepared] = field(default_factory=list)
    pending_since: float = 0.0
    unread: set[str | None] = field(default_factory=set)
    absent: dict[str, ArticleMetadata] = field(default_factory=dict)
    touched: bool = False

    def is_current(self, fingerprint_etag: Callable[[str], str]) -> IsCurrent:
        """Make the question whether the index holds an article as its source has it."""

        def ask(article_id: str, etag: str) -> bool:
            standing = self.standings.get(article_id)
            return (
                standing is not None
                and standing.source == self.source
                and standing.fingerprint == fingerprint_etag(etag)
            )

        return ask

    def expect(self, on_total: OnTotal) -> OnTotal:
        """Make what takes the number of articles to come."""

        def take(total: int) -> None:
            self.journal.articles_total = total
            on_total(total)

        return take

    def admit(self, item: RawDocument | Unchanged | Rejected) -> bool:
        """Note that a document was listed; `False` where it must be left alone, which is reported."""
        article_id = item.article_id
        if article_id in self.places:
            twice = f"The source lists {article_id!r} twice; the first is used. Give one of them another name."
            self.append(ArticleReport(article_id, "failed", item.reason if isinstance(item, Rejected) else twice))
            return False
        # Holds its place in the report until its outcome is known.
        self.places[article_id] = len(self.lines)
        self.lines.append(ArticleReport(article_id, "skipped", "not reached"))
        owner = self.standings.get(article_id)
        if owner is not None and owner.source != self.source:
            self.note(
                article_id,
                "failed",
                f"The article id {article_id!r} belongs to the source {owner.source!r} already. Rename one of the two. "
                "If that source has moved or is no more, put an empty folder in its place, run `runcite ingest "
                "--allow-mass-delete` on it, and then this again.",
            )
            return False
        return True

    def kept(self, article_id: str) -> str:
        """Say that an article which could not be brought up to date is still there."""
        return "; what was indexed of it before is kept" if article_id in self.standings else ""

    def note(self, article_id: str, outcome: SyncOutcome, reason: str = "", warnings: tuple[str, ...] = ()) -> None:
        """Report an article's outcome."""
        report = ArticleReport(article_id, outcome, reason, warnings)
        self.lines[self.places[article_id]] = report
        self._tell(report)

    def warn(self, warnings: Mapping[str, str]) -> None:
        """Add a warning to the line of each article that this run brought up to date."""
        for article_id, warning in warnings.items():
            if article_id in self.changed:
                self._amend(article_id, warning)

    def note_article(self, article: Article, outcome: SyncOutcome, quarantine: tuple[str, ...]) -> None:
        """Report an article that was brought up to date, with what is wrong with it."""
        reason = f"nobody can find it until it is released: {'; '.join(quarantine)}" if quarantine else ""
        found = tuple(str(one) for one in article.findings if one.severity == "warning")
        self.changed.add(article.article_id)
        self.note(article.article_id, "quarantined" if quarantine else outcome, reason, article.warnings + found)

    def add_pairs(self, pairs: Iterable[Pair]) -> None:
        """Add to the lines of this run's articles which others they are like; known only once all are in."""
        for pair in pairs:
            for article_id in sorted(self.changed & {pair.first, pair.second}):
                self._amend(article_id, pair.said_of(article_id))

    def append(self, report: ArticleReport) -> None:
        """Report an outcome in a line of its own."""
        self.lines.append(report)
        self._tell(report)

    def _amend(self, article_id: str, warning: str) -> None:
        place = self.places[article_id]
        line = self.lines[place]
        self.lines[place] = replace(line, warnings=(*line.warnings, warning))
        self.journal.amend(self.lines[place])

    def _tell(self, report: ArticleReport) -> None:
        self.journal.note(report)
        self.on_article(report)

    def add(self, prepared: Prepared) -> None:
        """Queue an article; the queue is published when it fills a batch."""
        if not self.pending:
            self.pending_since = self.clock()
        self.pending.append(prepared)
        if sum(len(waiting.chunks) for waiting in self.pending) >= CHUNKS_PER_BATCH:
            self.publish_pending()

    def publish_due(self) -> None:
        """Publish what has waited long enough."""
        if self.pending and self.clock() - self.pending_since >= MAX_WAIT_S:
            self.publish_pending()

    def publish_pending(self) -> None:
        """Publish what is queued."""
        batch, self.pending = self.pending, []
        if not batch:
            return
        published = self.publisher.publish(batch)
        self.touched = True
        for prepared in batch:
            article = prepared.article
            if article.article_id in published.failed:
                self.note(article.article_id, "failed", published.failed[article.article_id])
                continue
            self.journal.chunks_embedded += len(prepared.chunks)
            outcome: SyncOutcome = "indexed" if prepared.replaces is None else "updated"
            self.note_article(article, outcome, published.quarantined[article.article_id])
        self.journal.write()

    def remove_gone(self, *, allow_mass_delete: bool) -> str | None:
        """Remove the source's articles that it no longer lists; the reason where that was refused."""
        own = {key: standing for key, standing in self.standings.items() if standing.source == self.source}
        gone = sorted(own.keys() - self.places.keys() - self._unlisted(own))
        if not gone:
            return None
        if not self.lines and not allow_mass_delete:
            return (
                f"The source {self.source!r} listed nothing, expected some of its {len(own)} articles: nothing was "
                "removed. Check its address and rights; if it is really empty, run again with --allow-mass-delete."
            )
        if not allow_mass_delete and len(gone) > MASS_DELETE_COUNT and len(gone) > MASS_DELETE_SHARE * len(own):
            return (
                f"The source {self.source!r} no longer lists {len(gone)} of its {len(own)} articles: nothing was "
                "removed. If they are really gone, run again with --allow-mass-delete."
            )
        for article_id in gone:
            self.publisher.remove(article_id, own[article_id].revision)
            self.touched = True
            self.append(ArticleReport(article_id, "deleted"))
        return None

    def _unlisted(self, ids: Iterable[str]) -> set[str]:
        """Return the articles below what could not be listed: nobody can say that they have vanished."""
        failed = tuple(
            line.article_id for line in self.lines if line.outcome == "failed" and line.article_id.endswith("/")
        )
        return {article_id for article_id in ids if article_id.startswith(failed)} if failed else set()
