"""Runs a triager over labelled tickets: a dataset enters, one line per ticket leaves."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.evaluate.acting import acting_score, article_of
from agent.evaluate.dataset import LabelledTicket, LabelledTickets
from agent.models import ACTING, AssessedCandidate, Case, Outcome, RefusalReason
from agent.policy import ACTING_STATES, Policy
from agent.schema import Decision
from agent.triage import Triager
from ingest.models import Priority

OUT_OF_DATE: tuple[RefusalReason, ...] = ("stale", "expired", "superseded")


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of a ticket.

    Attributes:
        outcome: The outcome.
        reason: Why it is a refusal, if it is one.
        article: The article that came out first, whatever became of it.
        revision: That article's revision.
        category: Its category.
        team: Who gets it.
        priority: How urgent it is.
        matched: Whether that article counts as the answer.
        in_date: Whether what it matches is in date; `None` where nothing matched.
        acted_out_of_date: Whether it acts on an article that is not in date. Must never be.
    """

    outcome: Outcome
    reason: RefusalReason | None
    article: str | None
    revision: str | None
    category: str | None
    team: str
    priority: Priority
    matched: bool
    in_date: bool | None
    acted_out_of_date: bool

    @property
    def acts(self) -> bool:
        """Whether the user is handed something to act on."""
        return self.outcome in ACTING


@dataclass(frozen=True, slots=True)
class Labelling:
    """What the dataset says of a ticket; `None` where it says nothing."""

    answerable: bool
    stale: bool
    outcome: Outcome | None
    category: str | None
    team: str | None
    priority: Priority | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one labelled ticket.

    Attributes:
        id: The ticket.
        group: Its group.
        slice: What kind of ticket it is.
        label: What the dataset says of it.
        decided: What was decided.
        rank: Place of the first right article, from 1, acceptable ones taken out; `None` where it was not found.
        found: Whether the article that matches is a right one.
        confidence: Of the article that ranks first, acceptable ones taken out.
        score: The confidence it would be acted on with, the other gates set aside; -1 where at none.
        wrong: Whether acting on it would be a mistake.
        latency_ms: Wall time of the whole triage.
        cost_usd: What asking a language model cost; `None` where that is not known.
    """

    id: str
    group: str
    slice: str
    label: Labelling
    decided: Decided
    rank: int | None
    found: bool
    confidence: float
    score: float
    wrong: bool
    latency_ms: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a run was made with, for telling why another one differs."""

    embedding: str
    decider: str
    policy_hash: str
    calibration: str
    index_revision: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Run:
    """A dataset's tickets as they were decided.

    Attributes:
        dataset: Its name.
        articles: How many articles the index holds.
        conditions: What decided.
        answers: In the dataset's order.
    """

    dataset: str
    articles: int
    conditions: Conditions
    answers: tuple[Answer, ...]


def evaluate(
    dataset: LabelledTickets, triager: Triager, articles: int, on_ticket: Callable[[], None] = lambda: None
) -> Run:
    """Run every ticket of a dataset.

    Args:
        dataset: The labelled tickets.
        triager: Over an index of what they are about.
        articles: How many articles that index holds.
        on_ticket: Called after each ticket, for a progress bar.
    """
    answers: list[Answer] = []
    decision: Decision | None = None
    for ticket in dataset.tickets:
        started = time.perf_counter()
        case, decision = triager.explain(ticket.ticket, as_of=dataset.as_of)
        latency_ms = (time.perf_counter() - started) * 1000
        answers.append(_answer(ticket, case, decision, triager.policy, latency_ms))
        on_ticket()
    return Run(dataset.name, articles, _conditions(decision, triager.policy), tuple(answers))


def _answer(ticket: LabelledTicket, case: Case, decision: Decision, policy: Policy, latency_ms: float) -> Answer:
    ranked = [(_id(one), one.confidence) for one in case.candidates if _id(one) not in ticket.acceptable]
    labels = ticket.labels
    return Answer(
        id=ticket.id,
        group=ticket.group,
        slice=ticket.slice,
        label=Labelling(
            bool(ticket.expected), ticket.stale, labels.outcome, labels.category, labels.team, labels.priority
        ),
        decided=_decided(case, decision),
        rank=next((place for place, (id_, _) in enumerate(ranked, 1) if id_ in ticket.expected), None),
        found=decision.has_runbook and article_of(case) in ticket.expected,
        confidence=ranked[0][1] if ranked else 0.0,
        score=acting_score(case, policy),
        wrong=article_of(case) not in ticket.right,
        latency_ms=latency_ms,
        cost_usd=decision.provenance.cost_usd,
    )


def _decided(case: Case, decision: Decision) -> Decided:
    best = case.best
    in_date = best.freshness.state in ACTING_STATES if best and decision.has_runbook else None
    acts = decision.outcome in ACTING
    return Decided(
        outcome=decision.outcome,
        reason=decision.refusal.reason if decision.refusal else None,
        article=article_of(case),
        revision=best.candidate.article.revision if best else None,
        category=decision.category,
        team=decision.assigned_team,
        priority=decision.priority,
        matched=decision.has_runbook,
        in_date=in_date,
        acted_out_of_date=acts and any(c.freshness.state not in ACTING_STATES for c in decision.citations),
    )


def _conditions(decision: Decision | None, policy: Policy) -> Conditions:
    made = decision.provenance if decision else None
    return Conditions(
        embedding=made.embedding if made else "",
        decider=(made.model or made.decider) if made else "",
        policy_hash=made.policy_hash if made else "",
        calibration=made.calibration if made else "",
        index_revision=made.index_revision if made else "",
        threshold=policy.min_confidence,
    )


def _id(candidate: AssessedCandidate) -> str:
    return candidate.candidate.article.article_id
