import json
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.errors import LedgerError, LedgerGoneError, LedgerVersionError
from agent.ledger import Anchor, DecisionQuery, Head
from agent.ledger.tables import metadata
from tests.ledgers import DAY, NOON, VPN, a_ledger, decided, fill


@pytest.fixture
def ledger(tmp_path):
    with a_ledger(tmp_path) as opened:
        yield opened


@pytest.fixture
def raw(tmp_path):
    with sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None) as connection:
        yield connection
    connection.close()


def entries(ledger):
    return [json.loads(line) for line in ledger.export()]


def test_a_decision_comes_back_with_all_that_it_was_made_of(ledger):
    case, decision = decided("VPN drops on Wi-Fi, my password is hunter2")
    ledger.record(case, decision, DAY)
    found = ledger.get(decision.decision_id)
    assert found.decision == decision
    assert found.words.reading == case.reading
    assert found.evidence.candidates == case.candidates
    assert found.evidence.signals == case.signals
    assert (found.evidence.as_of, found.evidence.groups, found.evidence.plan) == (DAY, ("staff",), "gold")
    assert found.evidence.retrieval.index_revision == "idx-1"


def test_nothing_on_record_holds_a_secret_or_the_requesters_address(ledger, raw):
    case, decision = decided("VPN drops, my password is hunter2, call +49 30 901820")
    ledger.record(case, decision, DAY)
    dump = "\n".join(raw.iterdump())
    assert "[password]" in dump
    for secret in ("hunter2", "901820", "ada@example.com", "Ada's"):
        assert secret not in dump


def test_a_decision_that_was_never_made_is_not_found(ledger):
    assert ledger.get("01JD000000000000000000000") is None


def test_the_log_tells_of_the_ledger_the_policy_and_each_decision_in_order(ledger):
    first, second = fill(ledger, 2)
    found = entries(ledger)
    assert [one["kind"] for one in found] == ["ledger", "policy", "decision", "decision"]
    assert [one["object"] for one in found[1:]] == [
        first.provenance.policy_hash,
        first.decision_id,
        second.decision_id,
    ]
    assert [one["seq"] for one in found] == [1, 2, 3, 4]
    assert found[3]["previous"] == found[2]["hash"]
    assert found[2]["detail"] == {"outcome": "GUIDE_USER", "ticket": "INC-0"}


def test_a_policy_is_told_of_when_it_changes_and_not_before(ledger):
    for policy in ("sha256:a", "sha256:a", "sha256:b", "sha256:a"):
        case, decision = decided(at=NOON + timedelta(seconds=len(entries(ledger))))
        ledger.record(case, replace(decision, provenance=replace(decision.provenance, policy_hash=policy)), DAY)
    assert [one["object"] for one in entries(ledger) if one["kind"] == "policy"] == ["sha256:a", "sha256:b", "sha256:a"]


def test_the_anchor_follows_the_head(ledger):
    fill(ledger, 2)
    assert ledger.anchor.read() == ledger.head()
    assert ledger.head().seq == 4


def test_an_anchor_that_cannot_be_written_stops_no_decision(ledger):
    ledger.anchor.path.unlink()
    ledger.anchor.path.mkdir()
    fill(ledger, 1)
    assert ledger.head().seq == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "INSERT OR REPLACE INTO audit_log SELECT seq, at, kind, 'x', '', detail, digest, previous, '' FROM audit_log",
        "UPDATE decisions SET outcome = 'RESOLVE'",
        "DELETE FROM decisions",
        "UPDATE decision_articles SET article_id = 'x'",
        "DELETE FROM decision_articles",
        "UPDATE decision_tags SET tag = 'x'",
        "UPDATE decision_words SET words = ''",
        "INSERT OR REPLACE INTO decision_words SELECT decision_id, 'x', words, salt FROM decision_words",
    ],
)
def test_the_database_refuses_to_change_what_is_written(ledger, raw, statement):
    fill(ledger, 1)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)
    assert ledger.verify({}).faults == []


def test_an_opened_again_ledger_goes_on_with_its_chain(tmp_path):
    with a_ledger(tmp_path) as ledger:
        fill(ledger, 1)
    with a_ledger(tmp_path) as ledger:
        fill(ledger, 1, first=NOON + timedelta(hours=1))
        assert [one["seq"] for one in entries(ledger)] == [1, 2, 3, 4]
        assert ledger.verify({}).faults == []


def test_a_ledger_of_another_version_is_left_alone(tmp_path, raw):
    with a_ledger(tmp_path):
        raw.execute("UPDATE ledger_settings SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(LedgerVersionError, match="'99', expected 1"), a_ledger(tmp_path):
        pass


@pytest.mark.parametrize(
    "dropped", [list(metadata.tables), ["audit_log"], ["ledger_settings"]], ids=["all", "log", "settings"]
)
def test_no_new_ledger_is_put_in_the_place_of_one_that_is_gone(tmp_path, raw, dropped):
    with a_ledger(tmp_path) as ledger:
        fill(ledger, 2)
        kept = ledger.anchor.path.read_bytes()
    for table in dropped:
        raw.execute(f"DROP TABLE {table}")
    gone = pytest.raises(LedgerGoneError, match=r"the ledger is gone .*; the anchor names entry 4\. Restore")
    with gone, a_ledger(tmp_path):
        pass
    assert (tmp_path / "audit.anchor").read_bytes() == kept


def test_a_ledger_that_is_gone_is_missed_by_an_anchor_that_cannot_be_read(tmp_path):
    (tmp_path / "audit.anchor").write_text("x")
    with pytest.raises(LedgerGoneError, match="'x' is no head"), a_ledger(tmp_path):
        pass


def test_what_cannot_be_written_is_not_half_written(tmp_path):
    with a_ledger(tmp_path) as ledger:
        case, decision = decided()
        ledger.record(case, decision, DAY)
        before = entries(ledger)
        with pytest.raises(LedgerError, match="append-only"):
            ledger.record(case, decision, DAY)
        assert entries(ledger) == before


def test_many_threads_of_two_openers_make_one_chain(tmp_path):
    made = [decided(ticket_id=f"INC-{n}", at=NOON + timedelta(seconds=n)) for n in range(40)]
    with a_ledger(tmp_path, "one") as one, a_ledger(tmp_path, "two") as other:
        opened = (one, other)
        threads = [
            threading.Thread(target=opened[n % 2].record, args=(*decision, DAY)) for n, decision in enumerate(made)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report = one.verify({"the anchor": one.anchor.read()})
        assert (report.decisions, report.faults) == (40, [])
        assert {entry["actor"] for entry in entries(one)} == {"one", "two"}


def test_erased_words_are_gone_and_the_decision_stays(ledger, raw):
    old, new = fill(ledger, 2)
    assert ledger.erase_words(NOON + timedelta(seconds=1)) == 1
    found = ledger.get(old.decision_id)
    assert found.words is None
    assert (found.decision.ticket.summary, found.decision.user_message) == ("", "")
    assert found.decision.steps == old.steps
    assert ledger.get(new.decision_id).decision == new
    report = ledger.verify({})
    assert (report.erased, report.faults) == (1, [])
    assert entries(ledger)[-1]["kind"] == "erasure"
    assert "case 0" not in "\n".join(raw.iterdump())


def test_many_words_are_erased_in_several_transactions(ledger):
    fill(ledger, 5)
    assert ledger.erase_words(NOON + timedelta(days=1), at_a_time=2) == 5
    assert [one["detail"]["decisions"] for one in entries(ledger) if one["kind"] == "erasure"] == [2, 2, 1]
    report = ledger.verify({"the anchor": ledger.anchor.read()})
    assert (report.erased, report.faults) == (5, [])


def test_a_ledger_that_another_writer_blocks_gives_up_in_time(ledger, raw):
    case, decision = decided()
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"):
        ledger.record(case, decision, DAY)
    raw.execute("ROLLBACK")
    ledger.record(case, decision, DAY)
    assert ledger.get(decision.decision_id)


def test_nothing_to_erase_leaves_no_entry(ledger):
    fill(ledger, 1)
    assert ledger.erase_words(NOON) == 0
    assert ledger.head().seq == 3


@pytest.mark.parametrize(
    ("query", "tickets"),
    [
        (DecisionQuery(), ["INC-4", "INC-3", "INC-2", "INC-1", "INC-0"]),
        (DecisionQuery(outcomes=("ESCALATE_HUMAN",)), ["INC-2"]),
        (DecisionQuery(outcomes=("ESCALATE_HUMAN", "GUIDE_USER"), limit=2), ["INC-4", "INC-3"]),
        (DecisionQuery(reasons=("no_match",)), ["INC-2"]),
        (DecisionQuery(reasons=("stale",)), []),
        (DecisionQuery(article="network/vpn", limit=9), ["INC-4", "INC-3", "INC-2", "INC-1", "INC-0"]),
        (DecisionQuery(article="network/vpn", revision=VPN.revision, reasons=("no_match",)), ["INC-2"]),
        (DecisionQuery(article="network/vpn", revision="sha256:other"), []),
        (DecisionQuery(ticket="INC-3"), ["INC-3"]),
        (DecisionQuery(team="Nobody"), []),
        (DecisionQuery(since=NOON + timedelta(minutes=3)), ["INC-4", "INC-3"]),
        (DecisionQuery(until=NOON + timedelta(minutes=1)), ["INC-0"]),
        (DecisionQuery(max_confidence=0.5), ["INC-2"]),
        (DecisionQuery(min_confidence=0.5, until=NOON + timedelta(minutes=3)), ["INC-1", "INC-0"]),
        (DecisionQuery(tag="case-3"), ["INC-3"]),
        (DecisionQuery(tag="none"), []),
    ],
    ids=str,
)
def test_decisions_are_found_latest_first(ledger, query, tickets):
    fill(ledger, 5)
    assert [line.ticket_id for line in ledger.find(query)] == tickets


def test_a_page_goes_on_where_the_one_before_ended(ledger):
    fill(ledger, 5)
    first = ledger.find(DecisionQuery(limit=2))
    assert [one.ticket_id for one in ledger.find(DecisionQuery(limit=9, before=first[-1].decision_id))] == [
        "INC-2",
        "INC-1",
        "INC-0",
    ]


def test_a_line_names_what_was_cited_and_all_that_was_looked_at(ledger):
    fill(ledger, 3)
    refused, acted = ledger.find(DecisionQuery(limit=2))
    assert (refused.reason, refused.articles) == ("no_match", ("network/vpn",))
    assert (acted.reason, acted.articles, acted.considered) == (None, ("network/vpn",), ("network/vpn",))
    assert acted.summary == "VPN drops on Wi-Fi, case 1"


def test_an_anchor_never_moves_back(tmp_path):
    anchor = Anchor(tmp_path / "audit.anchor")
    anchor.advance(Head(7, "a" * 64))
    anchor.advance(Head(5, "b" * 64))
    assert anchor.read() == Head(7, "a" * 64)
