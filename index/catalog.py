"""The system of record: articles, their revisions and the runs that brought them enter, and are found again by id."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import ColumnElement, Connection, Engine, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from ulid import ULID

from index import codec
from index.embed.identity import require_same
from index.generations import Generations, live_number
from index.kept import Key
from index.lexicon import Lexicon
from index.models import EmbeddingSpec, IndexedArticle, Revision
from index.past_tickets import PastTickets
from index.portraits import Portrait
from index.quarantine import Verdict, Witness, nobody, reasons_again, reasons_for, rule
from index.rows import (
    Publication,
    Standing,
    advance,
    article_row,
    live_articles,
    next_sequence,
    read_live,
    read_sequence,
    read_texts,
    revision_row,
    set_standing,
    to_article,
    to_revision,
)
from index.runs import RunLog
from index.tables import BUSY_TIMEOUT_MS, articles, errors_mapped, open_engine, revisions, settings, writing
from index.vectors import VectorRows, erase_portraits, write_portrait
from ingest.models import Article, ArticleMetadata, Finding

__all__ = ["Catalog", "Publication", "Standing"]


class Catalog:
    """Articles and their revisions in one SQLite file. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._lexicon = Lexicon()
        self._lexicon_lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Self:
        """Open the catalog in a file, or make a new one there.

        Args:
            path: The SQLite file.
            busy_timeout_ms: How long to wait for another writer.

        Returns:
            The catalog.

        Raises:
            CatalogError: The file is damaged or of another version; it is left as it was.
        """
        return cls(open_engine(path, {"index_id": str(ULID()), "sequence": "0"}, busy_timeout_ms), path)

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._path

    @property
    def engine(self) -> Engine:
        """The database, for what is kept beside the catalog in it."""
        return self._engine

    def embedding(self) -> EmbeddingSpec | None:
        """Return the model the index was built with; `None` before the first."""
        return self.generations.live().embedding

    def index_id(self) -> str:
        """Return the id this index got when it was made, and keeps."""
        with self._reading() as connection:
            return str(connection.scalars(select(settings.c.value).where(settings.c.key == "index_id")).one())

    def record_embedding(self, spec: EmbeddingSpec) -> None:
        """Record the model of a new index, or check that it is the one recorded.

        Args:
            spec: The model about to be used.

        Raises:
            EmbeddingMismatchError: The index was built with another.
        """
        require_same(self.generations.record_first(spec), spec, self._path.parent)

    def article(self, article_id: str) -> IndexedArticle | None:
        """Return one live article, `None` where there is none of that id."""
        return self.live([article_id]).get(article_id)

    def articles(self, source: str | None = None) -> list[IndexedArticle]:
        """List the live articles.

        Args:
            source: Only those of this source.

        Returns:
            Articles by id.
        """
        query = live_articles().order_by(articles.c.article_id)
        if source is not None:
            query = query.where(articles.c.source == source)
        with self._reading() as connection:
            return [to_article(row) for row in connection.execute(query).mappings()]

    def live(self, ids: Iterable[str]) -> dict[str, IndexedArticle]:
        """Return those of some articles that are live.

        Args:
            ids: Article ids.

        Returns:
            Articles by id; the others are left out.
        """
        with self._reading() as connection:
            return read_live(connection, ids)

    def revision(self, article_id: str, revision: str) -> Revision | None:
        """Return an article as it was at one revision, live or not; `None` where it never was."""
        query = select(revisions).where(revisions.c.article_id == article_id, revisions.c.revision == revision)
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else to_revision(row)

    def texts(self, wanted: Iterable[Key]) -> dict[Key, tuple[str, str]]:
        """Return title and text of some articles, each at a revision; unknown ones are left out."""
        with self._reading() as connection:
            rows = read_texts(connection, wanted)
        return {(row.article_id, row.revision): (row.title, row.text) for row in rows}

    def audience_of(self, article_id: str) -> tuple[str, ...] | None:
        """Return who may read an article, or could when it was removed; `None` where there never was one.

        A revision is for those who are in its own audience as well, see `Revision`.
        """
        query = select(articles.c.metadata).where(articles.c.article_id == article_id)
        with self._reading() as connection:
            value = connection.scalar(query)
        return None if value is None else codec.metadata_from_json(value).audience

    def stored(self, article_id: str) -> Article | None:
        """Rebuild a live article as it is indexed, so that it can be indexed again without the source."""
        article = self.article(article_id)
        revision = None if article is None else self.revision(article_id, article.revision)
        if article is None or revision is None:
            return None
        columns = [articles.c[name] for name in ("metadata", "warnings", "findings")]
        with self._reading() as connection:
            row = connection.execute(select(*columns).where(articles.c.article_id == article_id)).one()
        return Article(
            article_id=article_id,
            source=article.source,
            title=revision.title,
            text=revision.text,
            blocks=revision.blocks,
            # As its source has it: whether it is quarantined is found anew.
            metadata=codec.metadata_from_json(row[0]),
            revision=revision.revision,
            url=article.url,
            version=article.version,
            warnings=codec.strings_from_json(row[1]),
            findings=codec.findings_from_json(row[2]),
            stated=self._stated(articles.c.article_id == article_id).get(article_id),
        )

    def has_relations(self, source: str) -> bool:
        """Tell whether anything may follow for an article of a source from another one; a cheap look, for every run."""
        related = articles.c.stated.is_not(None) | articles.c.metadata.contains('"superseded_by":"')
        query = select(articles.c.article_id).where(articles.c.source == source, related).limit(1)
        with self._reading() as connection:
            return connection.scalar(query) is not None

    def metadata(self, source: str) -> dict[str, ArticleMetadata]:
        """Return what is known of each live article of a source, by id, with its status as the source has it."""
        query = select(articles.c.article_id, articles.c.metadata).where(articles.c.source == source)
        with self._reading() as connection:
            rows = connection.execute(query.where(articles.c.live_revision.is_not(None))).all()
        return {row[0]: codec.metadata_from_json(row[1]) for row in rows}

    def attachments(self, source: str) -> dict[str, ArticleMetadata]:
        """Return what each live attachment of a source states itself, by article id."""
        return self._stated(articles.c.source == source)

    def publish(self, publication: Publication) -> tuple[str, ...]:
        """Make an article's revision the live one, in one transaction.

        Args:
            publication: The article; its points must be durable in the vector store already.

        Returns:
            Why it is quarantined; empty where it may be found.
        """
        article = publication.article
        now = codec.time_to_text(datetime.now(UTC))
        with self._writing() as connection:
            quarantine = reasons_for(connection, article)
            row = {
                **article_row(article, quarantine),
                "source": article.source,
                "live_revision": article.revision,
                "fingerprint": publication.fingerprint,
                "chunks": len(publication.portrait.chunks),
                "indexed_at": now,
                "changed": next_sequence(connection),
            }
            connection.execute(
                upsert(articles)
                .values(article_id=article.article_id, **row)
                .on_conflict_do_update(index_elements=[articles.c.article_id], set_=row)
            )
            text = revision_row(publication, now, quarantined=bool(quarantine))
            standing = {key: text[key] for key in ("audience", "quarantined")}
            connection.execute(
                upsert(revisions)
                .values(text)
                .on_conflict_do_update(index_elements=[revisions.c.article_id, revisions.c.revision], set_=standing)
            )
            number = live_number(connection)
            write_portrait(connection, number, article.article_id, article.revision, publication.portrait)
        return quarantine

    def update_metadata(self, article: Article, fingerprint: str) -> tuple[str, ...]:
        """Record what changed besides the text; the live revision stays.

        Args:
            article: The article, at its live revision.
            fingerprint: Digest of its raw document.

        Returns:
            Why it is quarantined; empty where it may be found.
        """
        with self._writing() as connection:
            quarantine = reasons_for(connection, article)
            row = {**article_row(article, quarantine), "fingerprint": fingerprint, "changed": next_sequence(connection)}
            found = connection.execute(
                update(articles)
                .where(
                    articles.c.article_id == article.article_id,
                    articles.c.live_revision == article.revision,
                )
                .values(row)
            )
            if found.rowcount:
                set_standing(connection, article, article.metadata.audience, quarantined=bool(quarantine))
        return quarantine

    def rule(self, article_id: str, verdict: Verdict, reason: str, witness: Witness = nobody) -> tuple[str, ...] | None:
        """Release a live article from quarantine or put it there, from the commit on, and keep the reason.

        Args:
            article_id: The article.
            verdict: A release covers its present revision and what is known of it; a quarantine holds until released.
            reason: Why, in the words of the person who says so.
            witness: Called in the same transaction with the revision that this is said of.

        Returns:
            Why it is quarantined now; `None` where there is no such article.
        """
        with self._writing() as connection:
            return rule(connection, article_id, verdict, reason, witness)

    def quarantined(self) -> frozenset[str]:
        """Return the ids of the live articles that nobody may find."""
        query = select(articles.c.article_id).where(articles.c.quarantine.is_not(None))
        with self._reading() as connection:
            return frozenset(connection.scalars(query.where(articles.c.live_revision.is_not(None))))

    def findings(self) -> dict[str, tuple[Finding, ...]]:
        """Return what the checks found in the live articles, by id."""
        query = select(articles.c.article_id, articles.c.findings).where(articles.c.live_revision.is_not(None))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(articles.c.article_id)).all()
        return {row[0]: codec.findings_from_json(row[1]) for row in rows}

    def set_metadata(self, article: IndexedArticle, metadata: ArticleMetadata, fingerprint: str) -> None:
        """Record what follows for a live article from another one; what it states itself stays."""
        with self._writing() as connection:
            quarantine = reasons_again(connection, article.article_id, metadata.status)
            row = {
                "metadata": codec.metadata_to_json(metadata),
                "quarantine": codec.strings_to_json(quarantine) if quarantine else None,
                "fingerprint": fingerprint,
                "changed": next_sequence(connection),
            }
            connection.execute(update(articles).where(articles.c.article_id == article.article_id).values(row))
            set_standing(connection, article, metadata.audience, quarantined=bool(quarantine))

    def unsettle(self, article_id: str) -> None:
        """Forget an article's fingerprint, so that the next run reads it again whatever its source says."""
        with self._writing() as connection:
            connection.execute(update(articles).where(articles.c.article_id == article_id).values(fingerprint=""))

    def restore(self, article: Article, portrait: Portrait) -> None:
        """Record the vectors of a live article, after they were made again."""
        with self._writing() as connection:
            connection.execute(
                update(articles).where(articles.c.article_id == article.article_id).values(chunks=len(portrait.chunks))
            )
            write_portrait(connection, live_number(connection), article.article_id, article.revision, portrait)

    def remove(self, article_id: str) -> None:
        """Make an article unretrievable from the commit on; its revisions stay readable."""
        with self._writing() as connection:
            connection.execute(
                update(articles)
                .where(articles.c.article_id == article_id)
                .values(live_revision=None, changed=next_sequence(connection))
            )
            erase_portraits(connection, article_id)

    def standings(self) -> dict[str, Standing]:
        """Return where every live article stands, by id."""
        columns = [articles.c[name] for name in ("article_id", "source", "live_revision", "fingerprint", "chunks")]
        with self._reading() as connection:
            rows = connection.execute(select(*columns).where(articles.c.live_revision.is_not(None))).all()
        return {row[0]: Standing(*row[1:]) for row in rows}

    def chunk_count(self) -> int:
        """Count the points that the vector store must hold of the live articles."""
        query = select(func.coalesce(func.sum(articles.c.chunks), 0)).where(articles.c.live_revision.is_not(None))
        with self._reading() as connection:
            return int(connection.scalars(query).one())

    def index_revision(self) -> str:
        """Return a name for what the index holds now; any visible change makes another."""
        with self._reading() as connection:
            query = select(settings.c.key, settings.c.value).where(settings.c.key.in_(["index_id", "sequence"]))
            values = {row[0]: row[1] for row in connection.execute(query)}
        return f"{values['index_id']}-{values['sequence']}"

    def lexicon(self) -> Lexicon:
        """Return the document frequencies over the live articles, kept in memory until something changes.

        Returns:
            The lexicon; changes made by other processes are seen too.
        """
        with self._lexicon_lock:
            known = self._lexicon
            with self._reading() as connection:
                sequence = read_sequence(connection)
                if sequence != known.sequence:
                    self._lexicon = advance(connection, known, sequence)
            return self._lexicon

    def vectors(self, number: int) -> VectorRows:
        """The vectors it keeps beside the vector store's.

        Args:
            number: Of which generation.
        """
        return VectorRows(self._engine, self._path, number)

    @property
    def generations(self) -> Generations:
        """The index that is live, and those that were or will be."""
        return Generations(self._engine, self._path)

    @property
    def past_tickets(self) -> PastTickets:
        """Tickets of the past, with their labels."""
        return PastTickets(self._engine, self._path)

    @property
    def run_log(self) -> RunLog:
        """The runs that brought the articles."""
        return RunLog(self._engine, self._path)

    def _stated(self, chosen: ColumnElement[bool]) -> dict[str, ArticleMetadata]:
        columns = (articles.c.article_id, articles.c.stated)
        query = select(*columns).where(chosen, articles.c.stated.is_not(None), articles.c.live_revision.is_not(None))
        with self._reading() as connection:
            return {row[0]: codec.metadata_from_json(row[1]) for row in connection.execute(query)}

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with errors_mapped(self._path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with errors_mapped(self._path), writing(self._engine) as connection:
            yield connection
