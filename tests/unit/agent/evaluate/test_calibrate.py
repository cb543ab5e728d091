from dataclasses import replace

import numpy as np
import pytest

from agent.confidence import preset
from agent.decide.extractive import ExtractiveDecider
from agent.errors import DatasetError
from agent.evaluate.acting import Acting, acting_score, reweighed
from agent.evaluate.calibrate import Labelled, fit, fitted_none, gather, one_of_each_group
from agent.evaluate.certify import NEVER, Bound
from agent.evaluate.dataset import LabelledTicket, LabelledTickets
from agent.models import Ticket
from agent.triage import Triager
from index.models import Retrieval
from tests.cases import POLICY, SCALE, TODAY, Shelf, a_candidate, a_case, assessed, rules

BOUND = Bound(alpha=0.05, delta=0.10)


def labelled(id_, *expected, group=None, kind=None, text=None, acceptable=()):
    kind = kind or ("answerable" if expected else "off_topic")
    ticket = Ticket(id_, text or f"words of {id_}")
    return LabelledTicket(ticket, frozenset(expected), frozenset(acceptable), False, kind, group or id_)


def facts(*rows):
    """Build tickets with their facts from (ticket, confidence of the article "a" by the shipped coefficients)."""
    return Labelled(tuple(ticket for ticket, _ in rows), tuple(case_of(confidence) for _, confidence in rows))


def case_of(confidence):
    """Build a case of one article whose confidence under the shipped coefficients is this."""
    candidate = a_candidate("a")
    weight = preset().weights["bm25"]
    rest = replace(candidate, features=replace(candidate.features, bm25=0.0))
    bare = reweighed(a_case(assessed(rest)), replace(preset(), none=0.0)).candidates[0].confidence
    wanted = np.log(confidence / (1 - confidence)) + preset().none - np.log(bare / (1 - bare))
    fitting = replace(candidate, features=replace(candidate.features, bm25=float(wanted / weight)))
    return reweighed(a_case(assessed(fitting)), preset())


def test_the_builder_builds_what_it_says():
    assert case_of(0.73).best.confidence == pytest.approx(0.73)


@pytest.mark.parametrize(
    ("case", "score"),
    [
        pytest.param(a_case(assessed(a_candidate(), 0.8)), 0.8, id="one-article"),
        pytest.param(a_case(), NEVER, id="nothing-found"),
        pytest.param(a_case(assessed(a_candidate(similarity=0.2), 0.8)), NEVER, id="not-near-enough"),
        pytest.param(
            a_case(assessed(a_candidate("a"), 0.45), assessed(a_candidate("b"), 0.44)), NEVER, id="two-fit-as-well"
        ),
    ],
)
def test_a_ticket_is_acted_on_with_the_confidence_of_the_one_article_that_fits(case, score):
    assert acting_score(case, POLICY) == score


def test_wrong_is_an_article_that_is_neither_right_nor_acceptable():
    tickets = [labelled("1", "a"), labelled("2", "b"), labelled("3", "b", acceptable=("a",)), labelled("4")]
    acting = Acting.of(tickets, [case_of(0.9)] * 4, POLICY)
    assert acting.wrong.tolist() == [False, True, False, True]
    assert acting.answerable.tolist() == [True, True, True, False]


def many(n, share_right, confidence=0.9):
    rng = np.random.default_rng(3)
    return [(labelled(f"t{i}", "a" if rng.random() < share_right else "b"), confidence) for i in range(n)]


def test_enough_right_tickets_certify_a_threshold():
    found = fit(facts(*many(60, 1.0), *[(labelled(f"n{i}"), 0.2) for i in range(20)]), POLICY, BOUND)
    assert found.certificate.chosen is not None
    assert (found.certificate.chosen.acted, found.certificate.chosen.wrong) == (60, 0)
    assert (found.answered, found.answerable) == (60, 60)
    assert found.none is None


def test_too_many_mistakes_certify_nothing_and_name_the_best():
    found = fit(facts(*many(100, 0.85), *[(labelled(f"n{i}"), 0.2) for i in range(20)]), POLICY, BOUND)
    assert found.certificate.chosen is None
    assert found.best is not None
    assert 0.15 < found.best.bound.alpha < 0.3


def test_of_each_group_one_ticket_counts_and_repeated_words_count_once():
    variants = [(labelled(f"v{i}", "a", group="one"), 0.9) for i in range(50)]
    copies = [(labelled(f"c{i}", "a", text="the very same"), 0.9) for i in range(5)]
    kept = one_of_each_group(facts(*variants, *copies, (labelled("x", "a"), 0.9)))
    assert len(kept.tickets) == 3
    assert len({one.group for one in kept.tickets}) == 3


def test_the_intercept_moves_to_where_the_stated_confidence_is_honest():
    # It says 0.5, and three of four are right.
    timid = [(labelled(f"r{i}", "a"), 0.5) for i in range(300)] + [(labelled(f"w{i}"), 0.5) for i in range(100)]
    none = fitted_none(facts(*timid))
    honest = reweighed(case_of(0.5), replace(preset(), none=none))
    assert honest.best.confidence == pytest.approx(0.75, abs=0.01)
    few = fitted_none(facts(*timid[:1], *timid[300:301]))
    assert abs(few - preset().none) < 0.01


def test_what_is_fitted_to_does_not_certify():
    rng = np.random.default_rng(5)
    rows = []
    for i in range(700):
        answered = rng.random() < 0.6
        rows.append((labelled(f"t{i}", *(["a"] if answered else []), group=f"g{i // 2}"), 0.8 if answered else 0.3))
    found = fit(facts(*rows), POLICY, BOUND)
    assert found.none is not None
    assert found.none < preset().none + 1
    assert found.fitted_to > 150
    assert found.certificate.tickets < 350 - found.fitted_to // 2 + 1
    assert found.ece_after < found.ece_before
    assert found.certificate.chosen is not None


class Finds:
    def __init__(self, *candidates):
        self.candidates = candidates

    def retrieve(self, query, *, audience, limit=8):
        return Retrieval(self.candidates, 0.0, SCALE, "idx-1")


def gathered(*tickets):
    triager = Triager(Finds(a_candidate("a")), Shelf(), ExtractiveDecider(), rules, "minilm")
    return gather(LabelledTickets("mine", tickets, TODAY), triager)


def test_soft_tickets_are_left_out():
    assert len(gathered(labelled("1", "a"), labelled("2"), labelled("3", kind="soft")).tickets) == 2


@pytest.mark.parametrize(
    ("tickets", "said"),
    [
        pytest.param(
            [labelled("1", "a"), labelled("2", "a")], r'add tickets without one \("expected": \[\]\)', id="all"
        ),
        pytest.param([labelled("1"), labelled("2")], "add tickets with an article", id="none"),
        pytest.param([labelled("1", kind="soft")], "add tickets with an article", id="soft-alone"),
    ],
)
def test_tickets_of_one_kind_tell_nothing_apart(tickets, said):
    with pytest.raises(DatasetError, match=said):
        gathered(*tickets)
