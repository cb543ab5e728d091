from dataclasses import replace

import pytest

from agent.evaluate.report import report
from tests.unit.agent.evaluate.test_compare import answer, run


def labelled(id_, *, decided=None, **labels):
    one = answer(id_)
    return replace(one, label=replace(one.label, **labels), decided=replace(one.decided, **(decided or {})))


def test_routing_counts_only_what_is_labelled():
    figures = report(
        run(
            labelled("1", team="Network", decided={"team": "Network"}),
            labelled("2", team="Network", priority="P1"),
            labelled("3"),
        )
    )
    assert set(figures.routing) == {"team", "priority"}
    assert (figures.routing["team"].value, figures.routing["team"].n) == (0.5, 2)
    assert figures.routing["priority"].value == 0.0


def test_tickets_to_be_held_are_counted_and_actions_on_them_apart():
    figures = report(
        run(
            labelled("1", outcome="REQUIRE_APPROVAL", decided={"outcome": "REQUIRE_APPROVAL"}),
            labelled("2", outcome="ESCALATE_SECURITY", decided={"outcome": "REQUIRE_APPROVAL"}),
            labelled("3", outcome="REQUIRE_APPROVAL"),
            labelled("4", outcome="RESOLVE"),
        )
    )
    assert (figures.held.value, figures.held.n, figures.acted_on_held) == (pytest.approx(2 / 3), 3, 1)
    assert figures.routing["outcome"].value == 0.5


def test_the_threshold_in_force_is_counted_with_exact_intervals():
    tickets = [answer(str(n), confidence=0.9, right=n > 0) for n in range(40)]
    tickets += [answer(f"low{n}", confidence=0.3) for n in range(10)]
    acting = report(run(*tickets)).acting
    assert (acting.acted.value, acting.wrong.value, acting.answered.value) == (0.8, 1 / 40, 39 / 50)
    # Clopper-Pearson for 1 of 40, as R's binom.test gives it.
    assert (acting.wrong.low, acting.wrong.high) == pytest.approx((0.000633, 0.131586), abs=1e-5)


def test_soft_tickets_count_for_decisions_but_not_for_confidence():
    soft = replace(answer("s", right=False), slice="soft")
    figures = report(run(answer("1"), soft))
    assert figures.acting.wrong.value == 0.0
    assert figures.ece.value == pytest.approx(0.1)
    assert figures.slices["soft"].answered == 1


def test_costs_add_up_and_an_unknown_price_stays_unknown():
    assert report(run(answer("1", cost_usd=0.1), answer("2", cost_usd=0.2))).cost_usd == pytest.approx(0.3)
    assert report(run(answer("1", cost_usd=0.1), answer("2", cost_usd=None))).cost_usd is None


def test_the_share_in_date_is_of_what_matched():
    figures = report(
        run(
            labelled("1", decided={"in_date": True}),
            labelled("2", decided={"in_date": False}),
            labelled("3", decided={"matched": False, "in_date": None}),
        )
    )
    assert (figures.in_date.value, figures.in_date.n) == (0.5, 2)


def test_every_interval_holds_its_figure():
    figures = report(run(*(answer(str(n), confidence=n / 40, right=n % 5 > 0) for n in range(40))))
    for one in (figures.mrr, figures.auroc, figures.augrc, figures.coverage_at_5, figures.latency_p50_ms):
        assert one.value is not None
        assert one.low <= one.value <= one.high
    assert sum(one.right.n for one in figures.reliability) == 40
    assert figures.risk_coverage[-1] == (1.0, pytest.approx(0.2))
