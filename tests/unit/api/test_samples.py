import pytest

from api.cli.demo import Decided, choose
from api.past_tickets import read_file
from api.samples import SampleTicket, load_samples


def test_the_samples_can_be_read_and_cover_refusals():
    samples = load_samples()
    assert len(samples.tickets) == 60
    assert len({ticket.id for ticket in samples.tickets}) == 60
    assert {ticket.expected_refusal for ticket in samples.tickets} >= {None, "stale", "no_match", "ambiguous"}
    assert all(ticket.as_ticket().id == ticket.id for ticket in samples.tickets)


def a_sample(**changes) -> SampleTicket:
    fields = {"id": "INC-1", "body": "vpn", "expected_outcome": "GUIDE_USER", "expected_article": "confluence/IT/98342"}
    return SampleTicket.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, True),
        ({"expected_article": "other"}, False),
        ({"expected_article": "other", "acceptable": ["confluence/IT/98342"]}, True),
        ({"expected_article": None}, True),
        ({"expected_outcome": "RESOLVE"}, False),
        ({"expected_refusal": "stale"}, False),
    ],
)
def test_a_sample_is_met_by_outcome_reason_and_article(decision, changes, met):
    assert a_sample(**changes).is_met_by(decision) is met


def test_the_demo_shows_one_decision_of_each_kind_an_expected_one_first(decision, refusal):
    wrong = Decided(a_sample(expected_outcome="RESOLVE"), decision, 1.0)
    right = Decided(a_sample(), decision, 1.0)
    stale = Decided(a_sample(expected_outcome="ESCALATE_HUMAN", expected_refusal="stale"), refusal, 1.0)
    assert choose([wrong, right, stale]) == [right, stale]


def test_the_past_tickets_can_be_read_and_are_of_the_samples_teams():
    found = read_file(load_samples().past)
    assert (found.mistakes, found.unused, len(found.tickets)) == ((), (), 137)
    assert {one.priority for one in found.tickets} == {"P1", "P2", "P3", "P4"}
    # What a restricted article is called is not to be learnt from where tickets like its own were put.
    assert "reporting-failover" not in {one.classification for one in found.tickets}
