import pytest

from agent.models import Turn
from agent.reading.chat import parse_transcript, with_roles

TALKS = {
    "the-desk-by-name": ([("Support", "hello"), ("Ann", "vpn drops")], ["agent", "user"]),
    "the-desk-by-its-offer": ([("Raj", "How can I help you?"), ("Ann", "vpn drops")], ["agent", "user"]),
    "a-bot": ([("HelpBot", "hi"), ("Ann", "vpn"), ("HelpBot", "ok")], ["agent", "user", "agent"]),
    "roles-by-word": ([("user", "vpn"), ("agent", "ok")], ["user", "agent"]),
    "a-colleague-is-heard": ([("Ann", "vpn drops"), ("Bob", "same here")], ["user", "user"]),
    "somebody-asks": ([("Support", "vpn drops"), ("Helpdesk", "how can I help")], ["user", "agent"]),
}


@pytest.mark.parametrize(("turns", "roles"), TALKS.values(), ids=TALKS)
def test_tells_the_requester_from_the_desk(turns, roles):
    assert [turn.role for turn in with_roles([Turn(who, said) for who, said in turns])] == roles


@pytest.mark.parametrize(
    "text",
    [
        "Error: disk full\nNote: since today\nPath: C:\\x",
        "Steps: open Outlook\nExpected: mail\nActual: nothing",
        "I tried this: reboot. It did not help: still broken.",
        "2026-11-20 10:22:01 started\n2026-11-20 10:22:05 failed",
        "10:32 the VPN dropped\n10:40 it came back",
        "",
    ],
)
def test_a_text_that_only_looks_like_one_is_no_transcript(text):
    assert parse_transcript(text) == ()


def test_a_turn_goes_on_below_its_first_line():
    talk = "Ann (10:32): the VPN drops\nagain and again\nHelpdesk (10:33): since when?"
    assert [turn.text for turn in parse_transcript(talk)] == ["the VPN drops\nagain and again", "since when?"]
