from dataclasses import replace

import pytest

from agent.errors import DatasetError
from agent.evaluate.compare import compare
from agent.evaluate.run import Answer, Conditions, Decided, Labelling, Run

CONDITIONS = Conditions("minilm", "extractive", "sha256:1", "preset", "idx-1", 0.5)


def answer(id_, *, article="a", outcome="RESOLVE", confidence=0.9, right=True, revision="r1", **other):
    reason = None if outcome == "RESOLVE" else "no_match"
    decided = Decided(outcome, reason, article, revision, None, "Service Desk", "P3", outcome == "RESOLVE", True, False)
    label = Labelling(True, False, None, None, None, None)
    rank = 1 if right else 2
    one = Answer(id_, id_, "answerable", label, decided, rank, right, confidence, confidence, not right, 5.0, 0.0)
    return replace(one, **other)


def run(*answers, **conditions):
    return Run("set", 3, replace(CONDITIONS, **conditions), answers)


def test_the_same_run_differs_in_nothing():
    same = run(answer("1"), answer("2", outcome="ESCALATE_HUMAN", confidence=0.2))
    found = compare(same, same)
    assert (found.conditions, found.flips, found.tickets) == ((), (), 2)
    assert all(one.change.value in (0.0, None) for one in found.figures.values())


CAUSES = [
    pytest.param({"article": "b", "right": False}, "another article ranks first", False, id="another-article"),
    pytest.param(
        {"outcome": "ESCALATE_HUMAN", "revision": "r2"}, "the article has changed", None, id="the-article-changed"
    ),
    pytest.param(
        {"outcome": "ESCALATE_HUMAN", "confidence": 0.4},
        "acted before, no_match now; confidence 0.90 before, 0.40 now",
        None,
        id="less-sure",
    ),
    pytest.param({"outcome": "ESCALATE_HUMAN"}, "acted before, no_match now", None, id="another-threshold"),
]


@pytest.mark.parametrize(("now", "cause", "better"), CAUSES)
def test_a_flip_names_its_cause(now, cause, better):
    found = compare(run(answer("1"), answer("2")), run(answer("1", **now), answer("2"), policy_hash="sha256:2"))
    (flip,) = found.flips
    assert (flip.id, flip.cause, flip.better) == ("1", cause, better)
    assert found.conditions == (("policy_hash", "sha256:1", "sha256:2"),)


def test_differences_are_paired_and_have_intervals():
    before = run(*(answer(str(n), right=n % 2 == 0) for n in range(40)))
    now = run(*(answer(str(n), right=True) for n in range(40)))
    gained = compare(before, now).figures["hit_at_1"]
    assert (gained.before, gained.now, gained.change.value) == (0.5, 1.0, 0.5)
    assert 0.3 < gained.change.low < 0.5 < gained.change.high < 0.7


def test_only_tickets_of_both_runs_are_compared():
    found = compare(run(answer("1"), answer("2")), run(answer("2"), answer("3"), answer("4")))
    assert (found.tickets, found.only_before, found.only_now) == (1, 1, 2)
    with pytest.raises(DatasetError, match="no ticket in common"):
        compare(run(answer("1")), run(answer("2")))
