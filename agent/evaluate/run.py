"""Runs a triager over labelled tickets: a dataset enters, a report leaves."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.evaluate.dataset import Dataset, LabelledTicket
from agent.evaluate.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    augrc,
    auroc,
    bootstrap,
    calibration_error,
    coverage_at,
    hit_at,
    wilson,
)
from agent.models import ACTING, AssessedCandidate, Case
from agent.policy import ACTING_STATES
from agent.schema import Decision
from agent.triage import Triager


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one labelled ticket.

    Attributes:
        ticket: The ticket.
        rank: Place of the first right article, from 1, acceptable ones taken out; `None` where it was not found.
        found: Whether the article the decision is about is a right one.
        confidence: Of the article that would be answered with.
        decision: The decision.
        latency_ms: Wall time of the whole triage.
    """

    ticket: LabelledTicket
    rank: int | None
    found: bool
    confidence: float
    decision: Decision
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its 95 % Wilson interval; `value` is `None` where nothing was counted."""

    value: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class SliceReport:
    """The tickets of one kind: how many, how many were answered, and with what outcomes."""

    n: int
    hit_at_1: float | None
    answered: int
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The figures of one evaluation.

    Attributes:
        dataset: Name of the dataset.
        articles: How many articles the index holds.
        tickets: How many tickets were run.
        answerable: How many of them have an answer.
        hit_at_1: Share of answerable tickets whose right article ranks first.
        hit_at_3: The same for the first three.
        hit_at_1_by_group: Mean of that share within each group of tickets that are variants of each other.
        mrr: Mean over answerable tickets of one over the place of the right article.
        auroc: Of confidence, a right first article against all else. This and what follows, up to `ece`, sets freshness
            aside and leaves out soft tickets, about which people may differ.
        augrc: Area under the generalised risk curve of confidence: 0 is best.
        coverage_at_5: Share of answerable tickets answered rightly at 5 % wrong answers.
        coverage_at_5_interval: Its 95 % interval, by drawing groups of tickets again.
        coverage_at_1: The same at 1 %.
        coverage_at_1_interval: Its 95 % interval.
        ece: How far stated confidence is from the share right, on average.
        stale_found: Of the tickets whose article is overdue, those where it was found and matched.
        stale_refused: Of those, the ones refused for its freshness.
        acted_on_stale: Decisions that act on an article that is not in date. Must be 0.
        refusals: Decisions by refusal reason.
        slices: Figures by kind of ticket.
        latency_p50_ms: Median wall time of a triage.
        latency_p95_ms: 95th percentile.
    """

    dataset: str
    articles: int
    tickets: int
    answerable: int
    hit_at_1: Share
    hit_at_3: Share
    hit_at_1_by_group: float | None
    mrr: float | None
    auroc: float | None
    augrc: float
    coverage_at_5: float
    coverage_at_5_interval: tuple[float, float]
    coverage_at_1: float
    coverage_at_1_interval: tuple[float, float]
    ece: float
    stale_found: int
    stale_refused: Share
    acted_on_stale: int
    refusals: dict[str, int]
    slices: dict[str, SliceReport]
    latency_p50_ms: float
    latency_p95_ms: float


@dataclass(frozen=True, slots=True)
class _Sure:
    """How sure the first article of each ticket was, and whether it was right: arrays `(n_tickets,)`."""

    confidence: FloatArray
    right: BoolArray
    answerable: BoolArray
    groups: list[str]

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "_Sure":
        return cls(
            confidence=np.array([a.confidence for a in answers], dtype=np.float64),
            right=np.array([a.rank == 1 for a in answers], dtype=np.bool_),
            answerable=np.array([bool(a.ticket.expected) for a in answers], dtype=np.bool_),
            groups=[a.ticket.group for a in answers],
        )

    def coverage(self, max_wrong: float) -> float:
        return coverage_at(self.confidence, self.right, int(self.answerable.sum()), max_wrong)[0]

    def interval(self, max_wrong: float) -> tuple[float, float]:
        def drawn(rows: IntArray) -> float:
            answerable = int(self.answerable[rows].sum())
            return coverage_at(self.confidence[rows], self.right[rows], answerable, max_wrong)[0]

        return bootstrap(self.groups, drawn)


def answer(ticket: LabelledTicket, dataset: Dataset, triager: Triager) -> Answer:
    """Triage one labelled ticket."""
    started = time.perf_counter()
    case, decision = triager.explain(ticket.ticket, as_of=dataset.as_of)
    latency_ms = (time.perf_counter() - started) * 1000
    ranked = _ranked(case, ticket)
    confidence = ranked[0][1] if ranked else 0.0
    rank = next((place for place, (id_, _) in enumerate(ranked, 1) if id_ in ticket.expected), None)
    found = decision.has_runbook and case.best is not None and _id(case.best) in ticket.expected
    return Answer(ticket, rank, found, confidence, decision, latency_ms)


def evaluate(
    dataset: Dataset, triager: Triager, articles: int, on_ticket: Callable[[], None] = lambda: None
) -> EvalReport:
    """Run every ticket of a dataset.

    Args:
        dataset: The labelled tickets.
        triager: Over an index of the dataset's pages.
        articles: How many articles that index holds.
        on_ticket: Called after each ticket, for a progress bar.
    """
    answers: list[Answer] = []
    for ticket in dataset.tickets:
        answers.append(answer(ticket, dataset, triager))
        on_ticket()
    return report(dataset.name, answers, articles)


def report(name: str, answers: Sequence[Answer], articles: int) -> EvalReport:
    """Count the answers up."""
    answerable = [a for a in answers if a.ticket.expected]
    sure = _Sure.of([a for a in answers if a.ticket.slice != "soft"])
    stale = [a for a in answers if a.ticket.stale]
    found = [a for a in stale if a.found]
    latencies = np.array([a.latency_ms for a in answers])
    return EvalReport(
        dataset=name,
        articles=articles,
        tickets=len(answers),
        answerable=len(answerable),
        hit_at_1=_share([a.rank == 1 for a in answerable]),
        hit_at_3=_share([a.rank is not None and a.rank <= 3 for a in answerable]),
        hit_at_1_by_group=_by_group(answerable),
        mrr=float(np.mean([1 / a.rank if a.rank else 0.0 for a in answerable])) if answerable else None,
        auroc=auroc(sure.confidence, sure.right),
        augrc=augrc(sure.confidence, sure.right),
        coverage_at_5=sure.coverage(0.05),
        coverage_at_5_interval=sure.interval(0.05),
        coverage_at_1=sure.coverage(0.01),
        coverage_at_1_interval=sure.interval(0.01),
        ece=calibration_error(sure.confidence, sure.right),
        stale_found=len(found),
        stale_refused=_share([_refused_for_freshness(a.decision) for a in found]),
        acted_on_stale=sum(_acted_out_of_date(a.decision) for a in answers),
        refusals=dict(Counter(a.decision.refusal.reason for a in answers if a.decision.refusal)),
        slices={kind: _slice([a for a in answers if a.ticket.slice == kind]) for kind in _kinds(answers)},
        latency_p50_ms=float(np.percentile(latencies, 50)),
        latency_p95_ms=float(np.percentile(latencies, 95)),
    )


def _ranked(case: Case, ticket: LabelledTicket) -> list[tuple[str, float]]:
    pairs = ((_id(c), c.confidence) for c in case.candidates)
    return [(article_id, confidence) for article_id, confidence in pairs if article_id not in ticket.acceptable]


def _id(candidate: AssessedCandidate) -> str:
    return candidate.candidate.article.article_id


def _refused_for_freshness(decision: Decision) -> bool:
    return decision.refusal is not None and decision.refusal.reason in ("stale", "expired", "superseded")


def _acted_out_of_date(decision: Decision) -> bool:
    return decision.outcome in ACTING and any(c.freshness.state not in ACTING_STATES for c in decision.citations)


def _by_group(answerable: Sequence[Answer]) -> float | None:
    hits: dict[str, list[bool]] = {}
    for one in answerable:
        hits.setdefault(one.ticket.group, []).append(one.rank == 1)
    return float(np.mean([np.mean(own) for own in hits.values()])) if hits else None


def _kinds(answers: Sequence[Answer]) -> list[str]:
    return sorted({a.ticket.slice for a in answers})


def _slice(answers: Sequence[Answer]) -> SliceReport:
    ranks = [a.rank for a in answers if a.ticket.expected]
    return SliceReport(
        n=len(answers),
        hit_at_1=hit_at(ranks, 1),
        answered=sum(a.decision.outcome in ACTING for a in answers),
        outcomes=dict(Counter(a.decision.outcome for a in answers)),
    )


def _share(hits: Sequence[bool]) -> Share:
    n, successes = len(hits), sum(hits)
    low, high = wilson(successes, n)
    return Share(successes / n if n else None, low, high, n)
