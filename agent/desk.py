"""A ticket enters, a decision that is recorded leaves; what cannot be recorded acts on nothing and asks nobody."""

from dataclasses import replace
from datetime import date

from agent.decide.extractive import ExtractiveDecider
from agent.decision import Ruling, Stamp, build_decision
from agent.errors import LedgerError
from agent.models import ACTING, Case, GateResult, Outcome, Ticket, Verdict
from agent.ports import Library, Recorder
from agent.rules import Rules
from agent.schema import Decision
from agent.triage import Triager
from index.errors import IndexingError

RECORD_GATE = "record"
"""Stands behind the others in a decision that could not be recorded, and in no other."""

_NEEDS_RECORD: frozenset[Outcome] = ACTING | {"NEED_INFO"}
"""The outcomes that reach the requester without a person."""


class Desk:
    """Decides tickets for good: each decision is on record before anybody hears of it."""

    def __init__(self, triager: Triager, recorder: Recorder, library: Library) -> None:
        """Connect the parts.

        Args:
            triager: Decides.
            recorder: Keeps what was decided.
            library: Holds the texts that are quoted.
        """
        self._triager = triager
        self._recorder = recorder
        self._library = library

    def triage(self, ticket: Ticket, *, as_of: date | None = None) -> Decision:
        """Decide one ticket and record the decision.

        Args:
            ticket: The ticket as it arrived.
            as_of: The day freshness is judged on; today where it is left out.

        Returns:
            The decision. Its `provenance.recorded` is false where it could not be recorded; then a person takes over.

        Raises:
            TicketError: If the ticket cannot be read.
        """
        rules = self._triager.rules()
        case, decision = self._triager.explain(ticket, as_of=as_of, rules=rules)
        recorded = replace(decision, provenance=replace(decision.provenance, recorded=True))
        try:
            self._recorder.record(case, recorded, as_of or decision.created_at.date())
        except LedgerError as error:
            return self._handed_over(case, decision, rules, f"the decision could not be recorded: {error}")
        return recorded

    def _handed_over(self, case: Case, decision: Decision, rules: Rules, detail: str) -> Decision:
        gates = (*decision.gates, GateResult(RECORD_GATE, passed=False, detail=detail))
        if decision.outcome not in _NEEDS_RECORD:
            return replace(decision, gates=gates)
        verdict = Verdict("ESCALATE_HUMAN", "not_recorded", detail, "a ledger that can be written", gates)
        try:
            return self._built(case, verdict, decision, rules)
        except IndexingError as error:
            # The texts are in the file that has just failed: without them there is nothing to quote for review.
            bare = replace(case, candidates=(), index_fault=str(error))
            return self._built(bare, verdict, decision, rules)

    def _built(self, case: Case, verdict: Verdict, decision: Decision, rules: Rules) -> Decision:
        draft = ExtractiveDecider().decide(case, verdict, self._library)
        stamp = Stamp(decision.decision_id, decision.created_at, decision.provenance)
        return build_decision(case, Ruling(verdict, draft), rules.policy, self._library, stamp)
