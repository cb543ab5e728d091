"""An audit log enters; what was done to it behind its back leaves, the first bad entry first. Only ever reads.

Every entry is held against the one before, and every decision, with its articles and tags, against its entry. Words are
held against their digest; where they are gone, an entry has to say that they were erased.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, exists, select
from sqlalchemy.exc import OperationalError

from agent.errors import LedgerError
from agent.ledger.anchor import Head
from agent.ledger.chain import GENESIS, canonical, fault_of
from agent.ledger.codec import decision_digest, words_digest
from agent.ledger.models import AuditEntry
from agent.ledger.tables import audit_log, decision_articles, decision_tags, decisions, missing_triggers, words

MAX_FAULTS = 20
"""Whoever has so many needs no more of them."""

_PER_BATCH = 500
"""Entries looked at together; their decisions are read by one statement, well under SQLite's limit on variables."""

_UNREADABLE = (TypeError, ValueError, AttributeError, RecursionError)
"""What comes of reading a value that Runcite never wrote: another type, no JSON, no UTF-8, or nested without end."""

Anchors = Mapping[str, Head]
"""Heads that are known from elsewhere, each by what to call it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written; `seq` is the entry it belongs to, `None` where it belongs to none."""

    seq: int | None
    detail: str


@dataclass(slots=True)
class AuditReport:
    """What a verification found.

    Attributes:
        entries: How many entries are as they were written, from the first on.
        decisions: How many of them record a decision.
        erased: Of how many decisions the words have been erased.
        head: The last of these entries; `None` of an empty log.
        faults: What is wrong, the first bad entry first; empty where nothing is.
    """

    entries: int = 0
    decisions: int = 0
    erased: int = 0
    head: Head | None = None
    faults: list[Fault] = field(default_factory=list)


def verify_log(connection: Connection, anchors: Anchors) -> AuditReport:
    """Verify the audit log of a database and all that it vouches for.

    Args:
        connection: A read transaction: what is written meanwhile does not count.
        anchors: Heads that the log must contain.
    """
    report = AuditReport()
    erasures = _rows(connection, select(audit_log.c.object).where(audit_log.c.kind == "erasure"))
    erased_before = max((moment for (moment,) in erasures if isinstance(moment, str)), default="")
    for batch in _batches(connection):
        sound = _follow(batch, report, anchors)
        _hold(connection, sound, report, erased_before)
        if len(sound) < len(batch) or len(report.faults) >= MAX_FAULTS:
            return report
    report.faults += _cut_off(report, anchors)
    report.faults += _strays(connection)
    report.faults += [Fault(None, f"the trigger {name!r} is gone or changed") for name in missing_triggers(connection)]
    return report


def verify_export(lines: Iterable[str], anchors: Anchors) -> AuditReport:
    """Verify an exported audit log by itself; the decisions it vouches for are not in it.

    Args:
        lines: As `export_lines` wrote them.
        anchors: Heads that the log must contain.
    """
    report = AuditReport()
    for line in lines:
        entry = _read(line)
        if entry is None:
            report.faults.append(Fault(report.entries + 1, f"line {report.entries + 1} is no entry of an audit log"))
            return report
        if not _follow([entry], report, anchors):
            return report
    report.faults += _cut_off(report, anchors)
    return report


def export_lines(connection: Connection) -> Iterator[str]:
    """Write each entry as a line of JSON; without its `hash` a line is exactly what was hashed.

    Raises:
        LedgerError: An entry was changed so that it cannot be written.
    """
    for batch in _batches(connection):
        for entry in batch:
            fields = {name: getattr(entry, name) for name in entry.__slots__}
            try:
                line = canonical(fields | {"detail": json.loads(entry.detail)})
                line.encode()
            except _UNREADABLE as error:
                raise LedgerError(
                    f"entry {entry.seq} was changed after it was written, and cannot be exported. "
                    "`runcite audit verify` says what else was; restore the home from a backup."
                ) from error
            yield line


def _batches(connection: Connection) -> Iterator[list[AuditEntry]]:
    query = select(audit_log).order_by(audit_log.c.seq).limit(_PER_BATCH)
    batch: list[AuditEntry] = []
    while True:
        further = query.where(audit_log.c.seq > batch[-1].seq) if batch else query
        batch = [AuditEntry(*row) for row in _rows(connection, further)]
        if not batch:
            return
        yield batch


def _follow(batch: Sequence[AuditEntry], report: AuditReport, anchors: Anchors) -> Sequence[AuditEntry]:
    """Go along the chain; returns the entries up to the first that is bad."""
    named = {head.seq: (name, head.hash) for name, head in anchors.items()}
    for place, entry in enumerate(batch):
        before = report.head or Head(0, GENESIS)
        fault = fault_of(entry, before.seq + 1, before.hash)
        if fault is None and entry.seq in named and entry.hash != named[entry.seq][1]:
            fault = f"entry {entry.seq} is not the one that {named[entry.seq][0]} names: the log was written anew"
        if fault is not None:
            report.faults.append(Fault(before.seq + 1, fault))
            return batch[:place]
        report.head = Head(entry.seq, entry.hash)
        report.entries += 1
        report.decisions += entry.kind == "decision"
    return batch


def _hold(connection: Connection, batch: Sequence[AuditEntry], report: AuditReport, erased_before: str) -> None:
    """Hold decisions against their entries."""
    vouched = {entry.object: entry.seq for entry in batch if entry.kind == "decision"}
    digests = {entry.object: entry.digest for entry in batch if entry.kind == "decision"}
    rows = {row[0]: row for row in _of(connection, decisions, vouched)}
    articles, tags = _grouped(connection, decision_articles, vouched), _grouped(connection, decision_tags, vouched)
    kept = {row[0]: row for row in _of(connection, words, vouched)}
    for decision_id, seq in vouched.items():
        row, text = rows.get(decision_id), kept.get(decision_id)
        if row is None:
            report.faults.append(Fault(seq, f"the decision {decision_id} of entry {seq} is gone"))
        elif not _is(
            digests[decision_id], decision_digest, row, articles[decision_id], [t for (t,) in tags[decision_id]]
        ):
            report.faults.append(Fault(seq, f"the decision {decision_id} of entry {seq} was changed"))
        elif text is None and row.created_at < erased_before:
            report.erased += 1
        elif text is None:
            report.faults.append(Fault(seq, f"the words of decision {decision_id} are gone, erased by no entry"))
        elif not _is(row.words_digest, words_digest, text.salt, text.summary, text.words):
            report.faults.append(Fault(seq, f"the words of decision {decision_id} were changed"))


def _is(digest: str, compute: Callable[..., str], *values: object) -> bool:
    """Tell whether a digest is that of some values; what cannot be digested was never written."""
    try:
        return digest == compute(*values)
    except _UNREADABLE:
        return False


def _of(connection: Connection, table: Table, ids: Iterable[str]) -> Sequence[Row[Any]]:
    """Read the rows of some decisions, the id first in each."""
    return _rows(connection, select(table).where(table.c.decision_id.in_(list(ids))))


def _rows(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """Read rows; a text that is no UTF-8 comes with lone surrogates, which no digest is ever of."""
    try:
        return connection.execute(query).all()
    except OperationalError as error:
        if "decode" not in str(error.orig):
            raise
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    try:
        return connection.execute(query).all()
    finally:
        driver.text_factory = str


def _grouped(connection: Connection, table: Table, ids: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Read what each of some decisions has in a table, sorted, the id left out."""
    found: dict[str, list[tuple[Any, ...]]] = {decision_id: [] for decision_id in ids}
    rows = [tuple(row) for row in _of(connection, table, found)]
    # By type first: a blob put in the place of a text is not to be compared with one.
    for row in sorted(rows, key=lambda row: [(type(value).__name__, value) for value in row]):
        found[row[0]].append(row[1:])
    return found


def _cut_off(report: AuditReport, anchors: Anchors) -> Iterator[Fault]:
    last = report.head.seq if report.head else 0
    for name, head in anchors.items():
        if head.seq > last:
            cut = f"entries {last + 1} to {head.seq} are" if head.seq > last + 1 else f"entry {head.seq} is"
            yield Fault(last + 1, f"{cut} missing from the end: {name} names entry {head.seq}")


def _strays(connection: Connection) -> Iterator[Fault]:
    """Find what no entry vouches for."""
    vouched = exists().where(audit_log.c.object == decisions.c.decision_id, audit_log.c.kind == "decision")
    for (decision_id,) in _rows(connection, select(decisions.c.decision_id).where(~vouched).limit(MAX_FAULTS)):
        yield Fault(None, f"no entry vouches for the decision {decision_id!r}")
    for table in (decision_articles, decision_tags, words):
        known = exists().where(decisions.c.decision_id == table.c.decision_id)
        for (decision_id,) in _rows(connection, select(table.c.decision_id).where(~known).limit(1)):
            yield Fault(None, f"{table.name} holds a row of a decision {decision_id!r} that there is not")


def _read(line: str) -> AuditEntry | None:
    try:
        fields = json.loads(line)
        if not isinstance(fields["seq"], int):
            return None
        return AuditEntry(**(fields | {"detail": canonical(fields["detail"])}))
    except (*_UNREADABLE, KeyError):
        return None
