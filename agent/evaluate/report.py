"""Decided tickets enter, figures with their intervals leave."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.evaluate.figures import ActingReport, Bin, EvalReport, Figure, Share, SliceReport
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
from agent.evaluate.run import OUT_OF_DATE, Answer, Run

HELD: frozenset[str] = frozenset({"REQUIRE_APPROVAL", "ESCALATE_SECURITY"})
"""The outcomes of a ticket that nothing may be done about without somebody's word."""


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
        conditions=run.conditions,
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
        acting=_acting(firm, run.conditions.threshold),
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
