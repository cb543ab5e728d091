"""Tickets in every form against a real index: the same decision, risk found wherever it stands, and nothing leaked."""

import json
import logging
import random

import pytest

from api.schemas import DecisionV1
from tests.integration.conftest import AS_OF
from tests.seeded_secrets import FORMATS
from tests.ticket_forms import QUOTED, THREAD, forms

pytestmark = pytest.mark.integration

SUBJECT = "VPN drops every few minutes"
BODY = "The VPN disconnects every few minutes on the hotel wifi. Is there anything I can do?"
RISK = "Somebody encrypted all our files and demands a ransom in bitcoin."
THREADS = {
    "reply": f"{BODY}\n\nOn 19 Nov 2026, at 16:12, Ann <a@b.example> wrote:\n\n{QUOTED}\n> {RISK}\n",
    "outlook": f"{BODY}\n\nFrom: Ann\nSent: 19 November 2026\nTo: desk\nSubject: help\n\n{THREAD}\n\n{RISK}\n",
    "two-deep": f"{BODY}\n\nOn 19 Nov 2026, Ann wrote:\n\n> hello\n>\n> On 18 Nov 2026, Bob wrote:\n>> {RISK}\n",
    "signature": f"{BODY}\n\n-- \nMaggie\n{RISK}\n",
    "chat": f"[10:30] Support: hello\n[10:31] Maggie: {BODY}\n[10:32] Support: is it so that {RISK}\n",
    "form": f"Name: Maggie\nSubject: {SUBJECT}\nDescription: {BODY}\nNotes: {RISK}",
}


@pytest.fixture
def decide(runcite, tmp_path):
    def call(requests):
        path = tmp_path / "in.jsonl"
        path.write_text("".join(json.dumps(request) + "\n" for request in requests), encoding="utf-8")
        code, out, err = runcite("triage", "--as-of", AS_OF, "--batch", path)
        assert code == 0, err
        return [DecisionV1.model_validate_json(line) for line in out.splitlines()], out + err

    return call


def test_every_form_is_decided_as_the_plain_ticket(decide):
    made = {"plain": {"subject": SUBJECT, "body": BODY}} | forms(SUBJECT, BODY)
    decisions, _ = decide(made.values())
    said = {name: (one.outcome, [step.text for step in one.steps]) for name, one in zip(made, decisions, strict=True)}
    assert said["plain"][0] == "GUIDE_USER"
    assert {name: one for name, one in said.items() if one != said["plain"]} == {}


def test_a_risky_sentence_deep_in_a_thread_stops_the_ticket(decide):
    decisions, _ = decide({"subject": SUBJECT, "body": body} for body in THREADS.values())
    outcomes = dict(zip(THREADS, (one.outcome for one in decisions), strict=True))
    assert outcomes == dict.fromkeys(THREADS, "ESCALATE_SECURITY")


def test_no_secret_reaches_a_decision_or_a_log(decide, caplog):
    luck = random.Random(7)
    planted = [make(luck) for make in FORMATS.values() for _ in range(3)]
    with caplog.at_level(logging.DEBUG):
        decisions, said = decide(
            {"subject": f"VPN {written}", "body": f"{BODY}\n{written}\n\nOn 1 Jan 2026, Ann wrote:\n> {written}"}
            for written, _ in planted
        )
    said += caplog.text
    assert [secret for _, secrets in planted for secret in secrets if secret in said] == []
    assert all(one.ticket.scrubbed for one in decisions)
    assert BODY not in caplog.text
