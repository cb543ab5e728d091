import json

import pytest
from pydantic import ValidationError

from api.schemas import DecisionV1, IngestRunIn, TicketIn

# Names and order are public API.
DECISION_FIELDS = [
    "schema_version", "decision_id", "created_at", "ticket", "outcome", "action", "category", "classification",
    "priority", "assigned_team", "sentiment", "tags", "has_runbook", "identity_verified", "confidence", "similarity",
    "steps", "user_message", "citations", "refusal", "risk_flag", "escalation", "gates", "provenance", "why",
    "routing",
]  # fmt: skip
CITATION_FIELDS = [
    "n", "use", "article_id", "attached_to", "title", "url", "version", "revision", "section", "quote", "start", "end",
    "similarity", "owner", "freshness",
]  # fmt: skip
FRESHNESS_FIELDS = ["state", "basis", "last_reviewed", "review_by", "valid_until", "age_days", "overdue_days"]
PROVENANCE_FIELDS = [
    "decider", "model", "turns", "tokens", "cost_usd", "degraded", "latency_ms", "embedding", "index_revision",
    "policy_hash", "calibration", "recorded",
]  # fmt: skip


ROUTING_FIELDS = ["category", "classification", "priority", "team", "past_tickets"]
PAST_TICKET_FIELDS = ["example_id", "similarity", "category", "classification", "priority", "team"]


def test_a_decision_has_the_public_fields_in_their_order(decision):
    written = json.loads(decision.model_dump_json())
    assert list(written) == DECISION_FIELDS
    assert list(written["citations"][0]) == CITATION_FIELDS
    assert list(written["citations"][0]["freshness"]) == FRESHNESS_FIELDS
    assert list(written["provenance"]) == PROVENANCE_FIELDS
    assert list(written["routing"]) == ROUTING_FIELDS
    assert list(written["routing"]["team"]) == ["basis", "confidence"]
    assert list(written["routing"]["past_tickets"][0]) == PAST_TICKET_FIELDS


def test_moments_end_in_z_and_days_are_iso(decision):
    written = json.loads(decision.model_dump_json())
    assert written["created_at"] == "2026-11-20T09:00:00Z"
    assert written["citations"][0]["freshness"]["review_by"] == "2027-04-01"
    assert written["citations"][0]["similarity"] == 0.7123


def test_a_decision_reads_back_as_it_was_written(decision, refusal):
    for one in (decision, refusal):
        written = one.model_dump_json()
        assert DecisionV1.model_validate_json(written).model_dump_json() == written


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": " \n\t"},
        {"subject": " ", "body": ""},
        {"text": "a", "body": "b"},
        {"text": "a", "email": "Subject: b\n\nc"},
        {"email": "Subject: b\n\nc", "subject": "b"},
        {"body": "a", "messages": [{"speaker": "user", "text": "a"}]},
        {"messages": []},
        {"messages": [{"speaker": "user", "text": " "}]},
        {"messages": [{"speaker": "user"}]},
        {"messages": [{"speaker": "user", "text": "a", "role": "boss"}]},
        {"text": "a", "prority": "P1"},
        {"text": "a", "requester": {"mail": "x"}},
        {"text": "a", "identity_verified": "yes"},
        {"text": "a", "identity_verified": 1},
        {"text": ["a"]},
        {"text": "a", "channel": "fax"},
        {"text": "a", "id": ""},
        {"text": "a", "requester": {"groups": [""]}},
        {"text": "a", "requester": {"groups": ["g"] * 257}},
    ],
)
def test_a_wrong_ticket_is_refused(body):
    with pytest.raises(ValidationError):
        TicketIn.model_validate(body)


@pytest.mark.parametrize(
    "body",
    [
        {"text": "a"},
        {"subject": "a"},
        {"body": "a"},
        {"subject": "a", "body": ""},
        {"email": "Subject: a\n\nb"},
        {"messages": [{"speaker": "user", "text": "a"}]},
        {"subject": "a", "messages": [{"speaker": "Ann", "text": "a", "role": "agent"}]},
    ],
)
def test_a_ticket_needs_words_in_any_of_its_parts(body):
    assert TicketIn.model_validate(body)


def test_an_ingest_job_is_strict():
    with pytest.raises(ValidationError):
        IngestRunIn.model_validate({"source": "/kb", "allow_mass_delete": "true"})
