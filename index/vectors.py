"""The vectors that the catalog keeps of each generation: of articles and off-topic tickets; written, and read again."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from index import codec
from index.kept import Key
from index.models import FloatMatrix
from index.portraits import Portrait
from index.tables import errors_mapped, off_topic, portraits, writing

_IDS_PER_QUERY = 500
"""Well under SQLite's limit on variables in one statement."""


class VectorRows:
    """The vectors of one generation. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, path: Path, number: int) -> None:
        self._engine = engine
        self._path = path
        self._number = number

    def portraits(self, wanted: Iterable[Key]) -> dict[Key, Portrait]:
        """Return the portraits of some revisions; what is not there, or not any more, is left out."""
        revision_of = dict(wanted)
        ids = sorted(revision_of)
        found: dict[Key, Portrait] = {}
        with errors_mapped(self._path), self._engine.connect() as connection, connection.begin():
            for start in range(0, len(ids), _IDS_PER_QUERY):
                some = portraits.c.article_id.in_(ids[start : start + _IDS_PER_QUERY])
                query = select(portraits).where(portraits.c.number == self._number, some)
                for row in connection.execute(query).mappings():
                    if row["revision"] == revision_of[row["article_id"]]:
                        portrait = codec.portrait_from_bytes(row["vectors"], row["dimension"], row["titles"])
                        found[row["article_id"], row["revision"]] = portrait
        return found

    def off_topic(self, digest: str) -> FloatMatrix | None:
        """Return the vectors of the off-topic tickets of this digest; `None` before they were recorded."""
        mine = (off_topic.c.number == self._number, off_topic.c.digest == digest)
        query = select(off_topic.c.vectors, off_topic.c.dimension).where(*mine)
        with errors_mapped(self._path), self._engine.connect() as connection, connection.begin():
            row = connection.execute(query).one_or_none()
        return None if row is None else codec.vectors_from_bytes(row[0], row[1])

    def record_off_topic(self, digest: str, vectors: FloatMatrix) -> None:
        """Record the vectors of the off-topic tickets, in place of any others."""
        row = {"digest": digest, "dimension": vectors.shape[1], "vectors": codec.vectors_to_bytes(vectors)}
        with errors_mapped(self._path), writing(self._engine) as connection:
            connection.execute(
                upsert(off_topic)
                .values(number=self._number, **row)
                .on_conflict_do_update(index_elements=[off_topic.c.number], set_=row)
            )


def write_portrait(connection: Connection, number: int, article_id: str, revision: str, portrait: Portrait) -> None:
    """Write an article's portrait for a generation in place of the one before, in the caller's transaction."""
    row = {
        "revision": revision,
        "titles": portrait.titles,
        "dimension": portrait.rows.shape[1],
        "vectors": codec.portrait_to_bytes(portrait),
    }
    connection.execute(
        upsert(portraits)
        .values(number=number, article_id=article_id, **row)
        .on_conflict_do_update(index_elements=[portraits.c.number, portraits.c.article_id], set_=row)
    )


def erase_portraits(connection: Connection, article_id: str) -> None:
    """Erase the portraits of an article that is no longer live, in the caller's transaction."""
    connection.execute(delete(portraits).where(portraits.c.article_id == article_id))


def erase_generation(connection: Connection, number: int) -> None:
    """Erase the vectors of a generation that nobody reads any more, in the caller's transaction."""
    connection.execute(delete(portraits).where(portraits.c.number == number))
    connection.execute(delete(off_topic).where(off_topic.c.number == number))
