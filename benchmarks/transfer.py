"""Ranking and confidence on each labelled corpus by a model fitted to the other corpora alone."""

import sys
from collections.abc import Iterator

from agent.triage import CANDIDATES
from benchmarks.figure import Figure
from benchmarks.fit_confidence import FITTED, REPORTED, Result, left_out
from benchmarks.labelled import available, gather

TARGETS = {
    "prom_runbooks": (0.96, 0.985, 0.88, 0.75),
    "govuk_alerts": (0.84, 0.965, 0.68, 0.50),
    "clinc150_intents": (0.91, 0.95, 0.78, 0.55),
}
"""hit@1, AUROC, coverage at 5 % and at 1 % wrong."""
MOST_ECE = 0.05


def measure() -> list[Figure]:
    """Fit without each corpus in turn, and measure on it."""
    names = available()
    if set(FITTED) - set(names):
        print("transfer: not all labelled corpora are here; set RUNCITE_EVAL_DATA to their folder", file=sys.stderr)
        return []
    corpora = {corpus.name: corpus.first(CANDIDATES) for corpus in gather(names)}
    return [figure for name in REPORTED for figure in _figures(left_out(name, corpora))]


def _figures(result: Result) -> Iterator[Figure]:
    labels = ("hit@1", "AUROC of confidence", "coverage at ≤ 5 % wrong", "coverage at ≤ 1 % wrong")
    values = (result.hit_at_1, result.auroc or 0.0, result.coverage_at_5, result.coverage_at_1)
    spreads = (None, None, result.coverage_at_5_interval, result.coverage_at_1_interval)
    for label, value, least, spread in zip(
        labels, values, TARGETS.get(result.corpus, (None,) * 4), spreads, strict=True
    ):
        yield _figure(f"{result.corpus}, fitted without it: {label}", value, least, spread)
    yield Figure(
        f"{result.corpus}, fitted without it: calibration error",
        f"{result.ece:.3f}",
        f"≤ {MOST_ECE}",
        result.ece <= MOST_ECE,
        "–",
        "`python -m benchmarks.fit_confidence`",
    )


def _figure(name: str, value: float, least: float | None, spread: tuple[float, float] | None) -> Figure:
    target, met = ("–", None) if least is None else (f"≥ {least:g}", value >= least)
    between = "–" if spread is None else f"95 % {spread[0]:.3f}–{spread[1]:.3f}"
    return Figure(name, f"{value:.3f}", target, met, between, "`python -m benchmarks.fit_confidence`")
