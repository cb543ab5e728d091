"""The catalog's tables and how its SQLite file is opened: a path enters, a checked engine leaves."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError

from index.errors import CatalogError, CatalogVersionError

SCHEMA_VERSION = 6

BUSY_TIMEOUT_MS = 10_000
"""Writes are short transactions; whoever waits longer than this waits for something that hangs."""

ASK_EVERY_S = 0.001

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# The index as embedded by one model, and at most one other that is being built beside it; those that were replaced stay
# listed until their vectors are deleted.
generations = Table(
    "generations",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("embedding", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("since", String, nullable=False),
)
Index("generations_live", generations.c.state, unique=True, sqlite_where=generations.c.state == "live")

# What a generation that is being built holds already, durably.
built = Table(
    "built",
    metadata,
    Column("number", Integer, ForeignKey("generations.number", ondelete="CASCADE"), primary_key=True),
    Column("article_id", String, primary_key=True),
    Column("revision", String, nullable=False),
    Column("chunks", Integer, nullable=False),
    # The article's `changed` that its points are in line with: who may read it changes without its text.
    Column("changed", Integer, nullable=False),
)

# A removed article keeps its row with no live revision: readers that follow `changed` see that it went.
articles = Table(
    "articles",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("version", Text),
    Column("live_revision", String),
    Column("metadata", Text, nullable=False),
    # Of an attachment, what it states itself; `metadata` is then that joined with its page's.
    Column("stated", Text),
    Column("fingerprint", String, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("findings", Text, nullable=False),
    # Why the live revision is quarantined; NULL where it is not.
    Column("quarantine", Text),
    Column("chunks", Integer, nullable=False),
    Column("indexed_at", String, nullable=False),
    Column("changed", Integer, nullable=False),
    Index("articles_by_change", "changed"),
    Index("articles_by_source", "source"),
)
Index("articles_quarantined", articles.c.article_id, sqlite_where=articles.c.quarantine.is_not(None))

revisions = Table(
    "revisions",
    metadata,
    Column("article_id", String, ForeignKey("articles.article_id"), primary_key=True),
    Column("revision", String, primary_key=True),
    Column("version", Text),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("blocks", Text, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("title_terms", LargeBinary, nullable=False),
    # Follows the article's while the revision is live, and stays when it is not.
    Column("audience", Text, nullable=False),
    # As `audience`: a revision that was superseded while in quarantine stays there.
    Column("quarantined", Boolean, nullable=False),
    Column("published_at", String, nullable=False),
)

# The vectors that are compared with a query beside those of the vector store, of each generation its own. In the live
# one, of the live revision alone: written with it in one transaction, so that neither is ever seen without the other.
portraits = Table(
    "portraits",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("article_id", String, ForeignKey("articles.article_id"), primary_key=True),
    Column("revision", String, nullable=False),
    Column("titles", Integer, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("vectors", LargeBinary, nullable=False),
)

off_topic = Table(
    "off_topic",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("vectors", LargeBinary, nullable=False),
)

# What people have said of articles, oldest first; the last word on an article counts. Nothing is ever deleted.
verdicts = Table(
    "verdicts",
    metadata,
    Column("verdict_id", Integer, primary_key=True),
    Column("article_id", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("given_at", String, nullable=False),
    Column("revision", String, nullable=False),
    # Marks of the findings that a release covers.
    Column("marks", Text, nullable=False),
    Index("verdicts_by_article", "article_id"),
)

# Tickets that people have labelled. What they are by an embedding model is not kept with them.
past_tickets = Table(
    "past_tickets",
    metadata,
    Column("example_id", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("category", String),
    Column("classification", String),
    Column("priority", String),
    Column("team", String),
    Column("tags", Text, nullable=False),
    Column("imported_at", String, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String),
    Column("articles_total", Integer),
    Column("outcomes", Text, nullable=False),
    Column("chunks_embedded", Integer, nullable=False),
    Column("error", Text),
    Index("runs_by_source", "source", "run_id"),
)

run_articles = Table(
    "run_articles",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("article_id", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("warnings", Text, nullable=False),
)


def open_engine(path: Path, initial_settings: dict[str, str], busy_timeout_ms: int) -> Engine:
    """Open a catalog file, or make one.

    Args:
        path: The SQLite file.
        initial_settings: Settings of a new catalog.
        busy_timeout_ms: How long to wait for another writer.

    Returns:
        An engine whose connections write durably and wait for each other.

    Raises:
        CatalogError: The file is damaged, not a catalog, or of another schema version. It is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Many request threads read at once; the default pool of 5 would make them queue.
    engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=64)
    event.listen(engine, "connect", partial(_configure, busy_timeout_ms))
    event.listen(engine, "begin", partial(_begin, busy_timeout_ms))
    try:
        with errors_mapped(path):
            _prepare(engine, path, initial_settings)
    except CatalogError:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine, hurry_ms: int | None = None) -> Iterator[Connection]:
    """Open one write transaction, committed at the end, rolled back on any error.

    Args:
        engine: The catalog's engine.
        hurry_ms: Wait for other writers no longer than this, and so that none of them starves this one; where it is
            left out, as long and as patiently as the engine does.

    Yields:
        A connection that holds the write lock from the start, so that it cannot fail half way for a reader's sake.
    """
    options = {"runcite_write": True, "runcite_hurry_ms": hurry_ms}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def errors_mapped(path: Path) -> Iterator[None]:
    """Turn database errors into `CatalogError` with a remedy.

    Args:
        path: The SQLite file, for the message.

    Yields:
        Nothing.
    """
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig)
        if isinstance(error, OperationalError) and "locked" in reason:
            remedy = "Another process is writing to it; try again when it has finished."
        elif isinstance(error, OperationalError) and ("full" in reason or "readonly" in reason or "unable" in reason):
            remedy = "Check free space and permissions; nothing was changed."
        else:
            remedy = "Restore it from a backup, or move it away and run `runcite ingest SOURCE` to build a new one."
        raise CatalogError(
            f"The catalog {str(path)!r} failed: {reason}. Expected a readable SQLite file. {remedy}"
        ) from error


def _configure(busy_timeout_ms: int, connection: sqlite3.Connection, _record: object) -> None:
    # Transactions are begun by `_begin`: pysqlite's own rules begin too late, and never for reads.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What is erased is overwritten, not only unlinked.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin(busy_timeout_ms: int, connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("runcite_write", False):
        connection.exec_driver_sql("BEGIN")  # a reader waits for nobody
        return
    hurry_ms: int | None = options.get("runcite_hurry_ms")
    if hurry_ms is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        if not _begun_within(hurry_ms, driver):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")


def _begun_within(hurry_ms: int, driver: sqlite3.Connection) -> bool:
    """Ask for the write lock every millisecond.

    SQLite itself asks every tenth of a second and so misses the moments between the transactions of a writer who holds
    it nearly all the time: beside one of 5 ms transactions, one after the other, a quarter of all waits of 2 s were in
    vain; asking like this, 1 of 481.
    """
    give_up_at = time.monotonic() + hurry_ms / 1000
    while time.monotonic() < give_up_at:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            time.sleep(ASK_EVERY_S)
        else:
            return True
    return False


def _prepare(engine: Engine, path: Path, initial_settings: dict[str, str]) -> None:
    with writing(engine) as connection:
        names = set(inspect(connection).get_table_names())
        if not names:
            metadata.create_all(connection)
            rows: list[dict[str, Any]] = [
                {"key": key, "value": value}
                for key, value in {"schema_version": str(SCHEMA_VERSION), **initial_settings}.items()
            ]
            connection.execute(insert(settings), rows)
            return
        _check(connection, path, names)


def _check(connection: Connection, path: Path, names: set[str]) -> None:
    version = None
    if "settings" in names:
        version = connection.scalar(select(settings.c.value).where(settings.c.key == "schema_version"))
    if version != str(SCHEMA_VERSION):
        raise CatalogVersionError(
            f"The catalog {str(path)!r} has schema version {version!r}, expected {SCHEMA_VERSION}. Use the Runcite "
            "that wrote it, or move it away and run `runcite ingest SOURCE` to build a new one."
        )
    missing = set(metadata.tables) - names
    verdict = "ok" if missing else _quick_check(connection)
    if missing or verdict != "ok":
        found = f"tables missing: {sorted(missing)!r}" if missing else f"quick_check says {verdict!r}"
        raise CatalogError(
            f"The catalog {str(path)!r} is damaged: {found}. Expected a whole SQLite file. Restore it from a backup, "
            "or move it away and run `runcite ingest SOURCE` to build a new one."
        )


def _quick_check(connection: Connection) -> str:
    """Read every page of the catalog's own tables; what else is in the file may be large, and not needed here."""
    for name in metadata.tables:
        verdict = str(connection.scalar(text(f"PRAGMA quick_check('{name}')")))
        if verdict != "ok":
            return verdict
    return "ok"
