import pytest

from agent.errors import EmptyTicketError, TicketError
from agent.models import Ticket
from agent.reading import MAX_TICKET_BYTES, SUMMARY_CHARS, read_ticket


def reading(body, subject=None):
    return read_ticket(Ticket("T", body, subject))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("VPN drops\n\nOn Mon, 1 Jun 2026, Ann wrote:\n> turn it off", "VPN drops"),
        ("VPN drops\nAm 1. Juni schrieb Ann <ann@example.org>:\n> aus", "VPN drops"),
        ("VPN drops\n-----Original Message-----\nFrom: Ann", "VPN drops"),
        ("VPN drops\n-- \nBob\nSales", "VPN drops"),
        ("VPN drops\nSent from my iPhone", "VPN drops"),
        ("> quoted\nVPN drops", "VPN drops"),
        ("V\u200bP\u2060N dr\U000e0041ops\u202e", "VPN drops"),
        ("VPN\r\ndrops\x07", "VPN\ndrops"),
        ("\x1b[1;31mVPN\x1b[0m drops", "VPN drops"),
        ("FW from Ann:\n\n> VPN drops\n> a lot\n\nThanks", "FW from Ann:\n\nVPN drops\na lot"),
        ("> everything is quoted", "everything is quoted"),
    ],
    ids=[
        "reply",
        "reply-de",
        "outlook",
        "signature",
        "phone",
        "inline-quote",
        "invisible",
        "control",
        "colour",
        "forward",
        "nothing-but-quotes",
    ],
)
def test_keeps_what_the_writer_says(body, text):
    assert reading(body).text == text


def test_subject_comes_first_and_is_the_summary():
    result = reading("It drops.", "VPN")
    assert (result.text, result.summary) == ("VPN\nIt drops.", "VPN")


def test_a_long_summary_ends_at_a_word():
    summary = reading("printer " * 50).summary
    assert len(summary) <= SUMMARY_CHARS
    assert summary.endswith("printer…")


@pytest.mark.parametrize("body", ["", "   \n\t", "\u200b\u2060"])
def test_an_empty_ticket_is_an_error(body):
    with pytest.raises(EmptyTicketError, match="has no text"):
        reading(body)


def test_a_huge_ticket_is_an_error_that_names_the_limit():
    with pytest.raises(TicketError, match=f"{MAX_TICKET_BYTES:,}"):
        reading("x" * (MAX_TICKET_BYTES + 1))


def test_a_binary_ticket_is_an_error():
    with pytest.raises(TicketError, match="NUL"):
        reading("PK\x03\x04\0\0")


@pytest.mark.parametrize(
    ("body", "sentiment"),
    [
        ("How do I add a printer?", "neutral"),
        ("This is ridiculous, third time this week!!", "frustrated"),
        ("WHY DOES THE PRINTER NEVER PRINT ANYTHING", "frustrated"),
        ("VPN, DNS, SSO", "neutral"),
        ("Please send me the link again", "neutral"),
    ],
)
def test_sentiment(body, sentiment):
    assert reading(body).sentiment == sentiment


ALERT = """[FIRING:1] DiskFull (node-7 warning)
Labels:
 - alertname = DiskFull
 - instance = 10.0.0.7:9100
Annotations:
 - description = /var is 96% full
On node-7 write: fails
Source: http://prometheus.corp:9090/graph"""


def test_an_alert_is_read_whole():
    assert reading(ALERT).text == ALERT


def test_what_the_search_sees_has_no_marks_and_no_endless_log():
    result = reading("I am ann@example.org and the VPN drops\n" + "ERROR tunnel down\n" * 1_000)
    assert "[email]" in result.text
    assert "[email]" not in result.query
    assert len(result.query) <= 2_000


def test_secrets_are_counted_in_every_part():
    result = reading("call +49 30 901820\n\nOn 1 Jan 2026, Ann wrote:\n> my password is hunter2", "mail to a@b.example")
    assert result.scrubbed == {"email": 1, "phone": 1, "password": 1}
    assert "hunter2" not in f"{result.text}{result.rest}{result.summary}"


def test_a_number_with_invisible_characters_in_it_is_still_scrubbed():
    assert reading("card 4111\u200b 1111 1111\u2060 1111").scrubbed == {"card": 1}
