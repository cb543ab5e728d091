"""What is on record of a decision is enough to make it again."""

import pytest

from agent.decide.extractive import ExtractiveDecider
from agent.decision import Ruling, Stamp, build_decision
from agent.gates import run_gates
from agent.ledger import Recorded
from agent.models import Case, Requester, Ticket
from agent.schema import Decision
from tests.cases import POLICY, Shelf
from tests.ledgers import DAY, VPN, a_ledger, decided


def made_again(found: Recorded) -> Decision:
    """Decide by the policy that was in force, on what was found and read then."""
    decision, evidence = found.decision, found.evidence
    assert found.words is not None
    requester = Requester(None, evidence.groups, evidence.plan)
    ticket = Ticket(decision.ticket.id, "", None, decision.ticket.channel, requester, decision.identity_verified)
    case = Case(
        ticket, found.words.reading, evidence.retrieval, evidence.candidates, evidence.signals, evidence.index_fault
    )
    library = Shelf(VPN)
    verdict = run_gates(case, POLICY)
    draft = ExtractiveDecider().decide(case, verdict, library)
    stamp = Stamp(decision.decision_id, decision.created_at, decision.provenance)
    return build_decision(case, Ruling(verdict, draft), POLICY, library, stamp)


@pytest.mark.parametrize(
    ("text", "similarity"),
    [("VPN drops on Wi-Fi", 0.8), ("VPN drops on Wi-Fi", 0.1), ("help", 0.8), ("This is NOT working!!! VPN", 0.8)],
    ids=["acted-on", "no-match", "too-little", "frustrated"],
)
def test_the_same_decision_is_made_again(tmp_path, text, similarity):
    case, decision = decided(text, similarity=similarity)
    with a_ledger(tmp_path) as ledger:
        ledger.record(case, decision, DAY)
        found = ledger.get(decision.decision_id)
    assert found is not None
    assert made_again(found) == decision
