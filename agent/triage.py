"""Triage: a ticket enters, one cited decision leaves."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from ulid import ULID

from agent.confidence import estimate
from agent.decide.extractive import ExtractiveDecider
from agent.decision import Ruling, Stamp, build_decision
from agent.gates import run_gates
from agent.models import ACTING, AssessedCandidate, Case, DeciderKind, Draft, ModelUse, Quote, Ticket, Verdict
from agent.policy import Policy
from agent.ports import Decider, Library, Searcher
from agent.reading import read_ticket
from agent.rules import Rules
from agent.schema import Decision, Provenance
from agent.verify import own_words, verify
from index.errors import IndexingError
from index.models import NO_SCALE, Retrieval
from ingest.freshness import assess

CANDIDATES = 8
"""How many articles a decision looks at."""

NOTHING_FOUND = Retrieval(candidates=(), unknown_term_share=1.0, scale=NO_SCALE, index_revision="unavailable")
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

    @property
    def policy(self) -> Policy:
        """The policy in force, with the threshold of the calibration in force."""
        return self._rules().policy

    def rules(self) -> Rules:
        """Return the rules in force."""
        return self._rules()

    def triage(self, ticket: Ticket, *, as_of: date | None = None) -> Decision:
        """Decide one ticket; see `explain`."""
        return self.explain(ticket, as_of=as_of)[1]

    def explain(
        self, ticket: Ticket, *, as_of: date | None = None, rules: Rules | None = None
    ) -> tuple[Case, Decision]:
        """Decide one ticket and show the facts it was decided on.

        Args:
            ticket: The ticket as it arrived.
            as_of: The day freshness is judged on; today where it is left out.
            rules: To decide under; those in force where they are left out.

        Returns:
            The facts and the decision. Handing over to a person is a decision too.

        Raises:
            TicketError: If the ticket cannot be read.
        """
        started = time.perf_counter()
        created_at = self._now()
        reading = read_ticket(ticket)
        # From here on only the scrubbed words are to be had.
        ticket = ticket.without_words()
        rules = rules or self._rules()
        signals = rules.signals.read(ticket, reading)
        try:
            case = Case(ticket, reading, NOTHING_FOUND, (), signals, ground=rules.ground)
            case = self._gather(case, rules, as_of or created_at.date())
            return case, self._decide(case, rules, created_at, started)
        except IndexingError as error:
            # An index that cannot be read is a reason to hand over, as any other is.
            case = Case(ticket, reading, NOTHING_FOUND, (), signals, str(error), rules.ground)
            return case, self._decide(case, rules, created_at, started)

    def _decide(self, case: Case, rules: Rules, created_at: datetime, started: float) -> Decision:
        verdict = run_gates(case, rules.policy)
        draft = self._decider.decide(case, verdict, self._library)
        ruling = self._check(case, verdict, draft, rules)
        decider, use = _provenance_of(ruling.draft.model_use)
        provenance = Provenance(
            decider=decider,
            model=use.model or None,
            turns=use.turns,
            tokens=use.tokens,
            cost_usd=use.cost_usd,
            degraded=use.degraded,
            latency_ms=round((time.perf_counter() - started) * 1000),
            embedding=self._embedding,
            index_revision=case.retrieval.index_revision,
            policy_hash=rules.policy_hash,
            calibration=str(case.ground),
            recorded=False,
        )
        stamp = Stamp(str(ULID.from_datetime(created_at)), created_at, provenance)
        return build_decision(case, ruling, rules.policy, self._library, stamp)

    def _gather(self, case: Case, rules: Rules, as_of: date) -> Case:
        audience = case.ticket.requester.audience
        retrieval = self._searcher.retrieve(case.reading.query, audience=audience, limit=CANDIDATES)
        return replace(case, retrieval=retrieval, candidates=self._assess(retrieval, rules, as_of))

    def _assess(self, retrieval: Retrieval, rules: Rules, as_of: date) -> tuple[AssessedCandidate, ...]:
        assessed: list[AssessedCandidate] = []
        policy = rules.policy
        for candidate, one in zip(retrieval.candidates, estimate(retrieval, rules.coefficients), strict=True):
            article = candidate.article
            freshness = assess(article.metadata, policy.windows, as_of)
            may_act = policy.basis_may_act(freshness, article.source, article.metadata)
            assessed.append(AssessedCandidate(candidate, one.confidence, freshness, may_act, one.why))
        assessed.sort(key=lambda one: -one.confidence)
        return prefer_replacements(tuple(assessed))

    def _check(self, case: Case, verdict: Verdict, draft: Draft, rules: Rules) -> Ruling:
        """Lower the decision to a person where the draft fails a check; never mend the draft."""
        problems = verify(draft, case, verdict, self._library)
        if promised := rules.signals.promised(own_words(draft, case)):
            problems = (*problems, f"the reply speaks of {promised!r}, which the policy never promises")
        if problems:
            return self._lowered(case, verdict, draft, "; ".join(problems), "the article quoting correctly")
        if draft.declined is not None:
            remedy = "a person's judgement" if draft.outcome == "ESCALATE_HUMAN" else "the answer to the question"
            declined = replace(
                verdict,
                outcome=draft.outcome,
                reason="model_declined",
                detail=draft.declined,
                what_would_change_it=remedy,
            )
            return Ruling(declined, draft)
        draft = replace(draft, steps=tuple(self._as_stored(quote) for quote in draft.steps))
        if verdict.outcome in ACTING and draft.outcome == "ESCALATE_HUMAN":
            detail = "the article holds no step that is meant for the requester and can be quoted"
            return self._lowered(case, verdict, draft, detail, "steps for the requester in the article")
        return Ruling(verdict, draft)

    def _as_stored(self, quote: Quote) -> Quote:
        """Return a quote that was checked as its article has it, to the last sign."""
        revision = self._library.revision(quote.article_id, quote.revision)
        return replace(quote, text=revision.text[quote.start : quote.end]) if revision else quote

    def _lowered(self, case: Case, verdict: Verdict, draft: Draft, detail: str, remedy: str) -> Ruling:
        acting = verdict.outcome in ACTING
        lowered = replace(
            verdict,
            outcome="ESCALATE_HUMAN" if acting else verdict.outcome,
            reason="citation_failed" if acting else verdict.reason,
            detail=detail,
            what_would_change_it=remedy,
        )
        fallback = ExtractiveDecider().decide(case, lowered, self._library)
        return Ruling(lowered, replace(fallback, model_use=draft.model_use))


def _provenance_of(use: ModelUse | None) -> tuple[DeciderKind, ModelUse]:
    """Say who worded a draft, and what a model did for it."""
    if use is None:
        return "extractive", ModelUse("", 0, 0, 0.0)
    return "extractive" if use.degraded else "llm", use


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
