from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gates import GATES, run_gates
from agent.models import RiskSignal, Signals, Tag
from agent.policy import TagRule
from agent.routing import place
from index.models import Neighbour, PastTicket
from ingest.models import ArticleMetadata
from tests.cases import POLICY, REVIEWED, a_candidate, a_case, assessed

PRIORITIES = ["P1", "P2", "P3", "P4"]


def article(article_id="billing/renewal", confidence=0.9, similarity=0.7, **metadata):
    return assessed(
        a_candidate(article_id, ArticleMetadata(dates=REVIEWED, **metadata), similarity=similarity), confidence
    )


def past(similarity=0.7, **labels):
    return Neighbour(PastTicket(f"OLD-{similarity}", "words", **labels), similarity)


def like(case, *neighbours):
    return replace(case, retrieval=replace(case.retrieval, neighbours=neighbours))


def placed(case, policy=POLICY):
    verdict = run_gates(case, policy)
    return place(case, verdict, verdict.outcome, policy)


ACCOUNTS = {"category": "access", "team": "Accounts"}


def test_past_tickets_take_a_ticket_from_the_article_whose_words_it_uses():
    doubtful = article(confidence=0.45, category="billing", team="Billing")
    case = like(a_case(doubtful), *(past(0.6 + n / 100, **ACCOUNTS) for n in range(4)))
    found = placed(case)
    assert (found.category, found.team) == ("access", "Accounts")
    assert found.routing.team.basis == "past_tickets"
    assert 0.5 <= found.routing.team.confidence < 1
    assert [one.example_id for one in found.routing.past_tickets] == [f"OLD-{0.6 + n / 100}" for n in range(4)]


def test_an_answer_is_filed_where_its_article_is():
    case = like(a_case(article(category="billing", team="Billing", priority="P3")), *[past(0.7, **ACCOUNTS)] * 9)
    assert run_gates(case, POLICY).outcome == "RESOLVE"
    found = placed(case)
    assert (found.category, found.classification, found.team) == ("billing", "renewal", "Billing")
    assert found.routing.team.basis == "article"
    assert found.routing.team.confidence < 1


@pytest.mark.parametrize(
    ("neighbours", "team"),
    [
        ([past(0.75, **ACCOUNTS)] * 3, "Accounts"),
        ([past(0.75, **ACCOUNTS)], "Accounts"),
        ([past(0.2, **ACCOUNTS)] * 9, "Service Desk"),
        ([past(0.75, team="Accounts"), past(0.75, team="Billing")], "Service Desk"),
        ([past(0.75, category="access")] * 9, "Service Desk"),
        ([], "Service Desk"),
    ],
    ids=["alike", "one-just-like-it", "unlike", "divided", "labelled-otherwise", "none"],
)
def test_where_no_article_matches_past_tickets_speak_if_they_are_alike_and_agree(neighbours, team):
    assert placed(like(a_case(), *neighbours)).team == team


def test_a_classification_belongs_to_its_category():
    doubtful = article(confidence=0.45, category="billing")
    labels = [{"category": "access", "classification": "refused"}] * 4 + [
        {"category": "billing", "classification": "late"}
    ]
    found = placed(like(a_case(doubtful), *(past(0.7, **one) for one in labels)))
    assert (found.category, found.classification) == ("access", "refused")


@pytest.mark.parametrize(
    ("signals", "team", "priority"),
    [
        (Signals((RiskSignal("security", "the pattern 'x'"),)), "Security", "P2"),
        (Signals((RiskSignal("outage", "the pattern 'x'"),)), "On-call", "P1"),
        (Signals((RiskSignal("destructive", "the pattern 'x'"),)), "Service Desk Approvals", "P3"),
        (Signals((RiskSignal("privileged", "the pattern 'x'"),)), "Service Desk Approvals", "P3"),
    ],
    ids=["security", "outage", "destructive", "privileged"],
)
def test_what_the_policy_rules_is_not_put_to_the_vote(signals, team, priority):
    policy = replace(POLICY, priorities={"default": "P3", "security": "P2", "outage": "P1"})
    calm = [past(0.8, category="mail", team="Messaging", priority="P4")] * 9
    case = like(a_case(article(team="Messaging", category="mail"), signals=signals), *calm)
    found = placed(case, policy)
    assert (found.team, found.routing.team.basis) == (team, "policy")
    assert found.priority <= priority


def test_an_article_that_is_for_it_knows_the_team_better_than_the_policy():
    case = a_case(article("security/phishing", risk="security", team="CERT"))
    assert placed(case).team == "CERT"


@pytest.mark.parametrize(
    ("stated", "voted", "priority", "basis"),
    [
        ("P3", "P2", "P2", "past_tickets"),
        ("P2", "P4", "P2", "article"),
        (None, "P4", "P4", "past_tickets"),
        (None, "P2", "P2", "past_tickets"),
        ("P3", None, "P3", "article"),
        (None, None, "P3", "policy"),
    ],
    ids=["raised", "never-lowered", "nobody-else-says", "above-the-default", "article", "default"],
)
def test_past_tickets_may_raise_a_stated_priority_but_not_lower_it(stated, voted, priority, basis):
    neighbours = [past(0.75, priority=voted)] * 4 if voted else []
    found = placed(like(a_case(article(priority=stated)), *neighbours))
    assert (found.priority, found.routing.priority.basis) == (priority, basis)


def test_a_calmly_worded_outage_is_p1_where_past_ones_were():
    case = like(a_case(article(team="Messaging", priority="P3")), *[past(0.75, priority="P1")] * 3)
    verdict = run_gates(case, POLICY)
    assert (verdict.outcome, verdict.reason) == ("ESCALATE_HUMAN", "outage")
    assert "past tickets like it were P1: 'OLD-0.75' (0.75)" in verdict.detail
    policy = replace(POLICY, priorities={"default": "P3", "outage": "P1"})
    found = place(case, verdict, verdict.outcome, policy)
    assert (found.priority, found.team) == ("P1", "On-call")


@pytest.mark.parametrize(("escalates", "reason"), [(False, None), (True, "outage")], ids=["runbook", "escalate"])
def test_an_alert_like_past_outages_is_what_the_policy_says_of_alerts(escalates, reason):
    case = like(a_case(article(), text="[FIRING:1] MailQueueHigh on mx-2"), *[past(0.75, priority="P1")] * 3)
    assert run_gates(case, replace(POLICY, alerts_are_outages=escalates)).reason == reason


def test_one_past_outage_among_others_does_not_make_an_outage():
    neighbours = [past(0.75, priority="P1"), *[past(0.74, priority="P3")] * 3]
    assert run_gates(like(a_case(article()), *neighbours), POLICY).outcome == "RESOLVE"


def test_tags_of_past_tickets_are_added_but_never_those_that_the_policy_gives():
    policy = replace(POLICY, tags=(TagRule(Tag("vip", "draft"), groups=("vip",)),))
    case = like(a_case(article(labels=("renewal",))), *[past(0.75, tags=("portal", "vip"))] * 4)
    assert placed(case, policy).tags == ("renewal", "portal")


neighbours_of_any_kind = st.lists(
    st.builds(
        past,
        st.floats(-1, 1),
        priority=st.sampled_from([None, *PRIORITIES]),
        team=st.sampled_from([None, "A", "B"]),
        category=st.sampled_from([None, "a", "b"]),
    ),
    max_size=9,
)


@given(
    neighbours_of_any_kind,
    st.sampled_from([None, "security", "privileged", "destructive", "outage"]),
    st.sampled_from([None, *PRIORITIES]),
)
def test_no_past_tickets_weaken_an_outcome_or_lower_a_priority_that_is_ruled(neighbours, risk, stated):
    policy = replace(POLICY, priorities={"default": "P3", "security": "P2", "outage": "P1"})
    signals = Signals((RiskSignal(risk, "the pattern 'x'"),)) if risk else Signals()
    alone = a_case(article(priority=stated), signals=signals)
    told = like(alone, *neighbours)
    order = [gate.name for gate in GATES]
    first = [next((r.gate for r in run_gates(case, policy).results if not r.passed), None) for case in (alone, told)]
    if first[0] is not None:
        assert order.index(first[1]) <= order.index(first[0])
    if risk or stated:
        assert placed(told, policy).priority <= placed(alone, policy).priority
