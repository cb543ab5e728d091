"""Triage: a ticket enters, one cited decision leaves."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from ulid import ULID

from agent.confidence import CALIBRATION, CosineScale, confidences
from agent.decide.extractive import ExtractiveDecider
from agent.decision import Ruling, Stamp, build_decision
from agent.gates import run_gates
from agent.models import ACTING, AssessedCandidate, Case, Decision, Draft, Provenance, Ticket, Verdict
from agent.policy import Policy
from agent.ports import Decider, Library, Searcher
from agent.reading import read_ticket
from agent.rules import Rules
from agent.verify import own_words, verify
from index.errors import IndexingError
from index.models import Retrieval
from ingest.freshness import assess

CANDIDATES = 8
"""How many articles a decision looks at."""

NOTHING_FOUND = Retrieval(candidates=(), unknown_term_share=1.0, index_revision="unavailable")
"""What an index that cannot be searched has found."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Triager:
    """Decides tickets against one knowledge base under the policy in force."""

    def __init__(
        self,
        searcher: Searcher,
        library: Library,
        decider: Decider,
        rules: Callable[[], Rules],
        embedding: str,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Connect the parts.

        Args:
            searcher: Finds candidates.
            library: Holds the texts that are quoted.
            decider: Drafts decisions.
            rules: Asked for the rules of each decision anew, as the policy may change meanwhile.
            embedding: Name of the embedding model, for the record.
            now: The clock, UTC.
        """
        self._searcher = searcher
        self._library = library
        self._decider = decider
        self._rules = rules
        self._embedding = embedding
        self._now = now

    def triage(self, ticket: Ticket, *, as_of: date | None = None) -> Decision:
        """Decide one ticket; see `explain`."""
        return self.explain(ticket, as_of=as_of)[1]

    def explain(self, ticket: Ticket, *, as_of: date | None = None) -> tuple[Case, Decision]:
        """Decide one ticket and show the facts it was decided on.

        Args:
            ticket: The ticket as it arrived.
            as_of: The day freshness is judged on; today where it is left out.

        Returns:
            The facts and the decision. Handing over to a person is a decision too.

        Raises:
            TicketError: If the ticket cannot be read.
        """
        started = time.perf_counter()
        created_at = self._now()
        reading = read_ticket(ticket)
        rules = self._rules()
        signals = rules.signals.read(ticket, reading)
        try:
            case = self._gather(Case(ticket, reading, NOTHING_FOUND, (), signals), rules, as_of or created_at.date())
            return case, self._decide(case, rules, created_at, started)
        except IndexingError as error:
            # An index that cannot be read is a reason to hand over, as any other is.
            case = Case(ticket, reading, NOTHING_FOUND, (), signals, index_fault=str(error))
            return case, self._decide(case, rules, created_at, started)

    def _decide(self, case: Case, rules: Rules, created_at: datetime, started: float) -> Decision:
        verdict = run_gates(case, rules.policy)
        draft = self._decider.decide(case, verdict, self._library)
        ruling = self._check(case, verdict, draft, rules)
        provenance = Provenance(
            decider="extractive",
            model=None,
            turns=0,
            cost_usd=0.0,
            latency_ms=round((time.perf_counter() - started) * 1000),
            embedding=self._embedding,
            index_revision=case.retrieval.index_revision,
            policy_hash=rules.policy_hash,
            calibration=CALIBRATION,
        )
        stamp = Stamp(str(ULID.from_datetime(created_at)), created_at, provenance)
        return build_decision(case, ruling, rules.policy, self._library, stamp)

    def _gather(self, case: Case, rules: Rules, as_of: date) -> Case:
        audience = case.ticket.requester.audience
        retrieval = self._searcher.retrieve(case.reading.text, audience=audience, limit=CANDIDATES)
        return replace(case, retrieval=retrieval, candidates=self._assess(retrieval, rules.policy, as_of))

    def _assess(self, retrieval: Retrieval, policy: Policy, as_of: date) -> tuple[AssessedCandidate, ...]:
        scale = CosineScale(policy.unrelated_similarity, policy.related_similarity)
        assessed: list[AssessedCandidate] = []
        for candidate, confidence in zip(retrieval.candidates, confidences(retrieval, scale), strict=True):
            article = candidate.article
            freshness = assess(article.metadata, policy.windows, as_of)
            may_act = policy.basis_may_act(freshness, article.source, article.metadata)
            assessed.append(AssessedCandidate(candidate, confidence, freshness, may_act))
        return prefer_replacements(tuple(assessed))

    def _check(self, case: Case, verdict: Verdict, draft: Draft, rules: Rules) -> Ruling:
        """Lower the decision to a person where the draft fails a check; never mend the draft."""
        problems = verify(draft, case, verdict, self._library)
        if promised := rules.signals.promised(own_words(draft, case)):
            problems = (*problems, f"the reply speaks of {promised!r}, which the policy never promises")
        if not problems and not (verdict.outcome in ACTING and draft.outcome == "ESCALATE_HUMAN"):
            return Ruling(verdict, draft)
        detail = "; ".join(problems) or "the article holds nothing that can be quoted as a step"
        lowered = replace(
            verdict,
            outcome="ESCALATE_HUMAN" if verdict.outcome in ACTING else verdict.outcome,
            reason="citation_failed" if verdict.outcome in ACTING else verdict.reason,
            detail=detail,
            what_would_change_it="the article quoting correctly" if problems else "steps in the article",
        )
        return Ruling(lowered, self._fallback(case, lowered))

    def _fallback(self, case: Case, verdict: Verdict) -> Draft:
        return ExtractiveDecider().decide(case, verdict, self._library)


def prefer_replacements(candidates: tuple[AssessedCandidate, ...]) -> tuple[AssessedCandidate, ...]:
    """Put a superseded article behind the article that replaces it, where that was found too.

    Args:
        candidates: Best first.

    Returns:
        The same candidates; order changes only between an article and its replacement.
    """
    order = list(candidates)
    places = {c.candidate.article.article_id: c for c in candidates}
    for old in candidates:
        new = places.get(old.candidate.article.metadata.superseded_by or "")
        if new is not None and new is not old and order.index(old) < order.index(new):
            order.remove(new)
            order.insert(order.index(old), new)
    return tuple(order)
