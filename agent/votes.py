"""Past tickets and articles enter with what they are labelled; what each label weighs leaves. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.models import Case
from index.models import PastTicket

ARTICLES_WEIGH = 1.0
"""How many past tickets of full likeness the articles found weigh as much as, what they leave open included."""

LEAST_SHARE = 0.5
"""Share of all votes that a label needs."""

Labels = Callable[[PastTicket], tuple[str, ...]]
"""Reads the labels of one kind from a past ticket."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What was voted for one kind of label.

    Attributes:
        past: Summed likeness by label, of past tickets that have a label of this kind.
        past_total: Summed likeness of all of these.
        articles: Probability by label, of the articles found.
    """

    past: Mapping[str, float]
    past_total: float
    articles: Mapping[str, float] = field(default_factory=dict)

    def share(self, label: str) -> float:
        """Return a label's share of all votes, 0 to 1; what the articles leave open is nobody's."""
        mine = ARTICLES_WEIGH * self.articles.get(label, 0.0) + self.past.get(label, 0.0)
        return mine / (ARTICLES_WEIGH + self.past_total)

    def rests_on_past(self, label: str) -> bool:
        """Say whether past tickets speak for a label more than the articles do."""
        return self.past.get(label, 0.0) > ARTICLES_WEIGH * self.articles.get(label, 0.0)

    def winner(self) -> str | None:
        """Return the label with the largest share; `None` where none has enough."""
        best = max(sorted({*self.articles, *self.past}), key=self.share, default=None)
        return best if best is not None and self.share(best) >= LEAST_SHARE else None


def past_votes(case: Case, labels: Labels) -> Votes:
    """Let the past tickets like a ticket vote; the articles may be added.

    Args:
        case: The facts.
        labels: Which kind of label is voted on; tickets without any do not vote.
    """
    past: dict[str, float] = {}
    total = 0.0
    for neighbour in case.retrieval.neighbours:
        said = labels(neighbour.past)
        likeness = min(1.0, max(0.0, case.retrieval.scale.place(neighbour.similarity))) ** 2
        if said:
            total += likeness
        for label in said:
            past[label] = past.get(label, 0.0) + likeness
    return Votes(past, total)


def past_outage(case: Case) -> str | None:
    """Say which past tickets make this one an outage; `None` where they do not.

    Only they have a say here: what articles say of P1 is a matter of its own.
    """
    votes = past_votes(case, lambda one: (one.priority,) if one.priority else ())
    if votes.winner() != "P1":
        return None
    nearest = [one for one in case.retrieval.neighbours if one.past.priority == "P1"][:3]
    return ", ".join(f"{one.past.example_id!r} ({one.similarity:.2f})" for one in nearest)
