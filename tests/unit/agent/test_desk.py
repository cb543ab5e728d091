from dataclasses import replace
from functools import partial

import pytest

from agent.decide.extractive import ExtractiveDecider
from agent.desk import Desk
from agent.errors import LedgerError
from agent.models import GateResult, RiskSignal, Signals, Ticket
from agent.triage import Triager
from index.errors import CatalogError
from tests.cases import POLICY, Shelf, rules
from tests.ledgers import DAY, NOON, VPN, OneCandidate, a_ledger


class FullDisk:
    """A recorder that has no room."""

    def record(self, case, decision, as_of):
        raise LedgerError("the disk is full")


class Failing(Shelf):
    """A library in a file that can be read no more."""

    def revision(self, article_id, revision):
        raise CatalogError("disk I/O error")


def desk(recorder, similarity=0.8, risks=(), ruled=rules, library=None):
    ruled = partial(ruled, signals=Signals(risks=risks))
    triager = Triager(OneCandidate(similarity), Shelf(VPN), ExtractiveDecider(), ruled, "minilm", now=lambda: NOON)
    return Desk(triager, recorder, library or Shelf(VPN))


def test_what_is_handed_out_is_what_is_on_record(tmp_path):
    with a_ledger(tmp_path) as ledger:
        decision = desk(ledger).triage(Ticket("INC-1", "VPN drops on Wi-Fi"), as_of=DAY)
        assert (decision.outcome, decision.provenance.recorded) == ("GUIDE_USER", True)
        assert ledger.get(decision.decision_id).decision == decision


def test_freshness_is_judged_on_the_day_of_the_decision_where_none_is_given(tmp_path):
    with a_ledger(tmp_path) as ledger:
        decision = desk(ledger).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
        assert ledger.get(decision.decision_id).evidence.as_of == NOON.date()


def test_what_would_act_but_cannot_be_recorded_goes_to_a_person():
    decision = desk(FullDisk()).triage(Ticket("INC-1", "VPN drops on Wi-Fi"), as_of=DAY)
    assert (decision.outcome, decision.action, decision.steps) == ("ESCALATE_HUMAN", "escalate", ())
    assert (decision.refusal.reason, decision.provenance.recorded) == ("not_recorded", False)
    assert decision.refusal.detail == "the decision could not be recorded: the disk is full"
    assert {citation.use for citation in decision.citations} == {"for_review"}
    assert "Preferences" not in decision.user_message
    assert decision.escalation.needed
    assert decision.gates[-1] == GateResult("record", False, decision.refusal.detail)


def test_what_cannot_be_recorded_in_a_file_that_cannot_be_read_goes_to_a_person_without_passages():
    decision = desk(FullDisk(), library=Failing()).triage(Ticket("INC-1", "VPN drops on Wi-Fi"), as_of=DAY)
    assert (decision.outcome, decision.refusal.reason, decision.citations) == ("ESCALATE_HUMAN", "not_recorded", ())
    assert decision.refusal.detail == "the decision could not be recorded: the disk is full"
    assert decision.gates[-1] == GateResult("record", False, decision.refusal.detail)


def test_what_cannot_be_recorded_is_handed_over_under_the_rules_it_was_decided_under():
    asked = []

    def edited_meanwhile(signals):
        asked.append(replace(POLICY, min_confidence=0.1 * (1 + len(asked))))
        return rules(asked[-1], signals)

    decision = desk(FullDisk(), ruled=edited_meanwhile).triage(Ticket("INC-1", "VPN drops on Wi-Fi"), as_of=DAY)
    assert decision.refusal.reason == "not_recorded"
    assert decision.refusal.confidence_threshold == asked[0].min_confidence
    assert decision.provenance.policy_hash == asked[0].hash()


def test_a_question_that_cannot_be_recorded_is_not_asked():
    decision = desk(FullDisk()).triage(Ticket("INC-1", "help"), as_of=DAY)
    assert (decision.outcome, decision.refusal.reason) == ("ESCALATE_HUMAN", "not_recorded")
    assert "?" not in decision.user_message


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        ("security", "ESCALATE_SECURITY", "security"),
        ("destructive", "REQUIRE_APPROVAL", "approval_required"),
        ("outage", "ESCALATE_HUMAN", "outage"),
    ],
    ids=["security", "approval", "outage"],
)
def test_no_floor_is_lowered_for_want_of_a_record(kind, outcome, reason, tmp_path):
    ticket, risks = Ticket("INC-1", "VPN drops on Wi-Fi"), (RiskSignal(kind, "a pattern"),)
    unrecorded = desk(FullDisk(), risks=risks).triage(ticket, as_of=DAY)
    with a_ledger(tmp_path) as ledger:
        recorded = desk(ledger, risks=risks).triage(ticket, as_of=DAY)
    assert (recorded.outcome, recorded.refusal.reason) == (outcome, reason)
    assert (unrecorded.outcome, unrecorded.refusal.reason) == (outcome, reason)
    assert unrecorded.priority == recorded.priority
    assert not unrecorded.provenance.recorded
    assert not unrecorded.gates[-1].passed


def test_a_refusal_that_cannot_be_recorded_keeps_its_reason():
    decision = desk(FullDisk(), similarity=0.1).triage(Ticket("INC-1", "VPN drops on Wi-Fi"), as_of=DAY)
    assert (decision.outcome, decision.refusal.reason) == ("ESCALATE_HUMAN", "no_match")


def test_everything_of_a_decision_but_words_is_under_its_digest(tmp_path):
    with a_ledger(tmp_path) as ledger:
        decision = desk(ledger).triage(Ticket("INC-1", "VPN drops on Wi-Fi"), as_of=DAY)
        ledger.erase_words(NOON.replace(hour=13))
        kept = ledger.get(decision.decision_id).decision
    assert kept == replace(decision, ticket=replace(decision.ticket, summary="", attachments=()), user_message="")
