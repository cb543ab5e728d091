"""Labelled tickets and their facts enter; a certified threshold, or why there is none, leaves."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from agent.confidence import Coefficients, preset
from agent.errors import DatasetError
from agent.evaluate.acting import Acting, reweighed
from agent.evaluate.certify import Bound, Certificate, best_certifiable, certify
from agent.evaluate.dataset import LabelledTicket, LabelledTickets, words_of
from agent.evaluate.metrics import calibration_error
from agent.models import Case
from agent.policy import Policy
from agent.triage import Triager

LEAST_OF_EACH = 20
"""Tickets with an answer, and tickets without, that it takes to fit how likely no article answers."""

LEFT_TO_CERTIFY = 4
"""Groups that must be left to certify by, as a multiple of the fewest that could; else none is spent on fitting."""

FITTING_SHARE = 0.3
"""Share of the groups that are fitted to; what certifies must not be among them."""

_PRIOR_SPREAD = 1.0
"""How far, in log-odds, the shipped intercept is believed to be off: a handful of tickets moves it little."""

_FURTHEST = 6.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """Tickets with their facts under the shipped coefficients."""

    tickets: tuple[LabelledTicket, ...]
    cases: tuple[Case, ...]

    def only(self, chosen: Callable[[LabelledTicket], bool]) -> "Labelled":
        """Keep some of the tickets."""
        kept = [(ticket, case) for ticket, case in zip(self.tickets, self.cases, strict=True) if chosen(ticket)]
        return Labelled(tuple(ticket for ticket, _ in kept), tuple(case for _, case in kept))


@dataclass(frozen=True, slots=True)
class Fitting:
    """What came of fitting.

    Attributes:
        certificate: Of the tickets that were not fitted to, one of each group.
        best: The smallest share of mistakes that they do certify; `None` where none, or where the wish is certified.
        none: Log-odds that no article answers; `None` where the preset's stayed.
        given: How many tickets there were.
        fitted_to: How many of them the intercept was fitted to.
        answerable: How many of those that certify have an answer.
        answered: How many of these are acted on, rightly, at the chosen threshold.
        ece_before: How far the shipped confidence of the first article is from the share right, on those that certify.
        ece_after: The same as fitted.
    """

    certificate: Certificate
    best: Certificate | None
    none: float | None
    given: int
    fitted_to: int
    answerable: int
    answered: int
    ece_before: float
    ece_after: float


def gather(dataset: LabelledTickets, triager: Triager, on_ticket: Callable[[], None] = lambda: None) -> Labelled:
    """Find the facts of each ticket. Soft ones, about which people differ, are left out.

    Args:
        dataset: The tickets.
        triager: Over the index they are about.
        on_ticket: Called after each ticket, for a progress bar.

    Raises:
        DatasetError: All of them have an answer, or none has: there is nothing to tell apart.
    """
    tickets = tuple(one for one in dataset.tickets if one.slice != "soft")
    having = sum(bool(one.expected) for one in tickets)
    if having in (0, len(tickets)):
        wanted = "with an article" if having == 0 else 'without one ("expected": [])'
        raise DatasetError(
            f"all {len(tickets)} tickets of {dataset.name!r} are of one kind; add tickets {wanted}, "
            "about as often as the desk gets them"
        )
    cases = []
    for one in tickets:
        case, _ = triager.explain(one.ticket, as_of=dataset.as_of)
        if case.index_fault is not None:
            raise DatasetError(f"line {one.line}: the index cannot be searched: {case.index_fault}")
        cases.append(reweighed(case, preset()))
        on_ticket()
    return Labelled(tickets, tuple(cases))


def fit(labelled: Labelled, policy: Policy, bound: Bound) -> Fitting:
    """Fit the intercept to one part of the groups where there are enough, and certify a threshold on the other.

    Args:
        labelled: The tickets.
        policy: Its rules of matching; its threshold is what is fitted.
        bound: What is to be certified.
    """
    judged = one_of_each_group(labelled)
    held_out = labelled.only(_is_fitted_to)
    rest = judged.only(lambda one: not _is_fitted_to(one))
    none = None
    if _of_both_kinds(held_out) and len(rest.tickets) >= LEFT_TO_CERTIFY * bound.least_acted:
        none, judged = fitted_none(held_out), rest
    coefficients = preset() if none is None else replace(preset(), none=none)
    before = Acting.of(judged.tickets, judged.cases, policy)
    after = _acting(judged, policy, coefficients)
    certificate = certify(after.score, after.wrong, bound)
    chosen = certificate.chosen
    acted = after.score >= chosen.threshold if chosen else np.zeros(len(after.score), dtype=np.bool_)
    return Fitting(
        certificate=certificate,
        best=None if chosen else best_certifiable(after.score, after.wrong, bound.delta),
        none=none,
        given=len(labelled.tickets),
        fitted_to=0 if none is None else len(held_out.tickets),
        answerable=int(after.answerable.sum()),
        answered=int((acted & ~after.wrong & after.answerable).sum()),
        ece_before=_stated(before),
        ece_after=_stated(after),
    )


def fitted_none(labelled: Labelled) -> float:
    """Fit the log-odds that no article answers, all else as shipped.

    Args:
        labelled: Tickets of both kinds.

    Returns:
        In place of `Coefficients.none`.
    """
    likely = np.array([_none_of(case) for case in labelled.cases])
    offset = np.log(likely / (1 - likely))
    pairs = zip(labelled.tickets, labelled.cases, strict=True)
    found = np.array([any(c.candidate.article.article_id in t.right for c in case.candidates) for t, case in pairs])
    low, high = -_FURTHEST, _FURTHEST
    # The derivative of the penalised likelihood falls all along, so that halving finds its zero.
    while high - low > 1e-6:
        middle = (low + high) / 2
        slope = float((~found - 1 / (1 + np.exp(-(offset + middle)))).sum()) - middle / _PRIOR_SPREAD**2
        low, high = (middle, high) if slope > 0 else (low, middle)
    return preset().none + round((low + high) / 2, 4)


def one_of_each_group(labelled: Labelled) -> Labelled:
    """Keep one ticket of each group, by lot, and none that repeats another's words: the others are no news."""
    chosen: dict[str, LabelledTicket] = {}
    for one in sorted(labelled.tickets, key=lambda one: _draw(one.id)):
        chosen.setdefault(one.group, one)
    words = {words_of(one): one.id for one in chosen.values()}
    ids = {one.id for one in chosen.values() if words[words_of(one)] == one.id}
    return labelled.only(lambda one: one.id in ids)


def _is_fitted_to(one: LabelledTicket) -> bool:
    return _draw(one.group) < FITTING_SHARE


def _acting(labelled: Labelled, policy: Policy, coefficients: Coefficients) -> Acting:
    return Acting.of(labelled.tickets, [reweighed(case, coefficients) for case in labelled.cases], policy)


def _of_both_kinds(labelled: Labelled) -> bool:
    having = sum(bool(one.expected) for one in labelled.tickets)
    return min(having, len(labelled.tickets) - having) >= LEAST_OF_EACH


def _none_of(case: Case) -> float:
    """Return the probability that no article answers: what those found leave, replaced ones set aside."""
    ids = {one.candidate.article.article_id for one in case.candidates}
    taken = math.fsum(
        one.confidence for one in case.candidates if one.candidate.article.metadata.superseded_by not in ids
    )
    return min(1 - 1e-9, max(1e-9, 1 - taken))


def _stated(acting: Acting) -> float:
    sure = acting.score > 0
    return calibration_error(acting.score[sure], ~acting.wrong[sure])


def _draw(name: str) -> float:
    """Return a number from 0 to 1 that depends on a name alone, and on nothing that the name is about."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
