import pytest

from agent.reading import read_ticket
from api.convert import to_ticket
from api.schemas import TicketIn
from tests.ticket_forms import forms

SUBJECT = "VPN drops on hotel wifi"
BODY = (
    "Since yesterday the VPN disconnects every few minutes when I work from the hotel.\n"
    "I restarted the laptop and nothing changed. Is there anything I can do?"
)
PLAIN = f"{SUBJECT}\n{BODY}"
FORMS = forms(SUBJECT, BODY)


def read(request):
    return read_ticket(to_ticket(TicketIn.model_validate(request)))


def test_there_are_more_than_forty_forms():
    assert len(FORMS) > 40


@pytest.mark.parametrize("form", FORMS)
def test_the_requester_says_the_same_in_every_form(form):
    reading = read(FORMS[form])
    assert " ".join(reading.text.split()) == " ".join(PLAIN.split())
    assert reading.summary == SUBJECT


def test_what_is_not_the_requesters_is_kept_apart():
    kept = read(FORMS["reply-outlook-german"])
    assert "serial number of your screen" in kept.rest
    assert "serial number" not in kept.text


def test_attachments_are_named():
    assert read(FORMS["email-attachment"]).attachments == ("screen shot.png",)
