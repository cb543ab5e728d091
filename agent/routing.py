"""Where a ticket belongs: the articles it found, past tickets like it and the policy enter; one place leaves. Pure.

Articles and past tickets vote. What the policy rules for security, approvals and outages is not put to the vote, and an
answer is filed where its article is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

from agent.gates import least_similarity, matched
from agent.models import ACTING, Case, Outcome, Verdict
from agent.policy import Policy, Route
from agent.schema import Grounds, PastTicketRef, Routing, RoutingBasis
from agent.votes import LEAST_PROBABILITY, Labels, past_votes
from index.models import IndexedArticle
from ingest.models import Priority

SHOWN = 5
"""How many past tickets a decision names."""

LabelOf = Callable[[IndexedArticle], str | None]

_BY_POLICY = Grounds("policy", None)
_PRIORITIES: tuple[Priority, ...] = get_args(Priority)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket belongs, and on what grounds.

    Attributes:
        category: `None` where nothing says.
        classification: The subject within it; `None` where nothing says.
        priority: How urgent it is.
        team: Who takes over.
        tags: Labels of the article, the policy and past tickets.
        routing: The grounds.
    """

    category: str | None
    classification: str | None
    priority: Priority
    team: str
    tags: tuple[str, ...]
    routing: Routing


def place(case: Case, verdict: Verdict, outcome: Outcome, policy: Policy) -> Place:
    """Say where a ticket belongs.

    Args:
        case: The facts.
        verdict: What the gates allow; where one of the policy's own reasons stopped the ticket, the policy rules.
        outcome: What was decided.
        policy: The rules.
    """
    poll = _Poll(case, policy, verdict, acts=outcome in ACTING)
    route = _route(case, verdict, poll.article)
    category, category_grounds = poll.choose(_category, lambda past: _one(past.category))
    classification, classification_grounds = poll.choose(
        lambda article: _subject(article) if category in (None, _category(article)) else None,
        lambda past: _one(past.classification) if category in (None, past.category) else (),
    )
    priority, priority_grounds = _priority(case, policy, route, poll.article)
    team, team_grounds = _team(poll, policy, route)
    return Place(
        category=category,
        classification=classification,
        priority=priority,
        team=team,
        tags=_tags(case, policy, poll.article),
        routing=Routing(
            category=category_grounds,
            classification=classification_grounds,
            priority=priority_grounds,
            team=team_grounds,
            past_tickets=tuple(_shown(case)),
        ),
    )


class _Poll:
    """Asks articles and past tickets about one ticket."""

    def __init__(self, case: Case, policy: Policy, verdict: Verdict, *, acts: bool) -> None:
        found = matched(case, policy)
        self.article = found.candidate.article if found else None
        # One of several that fit as well has no word of its own.
        self._stands_alone = found is not None and found.confidence >= policy.min_confidence
        self._between = [
            one.candidate.article for one in case.candidates if one.candidate.article.article_id in verdict.between
        ]
        self._case = case
        self._policy = policy
        self._acts = acts

    def choose(self, of_article: LabelOf, of_past: Labels) -> tuple[str | None, Grounds | None]:
        """Choose one label of a kind.

        Args:
            of_article: Reads it from an article.
            of_past: Reads it from a past ticket.

        Returns:
            The label and its grounds; `None` and `None` where nothing is probable enough, or the requester is asked.
        """
        votes = replace(past_votes(self._case, of_past), articles=self._articles(of_article))
        own = of_article(self.article) if self.article else None
        alone = own if self._stands_alone else None
        winner = own if self._acts and own else votes.winner() or alone
        asked = {of_article(article) for article in self._between}
        if winner is None or (winner in asked and len(asked) > 1):
            # What the requester is being asked is not to be guessed meanwhile.
            return None, None
        basis: RoutingBasis = "past_tickets" if winner != own and votes.rests_on_past(winner) else "article"
        return winner, Grounds(basis, round(votes.probability(winner), 4))

    def _articles(self, of_article: LabelOf) -> dict[str, float]:
        """Sum the confidences of the articles found by their label; of nothing like the ticket, nothing counts."""
        best = self._case.best
        if best is None or best.candidate.similarity < least_similarity(self._case, self._policy):
            return {}
        whole = max(1.0, sum(one.confidence for one in self._case.candidates))
        votes: dict[str, float] = {}
        for one in self._case.candidates:
            if label := of_article(one.candidate.article):
                votes[label] = votes.get(label, 0.0) + one.confidence / whole
        return votes


def _team(poll: _Poll, policy: Policy, route: Route) -> tuple[str, Grounds]:
    if route != "default":
        article = poll.article
        if article and article.metadata.team and _is_for(article, route):
            return article.metadata.team, Grounds("article", None)
        return policy.team(route), _BY_POLICY
    team, grounds = poll.choose(lambda article: article.metadata.team, lambda past: _one(past.team))
    return (team, grounds) if team and grounds else (policy.team(route), _BY_POLICY)


def _priority(case: Case, policy: Policy, route: Route, article: IndexedArticle | None) -> tuple[Priority, Grounds]:
    """Past tickets may raise a priority that the policy or an article states, never lower it."""
    stated = article.metadata.priority if article else None
    ruled = policy.priority(route, stated)
    votes = past_votes(case, lambda past: _one(past.priority))
    voted = next((one for one in _PRIORITIES if one == votes.winner()), None)
    if voted is not None and (voted < ruled or (route == "default" and stated is None)):
        return voted, Grounds("past_tickets", round(votes.probability(voted), 4))
    return ruled, Grounds("article", None) if stated == ruled else _BY_POLICY


def _tags(case: Case, policy: Policy, article: IndexedArticle | None) -> tuple[str, ...]:
    """What a tag of the policy asks for, only the policy can: past tickets put none of these on a ticket."""
    ruled = {rule.tag.name for rule in policy.tags}
    votes = past_votes(case, lambda past: past.tags)
    voted = sorted(tag for tag in votes.past if tag not in ruled and votes.past[tag] >= LEAST_PROBABILITY)
    labels = article.metadata.labels if article else ()
    return tuple(dict.fromkeys((*labels, *(tag.name for tag in case.signals.tags), *voted)))


def _shown(case: Case) -> list[PastTicketRef]:
    return [
        PastTicketRef(
            example_id=one.past.example_id,
            similarity=round(one.similarity, 4),
            category=one.past.category,
            classification=one.past.classification,
            priority=one.past.priority,
            team=one.past.team,
        )
        for one in case.retrieval.neighbours[:SHOWN]
    ]


def _route(case: Case, verdict: Verdict, article: IndexedArticle | None) -> Route:
    if verdict.reason == "security":
        return "security"
    if verdict.reason == "outage":
        return "outage"
    if verdict.reason != "approval_required":
        return "default"
    said = case.signals.risk("privileged", "destructive")
    stated = article.metadata.risk if article else None
    return "destructive" if (said.kind if said else stated) == "destructive" else "privileged"


def _is_for(article: IndexedArticle, route: Route) -> bool:
    """Say whether an article is about what a route is for, so that it knows the team better than the policy."""
    if route == "outage":
        return article.metadata.priority == "P1"
    if route == "security":
        return article.metadata.risk == "security"
    return article.metadata.risk in ("privileged", "destructive")


def _category(article: IndexedArticle) -> str | None:
    return article.metadata.category


def _subject(article: IndexedArticle) -> str:
    """Name the subject by the end of the article's id; of a file, by its page's."""
    return (article.metadata.attached_to or article.article_id).rsplit("/", 1)[-1]


def _one(label: str | None) -> tuple[str, ...]:
    return (label,) if label else ()
