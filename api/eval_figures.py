"""The figures of an evaluation enter; rows of name, figure and meaning leave, for the terminal and for the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.evaluate.compare import Comparison, Difference
from agent.evaluate.figures import EvalReport, Figure, Share

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading."""

    title: str
    rows: tuple[Row, ...]


def sections(report: EvalReport) -> tuple[Section, ...]:
    """Put the figures in order, those that nothing was counted for left out."""
    found = (
        Section("Ranking, of the answerable tickets", tuple(_ranking(report))),
        Section("Confidence, freshness set aside", tuple(_confidence(report))),
        Section("Acting on what counts as the answer, the other gates set aside", tuple(_acting(report))),
        Section("Freshness gate", tuple(_freshness(report))),
        Section("Labels", tuple(_labels(report))),
        Section("Decisions", tuple(_decisions(report))),
        Section("Speed and cost", tuple(_speed(report))),
    )
    return tuple(section for section in found if section.rows)


def comparison_sections(comparison: Comparison) -> tuple[Section, ...]:
    """Put what differs from another run in order."""
    conditions = tuple((_plain(name), f"{old} → {new}", "") for name, old, new in comparison.conditions)
    figures = tuple((NAMES.get(name, _plain(name)), *_gained(one)) for name, one in comparison.figures.items())
    flips = tuple(
        (one.id, f"{_plain(one.before)} → {_plain(one.now)}", f"{one.cause}: {one.article_now or 'no article'}")
        for one in comparison.flips
    )
    return (
        Section(
            "What decided otherwise",
            conditions or (("nothing", "", "the same model, policy, calibration and index"),),
        ),
        Section(f"Before and now, over {comparison.tickets} tickets of both runs", figures),
        Section("Decisions that flipped", flips or (("none", "", ""),)),
    )


NAMES: Mapping[str, str] = {
    "hit_at_1": "hit@1",
    "acted_on": "acted on",
    "auroc": "AUROC",
    "augrc": "AUGRC",
    "coverage_at_5": "coverage at 5 %",
    "coverage_at_1": "coverage at 1 %",
    "ece": "ECE",
}


def size(report: EvalReport) -> str:
    """Say how much was measured."""
    return (
        f"{report.articles} articles, {report.tickets} tickets in {report.groups} groups, {report.answerable} of them "
        "answerable"
    )


def _ranking(report: EvalReport) -> Iterator[Row]:
    yield "hit@1", _share(report.hit_at_1), "the right article ranks first"
    yield "hit@3", _share(report.hit_at_3), "it is among the first three"
    yield "hit@8", _share(report.hit_at_8), "it is among the first eight, which a decision looks at"
    if report.hit_at_1_by_group is not None:
        yield "by group", f"{report.hit_at_1_by_group:.3f}", "hit@1, each group of variants counted once"
    yield "MRR", _figure(report.mrr), "one over the place of the right article, on average"


def _confidence(report: EvalReport) -> Iterator[Row]:
    yield "AUROC", _figure(report.auroc), "how often a right first article gets more confidence than a wrong one"
    yield "AUGRC", _figure(report.augrc), "answered and wrong, over all thresholds; 0 is best"
    yield "coverage", _figure(report.coverage_at_5), "answered rightly if at most 5 % of the answers may be wrong"
    yield "", _figure(report.coverage_at_1), "the same, if at most 1 % may be"
    yield "ECE", _figure(report.ece), "how far confidence is from the share right, on average"


def _acting(report: EvalReport) -> Iterator[Row]:
    acting = report.acting
    yield "threshold", f"{acting.threshold:.2f}", f"calibration: {report.conditions.calibration}"
    yield "acted on", _share(acting.acted), "of all tickets"
    yield "wrong", _share(acting.wrong), "of those acted on"
    yield "answered", _share(acting.answered), "rightly, of the answerable ones"


def _freshness(report: EvalReport) -> Iterator[Row]:
    yield "in date", _share(report.in_date), "of the tickets that matched an article, those whose article is in date"
    if report.stale_refused.n:
        yield "stale refused", _share(report.stale_refused), "overdue articles that matched and were refused"
    yield "acted on stale", str(report.acted_on_stale), "actions on an article that is not in date; must be 0"
    yield "no review date", str(report.refusals.get("freshness_unknown", 0)), "refused because nobody knows"


def _labels(report: EvalReport) -> Iterator[Row]:
    for name, found in report.routing.items():
        yield name, _share(found), "as labelled"
    if report.held.n:
        yield "held", _share(report.held), "for approval or for security, of those that must be"
        yield "acted on held", str(report.acted_on_held), "actions on them; must be 0"


def _decisions(report: EvalReport) -> Iterator[Row]:
    for kind, figures in report.slices.items():
        hit = "" if figures.hit_at_1 is None else f"hit@1 {figures.hit_at_1:.3f}"
        acted = f"{figures.answered} of {figures.n} acted on"
        yield _plain(kind), f"{acted} ({figures.answered_share.low:.3f}–{figures.answered_share.high:.3f})", hit
    refused = sorted(report.refusals.items(), key=lambda item: -item[1])
    yield "refused", ", ".join(f"{count} {_plain(reason)}" for reason, count in refused) or "none", ""


def _speed(report: EvalReport) -> Iterator[Row]:
    yield "latency", _milliseconds(report.latency_p50_ms), "median of a whole triage"
    yield " ", _milliseconds(report.latency_p95_ms), "95 of 100 are quicker"
    cost = "not known" if report.cost_usd is None else f"${report.cost_usd:.4f}"
    yield "cost", cost, f"of {report.tickets} tickets in language models; decided by {report.conditions.decider}"


def _gained(one: Difference) -> tuple[str, str]:
    change = one.change
    told = "–" if change.value is None else f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
    return f"{_number(one.before)} → {_number(one.now)}", told


def _share(share: Share) -> str:
    if share.value is None:
        return "–"
    return f"{share.value:.3f} ({share.low:.3f}–{share.high:.3f}, n = {share.n})"


def _figure(figure: Figure) -> str:
    return "–" if figure.value is None else f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"


def _milliseconds(figure: Figure) -> str:
    return "–" if figure.value is None else f"{figure.value:.0f} ms ({figure.low:.0f}–{figure.high:.0f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _plain(name: str) -> str:
    return name.replace("_", " ")
