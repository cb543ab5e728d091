"""Decided tickets enter, figures with their intervals leave."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.evaluate.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    augrc,
    auroc,
    bootstrap,
    calibration_error,
    clopper_pearson,
    coverage_at,
    hit_at,
    reliability,
    risk_coverage,
    wilson,
)
from agent.evaluate.run import OUT_OF_DATE, Answer, Ground, Run

HELD: frozenset[str] = frozenset({"REQUIRE_APPROVAL", "ESCALATE_SECURITY"})
"""The outcomes of a ticket that nothing may be done about without somebody's word."""


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its 95 % interval; `value` is `None` where nothing was counted."""

    value: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval, by drawing groups of tickets again; `value` is `None` where it has none."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Tickets of about the same confidence: what was stated, and what came of it."""

    stated: float
    right: Share


@dataclass(frozen=True, slots=True)
class SliceReport:
    """The tickets of one kind: how many, how many were answered, and with what outcomes."""

    n: int
    hit_at_1: float | None
    answered: int
    answered_share: Share
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class ActingReport:
    """What the threshold in force comes to, freshness and the other gates set aside; soft tickets are left out.

    Attributes:
        threshold: Confidence from which an article counts as the answer.
        acted: Share of the tickets that would be acted on.
        wrong: Share of those that would be acted on wrongly, with its Clopper-Pearson interval.
        answered: Share of the answerable tickets that would be answered rightly.
    """

    threshold: float
    acted: Share
    wrong: Share
    answered: Share


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The figures of one evaluation.

    Attributes:
        dataset: Name of the dataset.
        ground: What decided.
        articles: How many articles the index holds.
        tickets: How many tickets were run.
        groups: How many groups they form.
        answerable: How many of them have an answer.
        hit_at_1: Share of answerable tickets whose right article ranks first.
        hit_at_3: The same for the first three.
        hit_at_8: The same for the first eight.
        hit_at_1_by_group: Mean of that share within each group of tickets that are variants of each other.
        mrr: Mean over answerable tickets of one over the place of the right article.
        auroc: Of confidence, a right first article against all else. This and what follows, up to `acting`, sets
            freshness aside and leaves out soft tickets, about which people may differ.
        augrc: Area under the generalised risk curve of confidence: 0 is best.
        coverage_at_5: Share of answerable tickets answered rightly at 5 % wrong answers, at the best threshold in
            hindsight.
        coverage_at_1: The same at 1 %.
        ece: How far stated confidence is from the share right, on average.
        reliability: The same in ten groups of equally many tickets.
        risk_coverage: Share answered and share of those wrong, from the surest ticket on.
        acting: What the threshold in force comes to.
        stale_found: Of the tickets whose article is overdue, those where it was found and matched.
        stale_refused: Of those, the ones refused for its freshness.
        acted_on_stale: Decisions that act on an article that is not in date. Must be 0.
        in_date: Share of the tickets that matched an article whose article is in date.
        routing: Share of labelled tickets decided as labelled: outcome, category, team and priority.
        held: Share of the tickets to be held, for approval or for security, that were.
        acted_on_held: How many of these were acted on. Must be 0.
        refusals: Decisions by refusal reason.
        slices: Figures by kind of ticket.
        latency_p50_ms: Median wall time of a triage.
        latency_p95_ms: 95th percentile.
        cost_usd: What all tickets cost in language models; `None` where a price is not known.
    """

    dataset: str
    ground: Ground
    articles: int
    tickets: int
    groups: int
    answerable: int
    hit_at_1: Share
    hit_at_3: Share
    hit_at_8: Share
    hit_at_1_by_group: float | None
    mrr: Figure
    auroc: Figure
    augrc: Figure
    coverage_at_5: Figure
    coverage_at_1: Figure
    ece: Figure
    reliability: tuple[Bin, ...]
    risk_coverage: tuple[tuple[float, float], ...]
    acting: ActingReport
    stale_found: int
    stale_refused: Share
    acted_on_stale: int
    in_date: Share
    routing: dict[str, Share]
    held: Share
    acted_on_held: int
    refusals: dict[str, int]
    slices: dict[str, SliceReport]
    latency_p50_ms: Figure
    latency_p95_ms: Figure
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure the first article of each ticket was, and whether it was right: arrays `(n_tickets,)`."""

    confidence: FloatArray
    right: BoolArray
    answerable: BoolArray

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Sure":
        """Take them from answers."""
        return cls(
            confidence=np.array([a.confidence for a in answers], dtype=np.float64),
            right=np.array([a.rank == 1 for a in answers], dtype=np.bool_),
            answerable=np.array([a.label.answerable for a in answers], dtype=np.bool_),
        )

    def at(self, rows: IntArray) -> "Sure":
        """Take some rows, again and again where they are named so."""
        return Sure(self.confidence[rows], self.right[rows], self.answerable[rows])

    def coverage(self, max_wrong: float) -> float:
        """Return the coverage at a share of wrong answers."""
        return coverage_at(self.confidence, self.right, int(self.answerable.sum()), max_wrong)[0]


SURE_FIGURES: dict[str, Callable[[Sure], float | None]] = {
    "auroc": lambda sure: auroc(sure.confidence, sure.right),
    "augrc": lambda sure: augrc(sure.confidence, sure.right),
    "coverage_at_5": lambda sure: sure.coverage(0.05),
    "coverage_at_1": lambda sure: sure.coverage(0.01),
    "ece": lambda sure: calibration_error(sure.confidence, sure.right),
}
"""What is computed from how sure the first articles were."""


def report(run: Run) -> EvalReport:
    """Count the answers of a run up."""
    answers = run.answers
    answerable = [a for a in answers if a.label.answerable]
    firm = without_soft(answers)
    sure = Sure.of(firm)
    stale = [a for a in answers if a.label.stale and a.found]
    held = [a for a in answers if a.label.outcome in HELD]
    latency = [a.latency_ms for a in answers]
    costs = [a.cost_usd for a in answers]
    return EvalReport(
        dataset=run.dataset,
        ground=run.ground,
        articles=run.articles,
        tickets=len(answers),
        groups=len({a.group for a in answers}),
        answerable=len(answerable),
        hit_at_1=_hits(answerable, 1),
        hit_at_3=_hits(answerable, 3),
        hit_at_8=_hits(answerable, 8),
        hit_at_1_by_group=_by_group(answerable),
        mrr=_mean(answerable, [1 / a.rank if a.rank else 0.0 for a in answerable]),
        auroc=_sure_figure(firm, sure, "auroc"),
        augrc=_sure_figure(firm, sure, "augrc"),
        coverage_at_5=_sure_figure(firm, sure, "coverage_at_5"),
        coverage_at_1=_sure_figure(firm, sure, "coverage_at_1"),
        ece=_sure_figure(firm, sure, "ece"),
        reliability=_bins(sure),
        risk_coverage=risk_coverage(sure.confidence, sure.right),
        acting=_acting(firm, run.ground.threshold),
        stale_found=len(stale),
        stale_refused=share([a.decided.reason in OUT_OF_DATE for a in stale]),
        acted_on_stale=sum(a.decided.acted_out_of_date for a in answers),
        in_date=share([bool(a.decided.in_date) for a in answers if a.decided.matched]),
        routing=_routing(answers),
        held=share([a.decided.outcome in HELD for a in held]),
        acted_on_held=sum(a.decided.acts for a in held),
        refusals=dict(Counter(a.decided.reason for a in answers if a.decided.reason)),
        slices={kind: _slice([a for a in answers if a.slice == kind]) for kind in sorted({a.slice for a in answers})},
        latency_p50_ms=_percentile(answers, latency, 50),
        latency_p95_ms=_percentile(answers, latency, 95),
        cost_usd=None if None in costs else float(sum(cost or 0.0 for cost in costs)),
    )


def without_soft(answers: Sequence[Answer]) -> list[Answer]:
    """Leave out the tickets about which people may differ."""
    return [a for a in answers if a.slice != "soft"]


def share(hits: Sequence[bool]) -> Share:
    """Return the share of hits with its Wilson interval."""
    n, successes = len(hits), sum(hits)
    low, high = wilson(successes, n)
    return Share(successes / n if n else None, low, high, n)


def _exact(hits: Sequence[bool]) -> Share:
    low, high = clopper_pearson(sum(hits), len(hits))
    return Share(sum(hits) / len(hits) if hits else None, low, high, len(hits))


def _hits(answerable: Sequence[Answer], k: int) -> Share:
    return share([a.rank is not None and a.rank <= k for a in answerable])


def _sure_figure(answers: Sequence[Answer], sure: Sure, name: str) -> Figure:
    figure = SURE_FIGURES[name]

    def drawn(rows: IntArray) -> float:
        value = figure(sure.at(rows))
        return float("nan") if value is None else value

    return Figure(figure(sure), *bootstrap([a.group for a in answers], drawn))


def _mean(answers: Sequence[Answer], values: Sequence[float]) -> Figure:
    array = np.array(values)
    drawn = bootstrap([a.group for a in answers], lambda rows: float(array[rows].mean()))
    return Figure(float(array.mean()) if len(array) else None, *drawn)


def _percentile(answers: Sequence[Answer], values: Sequence[float], percent: int) -> Figure:
    array = np.array(values)
    drawn = bootstrap([a.group for a in answers], lambda rows: float(np.percentile(array[rows], percent)))
    return Figure(float(np.percentile(array, percent)) if len(array) else None, *drawn)


def _bins(sure: Sure) -> tuple[Bin, ...]:
    return tuple(
        Bin(stated, share([bool(one) for one in right])) for stated, right in reliability(sure.confidence, sure.right)
    )


def _acting(firm: Sequence[Answer], threshold: float) -> ActingReport:
    acted = [a for a in firm if a.score >= threshold]
    return ActingReport(
        threshold=threshold,
        acted=share([a.score >= threshold for a in firm]),
        wrong=_exact([a.wrong for a in acted]),
        answered=share([a.score >= threshold and not a.wrong for a in firm if a.label.answerable]),
    )


def _routing(answers: Sequence[Answer]) -> dict[str, Share]:
    found = {}
    for name in ("outcome", "category", "team", "priority"):
        labelled = [a for a in answers if getattr(a.label, name) is not None]
        if labelled:
            found[name] = share([getattr(a.decided, name) == getattr(a.label, name) for a in labelled])
    return found


def _by_group(answerable: Sequence[Answer]) -> float | None:
    hits: dict[str, list[bool]] = {}
    for one in answerable:
        hits.setdefault(one.group, []).append(one.rank == 1)
    return float(np.mean([np.mean(own) for own in hits.values()])) if hits else None


def _slice(answers: Sequence[Answer]) -> SliceReport:
    return SliceReport(
        n=len(answers),
        hit_at_1=hit_at([a.rank for a in answers if a.label.answerable], 1),
        answered=sum(a.decided.acts for a in answers),
        answered_share=share([a.decided.acts for a in answers]),
        outcomes=dict(Counter(a.decided.outcome for a in answers)),
    )
