"""A ticket's facts enter; how surely it would be acted on, and whether that would be a mistake, leave.

To act on a ticket means here that one article, and no other as well, counts as its answer. Freshness, identity, risk
and the other gates are set aside: they stop tickets for reasons of their own, and would make acting rarer, not bolder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.confidence import Coefficients, estimate
from agent.evaluate.certify import NEVER
from agent.evaluate.dataset import LabelledTicket
from agent.evaluate.metrics import BoolArray, FloatArray
from agent.gates import contenders, least_similarity
from agent.models import Case
from agent.policy import Policy
from agent.triage import prefer_replacements


@dataclass(frozen=True, slots=True)
class Acting:
    """How surely each ticket would be acted on, and whether that would be wrong: arrays `(n_tickets,)`.

    Attributes:
        score: The confidence it would be acted on with; `NEVER` where it would not at any.
        wrong: Whether the article is none of its right or acceptable ones.
        answerable: Whether any article answers it.
    """

    score: FloatArray
    wrong: BoolArray
    answerable: BoolArray

    @classmethod
    def of(cls, tickets: Sequence[LabelledTicket], cases: Sequence[Case], policy: Policy) -> "Acting":
        """Judge tickets by their facts; the threshold of the policy is set aside."""
        pairs = list(zip(tickets, cases, strict=True))
        return cls(
            score=np.array([acting_score(case, policy) for case in cases], dtype=np.float64),
            wrong=np.array([article_of(case) not in ticket.right for ticket, case in pairs], dtype=np.bool_),
            answerable=np.array([bool(ticket.expected) for ticket in tickets], dtype=np.bool_),
        )


def acting_score(case: Case, policy: Policy) -> float:
    """Return the confidence with which a ticket would be acted on; `NEVER` where no threshold lets it be.

    Args:
        case: The facts.
        policy: The rules of matching.
    """
    best = case.best
    if best is None or best.candidate.similarity < least_similarity(case, policy):
        return NEVER
    return NEVER if len(contenders(case, policy)) > 1 else best.confidence


def article_of(case: Case) -> str | None:
    """Name the article that would be acted on."""
    return case.best.candidate.article.article_id if case.best else None


def reweighed(case: Case, coefficients: Coefficients) -> Case:
    """Return the same facts with the confidences that other coefficients give."""
    estimates = estimate(case.retrieval, coefficients)
    found = (candidate.article.article_id for candidate in case.retrieval.candidates)
    by_id = dict(zip(found, estimates, strict=True))
    anew = (
        replace(one, confidence=mine.confidence, why=mine.why)
        for one in case.candidates
        for mine in [by_id[one.candidate.article.article_id]]
    )
    return replace(case, candidates=prefer_replacements(tuple(sorted(anew, key=lambda one: -one.confidence))))
