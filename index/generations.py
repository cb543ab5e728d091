"""Which index is live, and how far the one built beside it is, enter and leave: one commit makes the other live.

A generation is a whole set of vectors: one folder of the home or one collection of a server, by one model. Everything
else of the catalog is the same for all of them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from index import codec
from index.models import EmbeddingSpec
from index.portraits import Portrait
from index.rows import next_sequence
from index.tables import articles, built, errors_mapped, generations, writing
from index.vectors import erase_generation, write_portrait

FIRST = 1
"""The number of a new index's generation."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of vectors.

    Attributes:
        number: Counts from 1; names its folder or collection.
        embedding: The model they are made by; `None` before an index's first run.
    """

    number: int
    embedding: EmbeddingSpec | None


@dataclass(frozen=True, slots=True)
class Built:
    """What a generation holds of one article, or has to hold.

    Attributes:
        revision: The article's revision.
        changed: The catalog's change sequence when it last changed in any way.
        chunks: How many points there are of it.
    """

    revision: str
    changed: int
    chunks: int


class Generations:
    """The generations of one index. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def live(self) -> Generation:
        """Return the generation that answers."""
        with self._reading() as connection:
            return _live(connection)

    def unfinished(self) -> Generation | None:
        """Return the generation that is being built, or was when its process ended; `None` where there is none."""
        with self._reading() as connection:
            return _in_state(connection, "building")

    def record_first(self, spec: EmbeddingSpec) -> EmbeddingSpec:
        """Record the model of a new index.

        Args:
            spec: The model about to be used.

        Returns:
            The model of the live generation: this one, or that of an index that has one already.
        """
        with self._writing() as connection:
            live = _in_state(connection, "live")
            if live is not None and live.embedding is not None:
                return live.embedding
            _insert(connection, FIRST, spec, "live")
        return spec

    def begin(self, spec: EmbeddingSpec) -> Generation:
        """Begin to build a generation, or go on with the one of the same model that was not finished.

        Args:
            spec: Its model.

        Returns:
            The generation; an unfinished one of another model is given up.
        """
        with self._writing() as connection:
            unfinished = _in_state(connection, "building")
            if unfinished is not None and unfinished.embedding == spec:
                return unfinished
            if unfinished is not None:
                connection.execute(delete(built).where(built.c.number == unfinished.number))
                erase_generation(connection, unfinished.number)
                _set_state(connection, unfinished.number, "retired")
            number = (connection.scalar(select(func.max(generations.c.number))) or FIRST) + 1
            _insert(connection, number, spec, "building")
        return Generation(number, spec)

    def wanted(self) -> dict[str, Built]:
        """Return what a generation has to hold: every live article, by id; `chunks` as the live one has them."""
        columns = [articles.c[name] for name in ("article_id", "live_revision", "changed", "chunks")]
        with self._reading() as connection:
            rows = connection.execute(select(*columns).where(articles.c.live_revision.is_not(None))).all()
        return {row[0]: Built(*row[1:]) for row in rows}

    def built(self, number: int) -> dict[str, Built]:
        """Return what a generation that is being built holds, by article id."""
        columns = [built.c[name] for name in ("article_id", "revision", "changed", "chunks")]
        with self._reading() as connection:
            rows = connection.execute(select(*columns).where(built.c.number == number)).all()
        return {row[0]: Built(*row[1:]) for row in rows}

    def record(self, number: int, done: Mapping[str, Built], portraits: Mapping[str, Portrait] | None = None) -> None:
        """Record what has become durable of a generation.

        Args:
            number: The generation.
            done: By article id.
            portraits: Their vectors, by article id; those that it has already may be left out.
        """
        with self._writing() as connection:
            for article_id, one in done.items():
                row = {"revision": one.revision, "changed": one.changed, "chunks": one.chunks}
                connection.execute(
                    upsert(built)
                    .values(number=number, article_id=article_id, **row)
                    .on_conflict_do_update(index_elements=[built.c.number, built.c.article_id], set_=row)
                )
            for article_id, portrait in (portraits or {}).items():
                write_portrait(connection, number, article_id, done[article_id].revision, portrait)

    def make_live(self, number: int) -> bool:
        """Make a generation the live one in one transaction, if it holds every article as it is at that moment.

        Args:
            number: The generation that has been built.

        Returns:
            `False` where something changed meanwhile; then nothing is done.
        """
        with self._writing() as connection:
            is_live = articles.c.live_revision.is_not(None)
            same = exists().where(
                built.c.number == number,
                built.c.article_id == articles.c.article_id,
                built.c.revision == articles.c.live_revision,
                built.c.changed == articles.c.changed,
            )
            if connection.scalar(select(articles.c.article_id).where(is_live, ~same).limit(1)) is not None:
                return False
            chunks = (
                select(built.c.chunks)
                .where(built.c.number == number, built.c.article_id == articles.c.article_id)
                .scalar_subquery()
            )
            connection.execute(update(articles).where(is_live).values(chunks=chunks))
            before = _in_state(connection, "live")
            if before is not None:
                _set_state(connection, before.number, "retired")
            _set_state(connection, number, "live")
            connection.execute(delete(built).where(built.c.number == number))
            next_sequence(connection)
        return True

    def retired(self, for_s: float = 0.0) -> list[Generation]:
        """List the generations whose vectors may be deleted.

        Args:
            for_s: Those alone that have not been live for so many seconds: another process may still read them.
        """
        latest = codec.time_to_text(datetime.now(UTC) - timedelta(seconds=for_s))
        query = select(generations).where(generations.c.state == "retired", generations.c.since <= latest)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(generations.c.number)).mappings().all()
        return [Generation(row["number"], codec.spec_from_json(row["embedding"])) for row in rows]

    def forget(self, number: int) -> None:
        """Strike a retired generation, whose vectors are gone, off the list."""
        chosen = (generations.c.number == number, generations.c.state == "retired")
        with self._writing() as connection:
            if connection.execute(delete(generations).where(*chosen)).rowcount:
                erase_generation(connection, number)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with errors_mapped(self._path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with errors_mapped(self._path), writing(self._engine) as connection:
            yield connection


def live_number(connection: Connection) -> int:
    """Read which generation is live, within the caller's transaction."""
    return _live(connection).number


def _live(connection: Connection) -> Generation:
    return _in_state(connection, "live") or Generation(FIRST, None)


def _in_state(connection: Connection, state: str) -> Generation | None:
    row = connection.execute(select(generations).where(generations.c.state == state)).mappings().one_or_none()
    return None if row is None else Generation(row["number"], codec.spec_from_json(row["embedding"]))


def _set_state(connection: Connection, number: int, state: str) -> None:
    now = codec.time_to_text(datetime.now(UTC))
    connection.execute(update(generations).where(generations.c.number == number).values(state=state, since=now))


def _insert(connection: Connection, number: int, spec: EmbeddingSpec, state: str) -> None:
    now = codec.time_to_text(datetime.now(UTC))
    row = {"number": number, "embedding": codec.spec_to_json(spec), "state": state, "since": now}
    connection.execute(insert(generations).values(row))
