"""The ledger: decisions with what they were made of enter, one by one and for good; lists, records and proofs leave."""

from agent.ledger.anchor import Anchor, Head
from agent.ledger.audit import Anchors, AuditReport, Fault, verify_export
from agent.ledger.ledger import Ledger
from agent.ledger.models import AuditEntry, AuditKind, DecisionQuery, Evidence, Recorded, RecordedLine, Words

__all__ = [
    "Anchor",
    "Anchors",
    "AuditEntry",
    "AuditKind",
    "AuditReport",
    "DecisionQuery",
    "Evidence",
    "Fault",
    "Head",
    "Ledger",
    "Recorded",
    "RecordedLine",
    "Words",
    "verify_export",
]
