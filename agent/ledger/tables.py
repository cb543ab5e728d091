"""The ledger's tables, which are in the catalog's database, and the triggers that keep their rows as they are.

Portable but for `APPEND_ONLY`, where another kind of database gets its own triggers.
"""

from collections.abc import Iterator

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    text,
)

from agent.errors import LedgerVersionError

SCHEMA_VERSION = 1

metadata = MetaData()

ledger_settings = Table(
    "ledger_settings",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# One row per decision. What lists filter by has a column, which is also in `decision` or `evidence`; both are digested.
decisions = Table(
    "decisions",
    metadata,
    # A ULID: its order is that of time.
    Column("decision_id", String, primary_key=True),
    Column("created_at", String, nullable=False),
    Column("ticket_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("outcome", String, nullable=False),
    # Why it was refused; NULL where it was not.
    Column("reason", String),
    Column("priority", String, nullable=False),
    Column("assigned_team", String, nullable=False),
    Column("category", String),
    Column("confidence", Float, nullable=False),
    Column("similarity", Float, nullable=False),
    Column("decider", String, nullable=False),
    Column("policy_hash", String, nullable=False),
    Column("index_revision", String, nullable=False),
    # Ids of all articles that were looked at.
    Column("considered", Text, nullable=False),
    # The decision without the ticket's words, and what it was made of.
    Column("decision", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    # SHA-256 over salt and words, which can be erased without it.
    Column("words_digest", String, nullable=False),
)
for _name in ("created_at", "ticket_id", "outcome", "reason", "assigned_team", "confidence", "policy_hash"):
    Index(f"decisions_by_{_name}", decisions.c[_name], decisions.c.decision_id)

# The articles a decision is about, at the revision that was looked at.
decision_articles = Table(
    "decision_articles",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.decision_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("article_id", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("use", String, nullable=False),
    Index("decision_articles_by_article", "article_id", "revision", "decision_id"),
)

decision_tags = Table(
    "decision_tags",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.decision_id"), primary_key=True),
    Column("tag", String, primary_key=True),
    Index("decision_tags_by_tag", "tag", "decision_id"),
)

# What people wrote, scrubbed; the one table of the ledger whose rows go.
words = Table(
    "decision_words",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.decision_id"), primary_key=True),
    Column("summary", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("salt", String, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("object", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
    Index("audit_log_by_object", "object", "kind"),
    Index("audit_log_by_kind", "kind", "seq"),
)

_KEPT = (audit_log, decisions, decision_articles, decision_tags)


def _sqlite_triggers() -> Iterator[tuple[str, str]]:
    """Yield name and statement of each trigger for SQLite."""
    for table in (*_KEPT, words):
        refused = ["UPDATE"] if table is words else ["UPDATE", "DELETE"]
        said = f"SELECT RAISE(ABORT, '{table.name} is append-only');"
        for verb in refused:
            name = f"{table.name}_no_{verb.lower()}"
            yield name, f"CREATE TRIGGER {name} BEFORE {verb} ON {table.name} BEGIN {said} END"
        # INSERT OR REPLACE deletes the row in its way, and fires no trigger for that.
        same = " AND ".join(f"{column.name} = NEW.{column.name}" for column in table.primary_key)
        name = f"{table.name}_no_replace"
        there = f"EXISTS (SELECT 1 FROM {table.name} WHERE {same})"  # noqa: S608 - names of this module
        yield name, f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} WHEN {there} BEGIN {said} END"


APPEND_ONLY = {"sqlite": dict(_sqlite_triggers())}
"""By dialect: the triggers that refuse to change or delete what is written, by name."""


def missing_tables(connection: Connection) -> set[str]:
    """Name the tables of the ledger that are not there: all of them where none was ever made."""
    return set(metadata.tables) - set(inspect(connection).get_table_names())


def require_version(connection: Connection) -> None:
    """Refuse tables of another version.

    Raises:
        LedgerVersionError: They are of another version of Runcite.
    """
    version = connection.scalar(select(ledger_settings.c.value).where(ledger_settings.c.key == "schema_version"))
    if version != str(SCHEMA_VERSION):
        raise LedgerVersionError(
            f"The ledger has schema version {version!r}, expected {SCHEMA_VERSION}. Use the Runcite that wrote it."
        )


def make_tables(connection: Connection) -> None:
    """Make the tables with their triggers.

    Args:
        connection: A write transaction.
    """
    metadata.create_all(connection)
    for statement in APPEND_ONLY[connection.dialect.name].values():
        connection.execute(text(statement))
    connection.execute(insert(ledger_settings).values(key="schema_version", value=str(SCHEMA_VERSION)))


def missing_triggers(connection: Connection) -> list[str]:
    """List the triggers of `APPEND_ONLY` that are not there, or not as they were made."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    there = {row[0]: row[1] for row in rows}
    return [name for name, made in APPEND_ONLY["sqlite"].items() if there.get(name) != made]
