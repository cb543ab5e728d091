"""Articles enter, rows of the catalog's tables leave; and back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Select, select, tuple_, update

from index import codec
from index.kept import Key
from index.lexicon import ArticleTerms, Lexicon
from index.models import IndexedArticle, Revision, TermIds
from index.portraits import Portrait
from index.tables import articles, revisions, settings
from ingest.models import Article

_IDS_PER_QUERY = 500
"""Well under SQLite's limit on variables in one statement."""

_ARTICLE_COLUMNS = [
    articles.c[name]
    for name in (
        "article_id",
        "source",
        "title",
        "url",
        "version",
        "live_revision",
        "metadata",
        "indexed_at",
        "quarantine",
    )
]
_LIVE = articles.c.live_revision.is_not(None)
_FINDABLE = _LIVE & articles.c.quarantine.is_(None)


@dataclass(frozen=True, slots=True)
class Publication:
    """An article on its way into the catalog.

    Attributes:
        article: The article.
        fingerprint: Digest of its raw document; equal means nothing to do next time.
        terms: BM25 term ids of title, symptoms and text.
        title_terms: Those of title and symptoms alone.
        portrait: Its vectors.
    """

    article: Article
    fingerprint: str
    terms: TermIds
    title_terms: TermIds
    portrait: Portrait


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a live article stands: what a sync compares with."""

    source: str
    revision: str
    fingerprint: str
    chunks: int


def live_articles() -> Select[Any]:
    """Select the live articles."""
    return select(*_ARTICLE_COLUMNS).where(_LIVE)


def read_live(connection: Connection, ids: Iterable[str]) -> dict[str, IndexedArticle]:
    """Read those of some articles that are live, by id."""
    wanted = sorted(set(ids))
    found: dict[str, IndexedArticle] = {}
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        query = live_articles().where(articles.c.article_id.in_(wanted[start : start + _IDS_PER_QUERY]))
        for row in connection.execute(query).mappings():
            found[row["article_id"]] = to_article(row)
    return found


def read_texts(connection: Connection, wanted: Iterable[Key]) -> list[Row[Any]]:
    """Read article id, revision, title and text of some articles, each at a revision."""
    keys = sorted(set(wanted))
    columns = [revisions.c[name] for name in ("article_id", "revision", "title", "text")]
    found: list[Row[Any]] = []
    for start in range(0, len(keys), _IDS_PER_QUERY // 2):
        some = tuple_(revisions.c.article_id, revisions.c.revision).in_(keys[start : start + _IDS_PER_QUERY // 2])
        found += connection.execute(select(*columns).where(some)).all()
    return found


def to_article(row: RowMapping) -> IndexedArticle:
    """Read a row of `live_articles`."""
    metadata = codec.metadata_from_json(row["metadata"])
    quarantine = () if row["quarantine"] is None else codec.strings_from_json(row["quarantine"])
    return IndexedArticle(
        article_id=row["article_id"],
        source=row["source"],
        title=row["title"],
        url=row["url"],
        version=row["version"],
        revision=row["live_revision"],
        metadata=replace(metadata, status="quarantined") if quarantine else metadata,
        indexed_at=codec.time_from_text(row["indexed_at"]),
        quarantine=quarantine,
    )


def to_revision(row: RowMapping) -> Revision:
    """Read a row of the revisions."""
    return Revision(
        article_id=row["article_id"],
        revision=row["revision"],
        version=row["version"],
        title=row["title"],
        text=row["text"],
        blocks=codec.blocks_from_json(row["blocks"]),
        audience=codec.strings_from_json(row["audience"]),
        published_at=codec.time_from_text(row["published_at"]),
        quarantined=row["quarantined"],
    )


def article_row(article: Article, quarantine: tuple[str, ...]) -> dict[str, Any]:
    """Make the part of an article's row that a metadata-only change may touch; with the reasons to quarantine it."""
    return {
        "title": article.title,
        "url": article.url,
        "version": article.version,
        "metadata": codec.metadata_to_json(article.metadata),
        "stated": None if article.stated is None else codec.metadata_to_json(article.stated),
        "warnings": codec.strings_to_json(article.warnings),
        "findings": codec.findings_to_json(article.findings),
        "quarantine": codec.strings_to_json(quarantine) if quarantine else None,
    }


def revision_row(publication: Publication, now: str, *, quarantined: bool) -> dict[str, Any]:
    """Make the row of a revision published at `now`."""
    article = publication.article
    return {
        "article_id": article.article_id,
        "revision": article.revision,
        "version": article.version,
        "title": article.title,
        "text": article.text,
        "blocks": codec.blocks_to_json(article.blocks),
        "terms": codec.terms_to_bytes(publication.terms),
        "title_terms": codec.terms_to_bytes(publication.title_terms),
        "audience": codec.strings_to_json(article.metadata.audience),
        "quarantined": quarantined,
        "published_at": now,
    }


def set_standing(
    connection: Connection, article: Article | IndexedArticle, audience: tuple[str, ...], *, quarantined: bool
) -> None:
    """Record on an article's live revision who may read it, and whether nobody may."""
    connection.execute(
        update(revisions)
        .where(revisions.c.article_id == article.article_id, revisions.c.revision == article.revision)
        .values(audience=codec.strings_to_json(audience), quarantined=quarantined)
    )


def read_sequence(connection: Connection) -> int:
    """Read the change sequence: it grows with every visible change."""
    return int(connection.scalars(select(settings.c.value).where(settings.c.key == "sequence")).one())


def next_sequence(connection: Connection) -> int:
    """Advance the change sequence, within the caller's write transaction."""
    following = read_sequence(connection) + 1
    connection.execute(update(settings).where(settings.c.key == "sequence").values(value=str(following)))
    return following


def advance(connection: Connection, lexicon: Lexicon, sequence: int) -> Lexicon:
    """Bring a lexicon up to a change sequence, reading only the articles changed since."""
    changed = articles.c.changed > lexicon.sequence
    gone = connection.scalars(select(articles.c.article_id).where(changed, ~_FINDABLE)).all()
    joined = articles.join(
        revisions,
        (articles.c.article_id == revisions.c.article_id) & (articles.c.live_revision == revisions.c.revision),
    )
    names = ("article_id", "revision", "terms", "title_terms", "audience")
    columns = [revisions.c[name] for name in names]
    now = [
        ArticleTerms(
            row[0],
            row[1],
            codec.terms_from_bytes(row[2]),
            codec.terms_from_bytes(row[3]),
            codec.strings_from_json(row[4]),
        )
        for row in connection.execute(select(*columns).select_from(joined).where(changed, _FINDABLE))
    ]
    return lexicon.changed(sequence, now, gone)
