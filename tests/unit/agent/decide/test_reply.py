import re
from dataclasses import replace

import pytest

from agent.decide.reply import acting_reply, question, refusing_reply
from agent.gates import run_gates
from agent.models import Quote, Verdict
from tests.cases import POLICY, a_candidate, a_case, assessed

ONE = (Quote("a", "r", 0, 9, "Restart it", ()),)
TWO = (*ONE, Quote("a", "r", 10, 20, "Run:\n\n```\nls\n```", ()), Quote("a", "r", 30, 40, "Wait.", ()))

PROMISES = re.compile(
    r"\b(?:guarantee|promise|will be (?:fixed|solved)|within \d|refund|today|minutes|hours?)\b", re.IGNORECASE
)
HOW, THIS, THESE = (
    f"{lead}, from our article “T”:" for lead in ("Here is how", "Please try this", "Please try these steps")
)
ASKED, TROUBLED = "If you meant something else", "If this does not solve it"


def case(text):
    return a_case(assessed(a_candidate()), text=text)


def verdict(outcome, reason=None, between=()):
    return Verdict(outcome, reason, "", "", (), between)


@pytest.mark.parametrize(
    ("text", "steps", "start", "end"),
    [
        ("How do I set an out-of-office reply?", ONE, HOW, ASKED),
        ("Could I have a spare laptop please?", TWO, HOW, ASKED),
        ("The @ sign is wrong", ONE, THIS, TROUBLED),
        ("How do I stop it? It crashes", TWO, THESE, TROUBLED),
        ("It is driving me mad", TWO, f"I am sorry about the trouble. {THESE}", TROUBLED),
    ],
    ids=["plain-question", "plain-request", "trouble", "question-about-trouble", "frustrated"],
)  # fmt: skip
def test_the_tone_is_that_of_the_ticket(text, steps, start, end):
    reply = acting_reply(case(text), "T", steps)
    assert reply.startswith(start)
    assert reply.split("\n")[-1].startswith(end)


def test_steps_stand_in_order_and_a_command_ends_before_the_next_one():
    reply = acting_reply(case("VPN drops"), "T", TWO)
    assert "1. Restart it\n2. Run:\n\n```\nls\n```\n\n3. Wait.\n" in reply


@pytest.mark.parametrize(
    ("outcome", "reason", "said"),
    [
        ("ESCALATE_SECURITY", "security", "Thank you for reporting this. Our security team"),
        ("ESCALATE_HUMAN", "outage", "Thank you for reporting this. It goes to our on-call team"),
        ("REQUIRE_APPROVAL", "approval_required", "Thank you for your message. This needs an approval first"),
        ("ESCALATE_HUMAN", "stale", "Thank you for your message. A colleague"),
        ("NEED_INFO", "unverified_identity", "Thank you for your message. Before we can go on, please verify"),
        ("NEED_INFO", "too_little_information", "Thank you for your message. Which system or device"),
    ],
    ids=lambda value: value if value and value.islower() else "",
)
def test_a_refusal_says_who_takes_over_and_regrets_where_somebody_is_frustrated(outcome, reason, said):
    assert refusing_reply(case("VPN drops"), verdict(outcome, reason)).startswith(said)
    sorry = refusing_reply(case("I am fed up, the VPN drops"), verdict(outcome, reason))
    assert sorry.startswith(f"I am sorry about the trouble.{said.partition('.')[2]}")
    assert not PROMISES.search(sorry)


def two(first, second, confidence=(0.5, 0.45)):
    candidates = []
    for title, sure in zip((first, second), confidence, strict=True):
        candidate = a_candidate(title)
        candidates.append(assessed(replace(candidate, article=replace(candidate.article, title=title)), sure))
    return candidates


@pytest.mark.parametrize(
    ("titles", "asked"),
    [
        (("Wi-Fi (Leeds)", "Wi-Fi (Bristol)"), "is it about Leeds or Bristol?"),
        (("Wi-Fi (Hall 2, Leeds)", "Wi-Fi (Bristol)"), "is it about Hall 2, Leeds, or Bristol?"),
        (("Reset a password", "Account is locked"), "which of these is it, “Reset a password” or “Account is locked”?"),
    ],
    ids=["differ", "with-commas", "nothing-common"],
)
def test_the_question_names_what_tells_the_articles_apart(titles, asked):
    undecided = a_case(*two(*titles))
    ruling = run_gates(undecided, POLICY)
    assert ruling.reason == "ambiguous"
    assert question(undecided, ruling) == f"So that you get the right steps: {asked}"


def test_the_question_is_about_the_articles_that_fit_and_not_about_the_next_in_the_list():
    first, last = two("Wi-Fi (Leeds)", "Wi-Fi (Bristol)")
    unlikely = assessed(a_candidate("other"), 0.01)
    undecided = a_case(first, unlikely, last)
    assert question(undecided, run_gates(undecided, POLICY)).endswith("is it about Leeds or Bristol?")
