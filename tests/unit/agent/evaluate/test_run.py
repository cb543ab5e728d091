from dataclasses import replace
from datetime import date

from agent.decide.extractive import ExtractiveDecider
from agent.evaluate.dataset import LabelledTicket, LabelledTickets
from agent.evaluate.report import report
from agent.evaluate.run import evaluate
from agent.models import Ticket
from agent.triage import Triager
from index.models import Candidate, Evidence, Retrieval
from ingest.models import ArticleMetadata, Interval, ReviewDates
from tests.cases import SCALE, TODAY, Shelf, a_candidate, a_revision, rules

FRESH = a_revision("# Fresh\n\n## Fix\n\n1. Restart it.\n", "fresh")
STALE = a_revision("# Stale\n\n## Fix\n\n1. Unplug it.\n", "stale")
OVERDUE = ArticleMetadata(dates=ReviewDates(last_reviewed_on=date(2024, 1, 1), review_in=Interval(months=6)))


def found(article_id: str, similarity: float = 0.9) -> Candidate:
    revision = {"fresh": FRESH, "stale": STALE}[article_id]
    metadata = OVERDUE if article_id == "stale" else None
    evidence = [Evidence(0, 0, len(revision.text), (), similarity, 9.0)]
    candidate = a_candidate(article_id, metadata, similarity=similarity, revision=revision.revision, evidence=evidence)
    return replace(candidate, features=replace(candidate.features, coverage=1.0, title_coverage=1.0))


class ScriptedSearcher:
    """Finds for each ticket text what it is told to."""

    def __init__(self, script: dict[str, tuple[Candidate, ...]]) -> None:
        self.script = script

    def retrieve(self, query: str, *, audience: frozenset[str], limit: int = 8) -> Retrieval:
        return Retrieval(self.script[query], 0.0, SCALE, "idx-1")


def labelled(id_: str, text: str, *expected: str, acceptable: str = "", stale: bool = False) -> LabelledTicket:
    kind = ("stale" if stale else "answerable") if expected else "off_topic"
    accepted = frozenset({acceptable} if acceptable else ())
    return LabelledTicket(Ticket(id_, text), frozenset(expected), accepted, stale, kind, id_)


def run(*tickets: LabelledTicket, **script: tuple[Candidate, ...]):
    triager = Triager(ScriptedSearcher(script), Shelf(FRESH, STALE), ExtractiveDecider(), rules, "minilm")
    return report(evaluate(LabelledTickets("set", tickets, TODAY), triager, 2))


def test_counts_right_wrong_stale_and_off_topic():
    figures = run(
        labelled("1", "right", "fresh"),
        labelled("2", "wrong", "elsewhere"),
        labelled("3", "overdue", "stale", stale=True),
        labelled("4", "offtopic"),
        right=(found("fresh"), found("stale", 0.3)),
        wrong=(found("fresh", 0.5), found("stale", 0.45)),
        overdue=(found("stale"), found("fresh", 0.3)),
        offtopic=(found("fresh", 0.1), found("stale", 0.1)),
    )
    assert (figures.tickets, figures.answerable) == (4, 3)
    assert figures.hit_at_1.value == 2 / 3
    assert figures.auroc.value == 1.0
    assert figures.coverage_at_5.value == 2 / 3
    assert (figures.stale_found, figures.stale_refused.value, figures.acted_on_stale) == (1, 1.0, 0)
    assert figures.refusals["stale"] == 1
    assert figures.slices["off_topic"].answered == 0


def test_an_acceptable_article_is_taken_out_of_the_ranking_but_not_out_of_the_decision():
    figures = run(
        labelled("1", "linked", "stale", acceptable="fresh", stale=True),
        linked=(found("fresh"), found("stale", 0.5)),
    )
    assert figures.hit_at_1.value == 1.0
    assert figures.stale_found == 0
