"""Whoever writes past Runcite into the database is found out, whatever they change."""

# ruff: noqa: S608 - the names in these statements are those of our own tables

import json
import random
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, create_engine, event

from agent.errors import LedgerError
from agent.ledger import AuditEntry, Fault, Head, verify_export
from agent.ledger.audit import export_lines, verify_log
from agent.ledger.chain import link
from agent.ledger.tables import APPEND_ONLY, audit_log, decision_articles, decision_tags, decisions, metadata, words
from tests.ledgers import a_ledger, fill

SEED = 20261120
MUTATIONS = 1_000
DECISIONS = 12
ENTRIES = DECISIONS + 2
TABLES = (audit_log, decisions, decision_articles, decision_tags, words)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    made = tmp_path_factory.mktemp("audited")
    with a_ledger(made) as ledger:
        fill(ledger, DECISIONS)
    return made


@pytest.fixture(scope="module")
def anchors(home) -> dict[str, Head]:
    with a_ledger(home) as ledger:
        head = ledger.anchor.read()
        assert head is not None
        return {"the anchor": head}


@pytest.fixture
def tampered(home) -> Iterator[Connection]:
    """A connection of somebody who may do anything, the triggers dropped; all of it is undone in the end."""
    engine = create_engine(f"sqlite:///{home / 'catalog.sqlite'}")
    # Else Python's SQLite would begin no transaction for what is done to the schema.
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        for name in APPEND_ONLY["sqlite"]:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        connection.rollback()
    engine.dispose()


def put_triggers_back(connection: Connection) -> None:
    for statement in APPEND_ONLY["sqlite"].values():
        connection.exec_driver_sql(statement)


def faults(connection: Connection, anchors) -> list:
    put_triggers_back(connection)
    return verify_log(connection, anchors).faults


def other(value: object, rng: random.Random) -> object:
    """Change a value a little, as an edit by hand would."""
    if value is None:
        return "x"
    if isinstance(value, float):
        return value + rng.choice((-0.0001, 0.0001, 1.0))
    if isinstance(value, int):
        return value + 1000
    place = rng.randrange(len(value) + 1)
    return (
        value[:place] + rng.choice('abc019 "{}é\n') + value[place:] if rng.random() < 0.5 or not value else value[:-1]
    )


def edit(connection: Connection, rng: random.Random) -> str:
    table = rng.choice(TABLES)
    rows = connection.exec_driver_sql(f"SELECT rowid, * FROM {table.name}").all()
    row, column = rng.choice(rows), rng.choice([one.name for one in table.columns])
    value = other(row._mapping[column], rng)
    connection.exec_driver_sql(f"UPDATE {table.name} SET {column} = ? WHERE rowid = ?", (value, row[0]))
    return f"{table.name}.{column} of row {row[0]} to {value!r}"


def delete(connection: Connection, rng: random.Random) -> str:
    table = rng.choice(TABLES)
    rowid = rng.choice(connection.exec_driver_sql(f"SELECT rowid FROM {table.name}").all())[0]
    connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE rowid = ?", (rowid,))
    return f"row {rowid} of {table.name} deleted"


def swap(connection: Connection, rng: random.Random) -> str:
    """Let two rows of a table change places, keys aside."""
    table = rng.choice((audit_log, decisions, words))
    key = next(iter(table.primary_key)).name
    columns = [one.name for one in table.columns if one.name != key]
    rows = connection.exec_driver_sql(f"SELECT * FROM {table.name}").mappings().all()
    one, two = rng.sample(rows, 2)
    assigned = ", ".join(f"{name} = ?" for name in columns)
    for to, what in ((one, two), (two, one)):
        values = (*(what[name] for name in columns), to[key])
        connection.exec_driver_sql(f"UPDATE {table.name} SET {assigned} WHERE {key} = ?", values)
    return f"{table.name}: {one[key]} and {two[key]} swapped"


def cut_off(connection: Connection, rng: random.Random) -> str:
    """Remove the last entries with all that they vouch for, as if none of it had ever been."""
    first = rng.randint(2, ENTRIES)
    gone = f"(SELECT object FROM audit_log WHERE seq >= {first})"
    for table in (decision_articles, decision_tags, words, decisions):
        connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE decision_id IN {gone}")
    connection.exec_driver_sql(f"DELETE FROM audit_log WHERE seq >= {first}")
    return f"cut off at {first}"


def write_anew(connection: Connection, rng: random.Random) -> str:
    """Change an entry and compute every hash from there on again."""
    first = rng.randint(1, ENTRIES)
    connection.exec_driver_sql("UPDATE audit_log SET actor = 'somebody else' WHERE seq = ?", (first,))
    rehash(connection)
    return f"written anew from {first}"


def rehash(connection: Connection) -> None:
    previous = "0" * 64
    for row in connection.exec_driver_sql("SELECT * FROM audit_log ORDER BY seq").all():
        entry = AuditEntry(*row)
        hashed = link(AuditEntry(*row[:7], previous, ""))
        connection.exec_driver_sql(
            "UPDATE audit_log SET previous = ?, hash = ? WHERE seq = ?", (previous, hashed, entry.seq)
        )
        previous = hashed


def forge(connection: Connection, rng: random.Random) -> str:
    """Put a decision beside the others that no entry vouches for."""
    row = rng.choice(connection.exec_driver_sql("SELECT * FROM decisions").all())
    values = (f"01FORGED{rng.randrange(10**9):09}", *row[1:])
    connection.exec_driver_sql(f"INSERT INTO decisions VALUES ({', '.join('?' * len(values))})", values)
    return f"{values[0]} forged"


MEANS: tuple[Callable[[Connection, random.Random], str], ...] = (edit, delete, swap, cut_off, write_anew, forge)


def test_an_untouched_log_is_sound(home, anchors):
    with a_ledger(home) as ledger:
        report = ledger.verify(anchors)
    assert (report.entries, report.decisions, report.erased, report.faults) == (ENTRIES, DECISIONS, 0, [])
    assert report.head == anchors["the anchor"]


def test_every_one_of_a_thousand_random_mutations_is_caught(tampered, anchors):
    rng = random.Random(SEED)
    done = {means.__name__: 0 for means in MEANS}
    for _ in range(MUTATIONS):
        means = edit if rng.random() < 0.5 else rng.choice(MEANS)
        point = tampered.begin_nested()
        said = means(tampered, rng)
        done[means.__name__] += 1
        assert faults(tampered, anchors), f"not caught: {said}"
        point.rollback()
    assert min(done.values()) > 50, done


@pytest.mark.parametrize("seq", [1, 2, 3, ENTRIES])
@pytest.mark.parametrize("column", ["at", "kind", "actor", "object", "detail", "digest", "previous", "hash"])
def test_the_first_bad_entry_is_named(tampered, anchors, seq, column):
    connection = tampered
    value = '{"outcome":"RESOLVE"}' if column == "detail" else "x"
    connection.exec_driver_sql(f"UPDATE audit_log SET {column} = ? WHERE seq = ?", (value, seq))
    connection.exec_driver_sql("UPDATE audit_log SET actor = 'x' WHERE seq > ?", (seq,))
    assert [fault.seq for fault in faults(connection, anchors)][:1] == [seq]


NEVER_WRITTEN = {
    "blob": "X'00ff'",
    "no UTF-8": "CAST(X'61ff' AS TEXT)",
    "no JSON": "'{'",
    "deep": f"'{'[' * 100_000}'",
    "NUL": "'a' || char(0)",
}


@pytest.mark.parametrize("value", NEVER_WRITTEN.values(), ids=NEVER_WRITTEN)
@pytest.mark.parametrize("column", ["at", "kind", "actor", "object", "detail", "digest", "previous", "hash"])
def test_an_entry_with_what_runcite_never_writes_was_changed(tampered, anchors, column, value):
    tampered.exec_driver_sql(f"UPDATE audit_log SET {column} = {value} WHERE seq = 4")
    assert faults(tampered, anchors)[:1] == [Fault(4, "entry 4 was changed after it was written")]
    if column == "detail" or value.startswith(("X'", "CAST")):
        with pytest.raises(LedgerError, match=r"^entry 4 was changed after it was written, and cannot be exported"):
            list(export_lines(tampered))
    else:
        assert [fault.seq for fault in verify_export(export_lines(tampered), anchors).faults] == [4]


@pytest.mark.parametrize("value", NEVER_WRITTEN.values(), ids=NEVER_WRITTEN)
@pytest.mark.parametrize("table", [decisions, decision_articles, decision_tags, words], ids=str)
def test_a_decision_with_what_runcite_never_writes_was_changed(tampered, anchors, table, value):
    of = "(SELECT object FROM audit_log WHERE seq = 4)"
    for column in [one.name for one in table.columns if one.name != "decision_id"]:
        point = tampered.begin_nested()
        one = f"SELECT min(rowid) FROM {table.name} WHERE decision_id = {of}"
        tampered.exec_driver_sql(f"UPDATE {table.name} SET {column} = {value} WHERE rowid = ({one})")
        (fault,) = faults(tampered, anchors)
        assert (fault.seq, fault.detail.endswith(("was changed", "were changed"))) == (4, True), column
        point.rollback()


@pytest.mark.parametrize("value", NEVER_WRITTEN.values(), ids=NEVER_WRITTEN)
def test_a_decision_whose_id_was_never_written_is_told_of(tampered, anchors, value):
    tampered.exec_driver_sql(f"UPDATE decisions SET decision_id = {value} WHERE ticket_id = 'INC-2'")
    found = [fault.detail for fault in faults(tampered, anchors)]
    assert any(detail.startswith("no entry vouches for the decision ") for detail in found)
    assert "\n".join(found).encode()


def test_an_export_with_what_runcite_never_writes_is_told_of(home, anchors):
    with a_ledger(home) as ledger:
        lines = list(ledger.export())
    for value in ("null", "7", '"\\ud800"', "{}", "[" * 200 + "]" * 200, "[" * 100_000):
        for name in ("actor", "detail", "seq", "hash"):
            fields = {key: json.dumps(one) for key, one in json.loads(lines[3]).items()} | {name: value}
            changed = "{" + ",".join(f'"{key}":{one}' for key, one in fields.items()) + "}"
            (fault,) = verify_export([*lines[:3], changed, *lines[4:]], anchors).faults
            assert fault.seq == 4
            assert fault.detail.encode()


def test_a_changed_decision_is_named_with_its_entry(tampered, anchors):
    tampered.exec_driver_sql("UPDATE decisions SET outcome = 'RESOLVE' WHERE ticket_id = 'INC-2'")
    (fault,) = faults(tampered, anchors)
    assert fault.seq == 5
    assert fault.detail.endswith("of entry 5 was changed")


def test_an_end_that_is_cut_off_is_seen_by_the_anchor_alone(tampered, anchors):
    random_end = random.Random(1)
    cut_off(tampered, random_end)
    put_triggers_back(tampered)
    assert verify_log(tampered, {}).faults == []
    (fault,) = verify_log(tampered, anchors).faults
    assert fault.detail.endswith(f"to {ENTRIES} are missing from the end: the anchor names entry {ENTRIES}")


def test_a_log_that_is_whole_but_written_anew_is_seen_by_the_anchor(tampered, anchors):
    write_anew(tampered, random.Random(1))
    put_triggers_back(tampered)
    assert verify_log(tampered, {}).faults == []
    (fault,) = verify_log(tampered, anchors).faults
    assert fault.detail == f"entry {ENTRIES} is not the one that the anchor names: the log was written anew"


def test_words_that_are_gone_are_missed_unless_an_entry_erased_them(tampered, anchors):
    tampered.exec_driver_sql(
        "DELETE FROM decision_words WHERE decision_id = (SELECT object FROM audit_log WHERE seq = 3)"
    )
    (fault,) = faults(tampered, anchors)
    assert (fault.seq, fault.detail.split(" are ")[-1]) == (3, "gone, erased by no entry")


def test_a_missing_trigger_is_told_of(tampered, anchors):
    found = verify_log(tampered, anchors).faults
    assert len(found) == len(APPEND_ONLY["sqlite"])
    assert found[0].detail == "the trigger 'audit_log_no_update' is gone or changed"


def test_every_table_is_among_those_that_are_tampered_with():
    assert {table.name for table in TABLES} == set(metadata.tables) - {"ledger_settings"}


def test_an_export_is_verified_by_itself(home, anchors):
    with a_ledger(home) as ledger:
        lines = list(ledger.export())
    assert verify_export(lines, anchors).faults == []
    assert verify_export([line + "\n" for line in lines], anchors).entries == ENTRIES
    for place, line in enumerate(lines):
        changed = [*lines[:place], line.replace('"actor":"test"', '"actor":"toast"'), *lines[place + 1 :]]
        assert [fault.seq for fault in verify_export(changed, anchors).faults] == [place + 1]
    assert [fault.seq for fault in verify_export(lines[:-1], anchors).faults] == [ENTRIES]
    assert [fault.seq for fault in verify_export([*lines[:3], *lines[4:]], anchors).faults] == [4]


@pytest.mark.parametrize("line", ["", "{", "[]", "7", '{"seq": 1}', '{"seq": 1, "detail": {}, "x": 1}'])
def test_a_line_that_is_no_entry_is_named(line):
    (fault,) = verify_export([line], {}).faults
    assert fault.detail == "line 1 is no entry of an audit log"
