"""Past tickets and articles enter with what they are labelled; how probable each label is leaves. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.models import Case
from index.models import Neighbour, PastTicket

DOUBT_PLACE = 0.35
"""Place on the similarity scale at which one past ticket weighs as much as the doubt whether any is to be followed."""

SHARPNESS = 0.1
"""By how much nearer, on that scale, a past ticket must be to weigh 2.7 times as much.

Each of the samples' 137 past tickets left out in turn, half of them of a subject that only one other has: the articles
alone put 0.64 of them into the right category and 0.03 into a wrong one, both together 0.70 and 0.06.
"""

LEAST_PROBABILITY = 0.5
"""What a label needs."""

OUTAGES = 2
"""So many past P1 tickets there must be that are each nearer than doubt: one may have been labelled in a hurry."""

_NEAREST_PLACE = 1.5
"""Nothing is nearer than this, however narrow the scale."""

Labels = Callable[[PastTicket], tuple[str, ...]]
"""Reads the labels of one kind from a past ticket."""


@dataclass(frozen=True, slots=True)
class Votes:
    """How probable each label of one kind is.

    Attributes:
        past: By the past tickets; what is missing to 1 is doubt.
        articles: By the articles found; the same.
    """

    past: Mapping[str, float]
    articles: Mapping[str, float] = field(default_factory=dict)

    def probability(self, label: str) -> float:
        """Return how probable a label is by both: each may know what the other does not."""
        either = {one: self._either(one) for one in {*self.past, *self.articles}}
        neither = max(0.0, 1 - sum(self.past.values())) * max(0.0, 1 - sum(self.articles.values()))
        return either.get(label, 0.0) / max(1e-9, sum(either.values()) + neither)

    def rests_on_past(self, label: str) -> bool:
        """Say whether past tickets speak for a label more than the articles do."""
        return self.past.get(label, 0.0) > self.articles.get(label, 0.0)

    def winner(self) -> str | None:
        """Return the most probable label; `None` where none is probable enough."""
        best = max(sorted({*self.articles, *self.past}), key=self.probability, default=None)
        return best if best is not None and self.probability(best) >= LEAST_PROBABILITY else None

    def _either(self, label: str) -> float:
        past, articles = self.past.get(label, 0.0), self.articles.get(label, 0.0)
        return past + articles - past * articles


def past_votes(case: Case, labels: Labels) -> Votes:
    """Let the past tickets like a ticket vote; the articles may be added.

    Args:
        case: The facts.
        labels: Which kind of label is voted on; tickets without any do not vote.
    """
    weights: dict[str, float] = {}
    total = 1.0
    for neighbour in case.retrieval.neighbours:
        said, weight = labels(neighbour.past), _weight(case, neighbour)
        if said:
            total += weight
        for label in dict.fromkeys(said):
            weights[label] = weights.get(label, 0.0) + weight
    return Votes({label: weight / total for label, weight in weights.items()})


def past_outage(case: Case) -> str | None:
    """Say which past tickets make this one an outage; `None` where they do not.

    Only they have a say here: what articles say of P1 is a matter of its own.
    """
    alike = [one for one in case.retrieval.neighbours if one.past.priority == "P1" and _weight(case, one) >= 1]
    if len(alike) < OUTAGES or past_votes(case, lambda one: (one.priority,) if one.priority else ()).winner() != "P1":
        return None
    return ", ".join(f"{one.past.example_id!r} ({one.similarity:.2f})" for one in alike[:3])


def _weight(case: Case, neighbour: Neighbour) -> float:
    """Return what a past ticket weighs against a doubt of 1."""
    place = min(_NEAREST_PLACE, case.retrieval.scale.place(neighbour.similarity))
    return math.exp((place - DOUBT_PLACE) / SHARPNESS)
