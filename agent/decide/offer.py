"""A case enters; what a model may choose from leaves: articles that could be acted on, their steps numbered."""

from dataclasses import dataclass

from agent.decide.passages import find_passage, find_steps
from agent.decide.readers import Reader, reader_of
from agent.models import AssessedCandidate, Case, Quote
from agent.policy import ACTING_STATES
from agent.ports import Library

MAX_ARTICLES = 4


@dataclass(frozen=True, slots=True)
class OfferedArticle:
    """An article as a model sees it; its number is its place in the offer, from 1."""

    assessed: AssessedCandidate
    title: str
    steps: tuple[Quote, ...]
    passage: str


def offer(case: Case, library: Library) -> tuple[OfferedArticle, ...]:
    """List the articles that a model may choose from, best first.

    An article that could not lead to an action (a draft, one out of date or replaced) is left out: a model has no use
    for it, and its text no way into the prompt.

    Args:
        case: The facts.
        library: Where the texts are.
    """
    usable = [candidate for candidate in case.candidates if _could_act(candidate)]
    offered = (_offered(candidate, library, reader_of(case)) for candidate in usable[:MAX_ARTICLES])
    return tuple(article for article in offered if article is not None)


def _could_act(candidate: AssessedCandidate) -> bool:
    published = candidate.candidate.article.metadata.status == "published"
    return published and candidate.basis_may_act and candidate.freshness.state in (*ACTING_STATES, "unknown")


def _offered(assessed: AssessedCandidate, library: Library, reader: Reader) -> OfferedArticle | None:
    article, evidence = assessed.candidate.article, assessed.candidate.evidence
    revision = library.revision(article.article_id, article.revision)
    if revision is None:
        return None
    passage = find_passage(revision, evidence[0]) if evidence else None
    return OfferedArticle(
        assessed, article.title, find_steps(revision, evidence, reader), passage.text if passage else ""
    )
