from agent.models import Requester
from api.convert import to_run_summary, to_ticket
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


def test_a_past_run_is_summed_up_by_outcome():
    lines = (*(ArticleReport(str(n), "unchanged") for n in range(3)), ArticleReport("x", "failed", "why"))
    summary = to_run_summary(RunReport("r", "folder:/kb", WHEN, WHEN, lines, 0))
    assert summary.outcomes == {"failed": 1, "unchanged": 3}
