import pytest

from agent.models import Requester
from api.convert import to_report, to_ticket
from api.schemas import TicketIn
from index.models import ArticleReport, RunReport
from tests.unit.api.doubles import WHEN


def test_a_ticket_without_an_id_gets_its_own():
    first, second = (to_ticket(TicketIn(text="VPN drops")) for _ in range(2))
    assert first.id != second.id
    assert first.body == "VPN drops"


def test_the_requester_comes_over_whole():
    given = {"subject": "s", "body": "b", "requester": {"email": "a@b.example", "groups": ["it"], "plan": "gold"}}
    ticket = to_ticket(TicketIn.model_validate(given))
    assert ticket.requester == Requester("a@b.example", ("it",), "gold")
    assert (ticket.subject, ticket.body) == ("s", "b")


@pytest.mark.parametrize(
    ("given", "channel"),
    [
        ({"text": "a"}, "api"),
        ({"email": "Subject: a\n\nb"}, "email"),
        ({"messages": [{"speaker": "Ann", "text": "a"}]}, "chat"),
        ({"messages": [{"speaker": "Ann", "text": "a"}], "channel": "phone"}, "phone"),
    ],
)
def test_a_form_implies_a_channel_where_none_is_given(given, channel):
    assert to_ticket(TicketIn.model_validate(given)).channel == channel


def test_the_sender_of_an_email_is_not_taken_for_the_requester():
    ticket = to_ticket(TicketIn(email="From: ceo@corp.example\nSubject: a\n\nb"))
    assert ticket.requester == Requester()


def test_a_report_counts_what_is_unchanged_and_lists_the_rest():
    lines = (*(ArticleReport(str(n), "unchanged") for n in range(3)), ArticleReport("x", "failed", "why"))
    report = to_report(RunReport("r", "folder:/kb", WHEN, WHEN, lines, 0))
    assert (report.articles_met, list(report.outcomes.items())) == (4, [("unchanged", 3), ("failed", 1)])
    assert [line.article_id for line in report.articles] == ["x"]
