"""What an evaluation is summed up in: figures, each with its 95 % interval."""

from dataclasses import dataclass

from agent.evaluate.run import Conditions


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
        conditions: What decided.
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
    conditions: Conditions
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
