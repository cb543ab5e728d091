"""Decisions enter, each in one transaction with its audit entry; lists of them and single ones, whole, leave."""

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, Select, delete, insert, select
from ulid import ULID

from agent.errors import AnchorError, LedgerError, LedgerGoneError
from agent.ledger import tables
from agent.ledger.anchor import ANCHOR_NAME, Anchor, Head
from agent.ledger.audit import Anchors, AuditReport, export_lines, verify_log
from agent.ledger.chain import GENESIS, Detail, canonical, link
from agent.ledger.codec import COLUMNS, Rows, decision_digest, time_to_text, to_line, to_recorded, to_rows
from agent.ledger.models import AuditEntry, AuditKind, DecisionQuery, Recorded, RecordedLine
from agent.ledger.query import select_decisions
from agent.ledger.tables import audit_log, decision_articles, decision_tags, decisions, words
from agent.models import Case
from agent.schema import Decision
from index.errors import CatalogError
from index.models import RunReport
from index.tables import errors_mapped, writing

SALT_BYTES = 16

WAIT_S = 2.0
"""How long a decision waits for other writers; a ticket is better handed over in time than decided late."""

ERASED_AT_A_TIME = 1_000

_ULID_TIME_CHARS = 10

_LOG = logging.getLogger("runcite.audit")

_BUSY = "Check what else writes to it, and its disk."


class Ledger:
    """The decisions of one home and its audit log. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, path: Path, actor: str) -> None:
        """Use a ledger that is there; see `open`."""
        self._engine = engine
        self._path = path
        self._actor = actor
        self._anchor = Anchor(path.parent / ANCHOR_NAME)
        # Within a process writers wait for each other here: waiting for SQLite's lock is done by sleeping and asking.
        self._turn = threading.Lock()
        self._told = False

    @classmethod
    def open(cls, engine: Engine, path: Path, actor: str) -> Self:
        """Open the ledger in a catalog's database, or make a new one there.

        Args:
            engine: The catalog's engine.
            path: The database, for messages; the anchor is beside it.
            actor: Who writes, as the audit log is to name them.

        Raises:
            LedgerGoneError: There was one: the anchor is still there, or some of the tables.
            LedgerError: It is of another version, or the database cannot be read.
        """
        ledger = cls(engine, path, actor)
        with ledger._reading() as connection:
            there = ledger._is_there(connection)
        if not there:
            ledger._make()
        return ledger

    @property
    def anchor(self) -> Anchor:
        """Where the head of the audit log is kept beside the database."""
        return self._anchor

    def record(self, case: Case, decision: Decision, as_of: date) -> None:
        """Record a decision, for good: once this returns, it is on the disk with its audit entry.

        Args:
            case: The facts it was decided on.
            decision: The decision.
            as_of: The day freshness was judged on.

        Raises:
            LedgerError: It cannot be recorded; nothing of it is.
        """
        rows = to_rows(case, decision, as_of, secrets.token_hex(SALT_BYTES))
        policy = decision.provenance.policy_hash
        with self._writing() as connection:
            whole = self._is_whole(connection)
            if connection.scalar(_LATEST_POLICY) != policy:
                self._append(connection, "policy", policy, {})
            _insert(connection, rows)
            digest = decision_digest([rows.decision[name] for name in COLUMNS], rows.articles, rows.tags)
            detail = {"outcome": decision.outcome, "ticket": decision.ticket.id}
            head = self._append(connection, "decision", decision.decision_id, detail, digest)
        if whole:
            self._anchor.advance(head)

    def note(self, kind: AuditKind, object_id: str, detail: Detail) -> None:
        """Append an entry on something other than a decision.

        Args:
            kind: What happened.
            object_id: What it happened to.
            detail: More of it.

        Raises:
            LedgerError: It cannot be written.
        """
        with self._writing() as connection:
            whole = self._is_whole(connection)
            head = self._append(connection, kind, object_id, detail)
        if whole:
            self._anchor.advance(head)

    def note_run(self, report: RunReport) -> None:
        """Append an entry on an ingest or re-index that is over.

        Raises:
            LedgerError: It cannot be written.
        """
        outcomes = dict(Counter(str(line.outcome) for line in report.articles))
        self.note("run", report.run_id, {"source": report.source, "state": report.state, "outcomes": outcomes})

    def noting(self, kind: AuditKind, object_id: str, reason: str) -> Callable[[Connection, str], None]:
        """Make what appends an entry within a transaction of the catalog's: its commit is that of both.

        Args:
            kind: What happens.
            object_id: The article that it happens to.
            reason: Why.

        Returns:
            To be called with the transaction and the article's revision; `advance_anchor` is for after the commit.
        """

        def note(connection: Connection, revision: str) -> None:
            self._append(connection, kind, object_id, {"reason": reason, "revision": revision})

        return note

    def advance_anchor(self) -> None:
        """Let the anchor follow what was appended within another's transaction."""
        with self._reading() as connection:
            whole, head = self._is_whole(connection), _head(connection)
        if whole:
            self._anchor.advance(head)

    def erase_words(self, before: datetime, at_a_time: int = ERASED_AT_A_TIME) -> int:
        """Erase what tickets said and what was replied, of every decision made before a moment; the decisions stay.

        Args:
            before: The moment.
            at_a_time: Of how many decisions in one transaction; tickets that come meanwhile wait for no more than that.

        Returns:
            Of how many decisions.

        Raises:
            LedgerError: It cannot be done; nothing was.
        """
        # An id begins with its time, and so the oldest words are found without a look at the decisions.
        old = words.c.decision_id < str(ULID.from_datetime(before))[:_ULID_TIME_CHARS]
        batch = select(words.c.decision_id).where(old).limit(at_a_time)
        erased = 0
        while self._has(batch):
            with self._writing() as connection:
                whole = self._is_whole(connection)
                count = connection.execute(delete(words).where(words.c.decision_id.in_(batch))).rowcount
                head = self._append(connection, "erasure", time_to_text(before), {"decisions": count})
            if whole:
                self._anchor.advance(head)
            erased += count
        return erased

    def get(self, decision_id: str) -> Recorded | None:
        """Return one decision with what it was made of; `None` where there is none of that id."""
        query = (
            select(decisions.c.decision, decisions.c.evidence, words.c.words, audit_log.c.seq, audit_log.c.hash)
            .outerjoin(words, words.c.decision_id == decisions.c.decision_id)
            .join(audit_log, (audit_log.c.object == decisions.c.decision_id) & (audit_log.c.kind == "decision"))
            .where(decisions.c.decision_id == decision_id)
        )
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else to_recorded(row)

    def find(self, query: DecisionQuery) -> list[RecordedLine]:
        """List decisions, latest first."""
        with self._reading() as connection:
            found = connection.execute(select_decisions(query)).mappings().all()
            articles = _articles_by_decision(connection, [row["decision_id"] for row in found])
        return [to_line(row, articles.get(row["decision_id"], ())) for row in found]

    def head(self) -> Head:
        """Return the last entry's number and hash."""
        with self._reading() as connection:
            return _head(connection)

    def verify(self, anchors: Anchors) -> AuditReport:
        """Verify the audit log and all that it vouches for.

        Args:
            anchors: Heads that it must contain, known from elsewhere, each by what to call it.
        """
        with self._reading() as connection:
            return verify_log(connection, anchors)

    def export(self) -> Iterator[str]:
        """Yield the audit log as lines of JSON, oldest first."""
        with self._reading() as connection:
            yield from export_lines(connection)

    def _has(self, query: Select[tuple[str]]) -> bool:
        with self._reading() as connection:
            return connection.scalar(query.limit(1)) is not None

    def _is_there(self, connection: Connection) -> bool:
        missing = tables.missing_tables(connection)
        if missing == set(tables.metadata.tables):
            return False
        if missing:
            raise self._gone()
        tables.require_version(connection)
        return True

    def _make(self) -> None:
        with self._writing() as connection:
            # Another process may have been quicker; under the lock its anchor is not there before its tables.
            if self._is_there(connection):
                return
            if self._anchor.exists():
                raise self._gone()
            tables.make_tables(connection)
            head = self._append(connection, "ledger", str(ULID()), {"schema_version": tables.SCHEMA_VERSION})
        self._anchor.reset(head)

    def _is_whole(self, connection: Connection) -> bool:
        """Tell whether the log still holds the entry that the anchor names; else the anchor stays, as proof of it.

        Args:
            connection: A transaction in which nothing was read yet: then it sees all that the anchor may name.
        """
        try:
            kept = self._anchor.read()
        except AnchorError:
            # It vouches for nothing; that it cannot be written either is told of there.
            return True
        if kept is None or connection.scalar(select(audit_log.c.hash).where(audit_log.c.seq == kept.seq)) == kept.hash:
            return True
        if not self._told:
            self._told = True
            _LOG.warning(
                "the audit log in %r no longer holds entry %d as the anchor names it; the anchor stays where it is. "
                "Run `runcite audit verify`",
                str(self._path),
                kept.seq,
            )
        return False

    def _gone(self) -> LedgerGoneError:
        try:
            kept = self._anchor.read()
        except AnchorError as error:
            named = str(error)
        else:
            named = f"the anchor names entry {kept.seq}" if kept else "there is no anchor either"
        return LedgerGoneError(
            f"the ledger is gone from {str(self._path)!r}; {named}. Restore the home from a backup. Where there is "
            f"none, keep {str(self._anchor.path)!r} elsewhere as evidence: without it a new ledger is begun."
        )

    def _append(
        self, connection: Connection, kind: AuditKind, object_id: str, detail: Detail, digest: str = ""
    ) -> Head:
        """Chain an entry to the last one; the write transaction holds others off, so the chain's order is theirs."""
        last = _head(connection)
        entry = AuditEntry(
            seq=last.seq + 1,
            at=time_to_text(datetime.now(UTC)),
            kind=kind,
            actor=self._actor,
            object=object_id,
            detail=canonical(detail),
            digest=digest,
            previous=last.hash,
            hash="",
        )
        row = {name: getattr(entry, name) for name in entry.__slots__} | {"hash": link(entry)}
        connection.execute(insert(audit_log), row)
        return Head(entry.seq, row["hash"])

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._mapped(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        give_up_at = time.monotonic() + WAIT_S
        if not self._turn.acquire(timeout=WAIT_S):
            raise LedgerError(f"The ledger in {str(self._path)!r} was busy for {WAIT_S} s. {_BUSY}")
        try:
            left_ms = max(1, round((give_up_at - time.monotonic()) * 1000))
            with self._mapped(), writing(self._engine, left_ms) as connection:
                yield connection
        finally:
            self._turn.release()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            with errors_mapped(self._path):
                yield
        except CatalogError as error:
            raise LedgerError(str(error)) from error


_LATEST = select(audit_log.c.seq, audit_log.c.hash).order_by(audit_log.c.seq.desc()).limit(1)
_LATEST_POLICY = (
    select(audit_log.c.object).where(audit_log.c.kind == "policy").order_by(audit_log.c.seq.desc()).limit(1)
)


def _head(connection: Connection) -> Head:
    row = connection.execute(_LATEST).one_or_none()
    if row is None:
        return Head(0, GENESIS)
    if not isinstance(row.hash, str):
        raise LedgerError(f"entry {row.seq} of the audit log was changed. `runcite audit verify` says what else was.")
    return Head(row.seq, row.hash)


def _insert(connection: Connection, rows: Rows) -> None:
    decision_id = rows.decision["decision_id"]
    # Values given beside the statement, not in it: building them into it takes longer than writing them.
    connection.execute(insert(decisions), rows.decision)
    if rows.articles:
        links = [
            {"decision_id": decision_id, "position": n, "article_id": article, "revision": revision, "use": use}
            for n, article, revision, use in rows.articles
        ]
        connection.execute(insert(decision_articles), links)
    if rows.tags:
        connection.execute(insert(decision_tags), [{"decision_id": decision_id, "tag": tag} for tag in rows.tags])
    written = {"decision_id": decision_id, "summary": rows.summary, "words": rows.words, "salt": rows.salt}
    connection.execute(insert(words), written)


def _articles_by_decision(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[str]]:
    links = (
        select(decision_articles.c.decision_id, decision_articles.c.article_id)
        .where(decision_articles.c.decision_id.in_(ids))
        .order_by(decision_articles.c.decision_id, decision_articles.c.position)
    )
    found: dict[str, dict[str, None]] = {}
    for decision_id, article_id in connection.execute(links):
        found.setdefault(decision_id, {})[article_id] = None
    return {decision_id: list(articles) for decision_id, articles in found.items()}
