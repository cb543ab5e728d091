"""Two runs over the same tickets enter; what differs, how surely, and which decisions flipped and why, leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from agent.errors import DatasetError
from agent.evaluate.figures import Figure
from agent.evaluate.metrics import IntArray, bootstrap
from agent.evaluate.report import SURE_FIGURES, Sure, without_soft
from agent.evaluate.run import Answer, Conditions, Run
from agent.models import Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure before and now, and the difference with its 95 % interval, by drawing groups of tickets in pairs."""

    before: float | None
    now: float | None
    change: Figure


@dataclass(frozen=True, slots=True)
class Flip:
    """A ticket that was decided otherwise.

    Attributes:
        id: The ticket.
        before: Outcome before.
        now: Outcome now.
        article_before: The article that came out first before.
        article_now: The one now.
        cause: What made the difference.
        better: Whether the article that comes out first has become right (true) or wrong (false); `None` where neither.
    """

    id: str
    before: Outcome
    now: Outcome
    article_before: str | None
    article_now: str | None
    cause: str
    better: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs.

    Attributes:
        tickets: How many tickets both have.
        only_before: How many only the earlier one has.
        only_now: How many only this one has.
        conditions: What decided otherwise: name, before, now.
        figures: By name, over the tickets both have.
        flips: Tickets with another outcome, or about another article.
    """

    tickets: int
    only_before: int
    only_now: int
    conditions: tuple[tuple[str, str, str], ...]
    figures: dict[str, Difference]
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    before: Answer
    now: Answer


def compare(before: Run, now: Run) -> Comparison:
    """Compare two runs ticket by ticket.

    Args:
        before: The earlier run.
        now: The run of today.

    Raises:
        DatasetError: They have no ticket in common.
    """
    earlier = {one.id: one for one in before.answers}
    pairs = [_Pair(earlier[one.id], one) for one in now.answers if one.id in earlier]
    if not pairs:
        raise DatasetError(
            f"the run of {before.dataset!r} has no ticket in common with {now.dataset!r}; compare runs of one dataset"
        )
    return Comparison(
        tickets=len(pairs),
        only_before=len(before.answers) - len(pairs),
        only_now=len(now.answers) - len(pairs),
        conditions=_differing(before.conditions, now.conditions),
        figures=_figures(pairs),
        flips=tuple(_flip(pair) for pair in pairs if _has_flipped(pair)),
    )


def _differing(before: Conditions, now: Conditions) -> tuple[tuple[str, str, str], ...]:
    values = ((one.name, str(getattr(before, one.name)), str(getattr(now, one.name))) for one in fields(Conditions))
    return tuple((name, old, new) for name, old, new in values if old != new)


def _figures(pairs: Sequence[_Pair]) -> dict[str, Difference]:
    answerable = [pair for pair in pairs if pair.now.label.answerable]
    firm = {one.id for one in without_soft([pair.now for pair in pairs])}
    judged = [pair for pair in pairs if pair.now.id in firm]
    found = {
        "hit_at_1": _mean(answerable, lambda one: one.rank == 1),
        "acted_on": _mean(pairs, lambda one: one.decided.acts),
    }
    before, now = (Sure.of([getattr(pair, side) for pair in judged]) for side in ("before", "now"))
    for name, figure in SURE_FIGURES.items():
        found[name] = _sure(judged, before, now, figure)
    return found


def _mean(pairs: Sequence[_Pair], hit: Callable[[Answer], bool]) -> Difference:
    before, now = (np.array([hit(getattr(pair, side)) for pair in pairs], dtype=float) for side in ("before", "now"))
    if not pairs:
        return Difference(None, None, Figure(None, 0.0, 0.0))
    gained = now - before
    interval = bootstrap([pair.now.group for pair in pairs], lambda rows: float(gained[rows].mean()))
    return Difference(float(before.mean()), float(now.mean()), Figure(float(gained.mean()), *interval))


def _sure(pairs: Sequence[_Pair], before: Sure, now: Sure, figure: Callable[[Sure], float | None]) -> Difference:
    def gained(rows: IntArray) -> float:
        old, new = figure(before.at(rows)), figure(now.at(rows))
        return float("nan") if old is None or new is None else new - old

    whole = gained(np.arange(len(pairs)))
    interval = bootstrap([pair.now.group for pair in pairs], gained)
    return Difference(figure(before), figure(now), Figure(None if np.isnan(whole) else whole, *interval))


def _has_flipped(pair: _Pair) -> bool:
    before, now = pair.before.decided, pair.now.decided
    return before.outcome != now.outcome or (now.matched and before.article != now.article)


def _flip(pair: _Pair) -> Flip:
    before, now = pair.before, pair.now
    return Flip(
        id=now.id,
        before=before.decided.outcome,
        now=now.decided.outcome,
        article_before=before.decided.article,
        article_now=now.decided.article,
        cause=_cause(before, now),
        better=None if before.wrong == now.wrong else before.wrong,
    )


def _cause(before: Answer, now: Answer) -> str:
    old, new = before.decided, now.decided
    if old.article != new.article:
        return "another article ranks first"
    if old.revision != new.revision:
        return "the article has changed"
    reasons = f"{old.reason or 'acted'} before, {new.reason or 'acted'} now"
    if abs(before.confidence - now.confidence) >= 0.005:
        return f"{reasons}; confidence {before.confidence:.2f} before, {now.confidence:.2f} now"
    return reasons
