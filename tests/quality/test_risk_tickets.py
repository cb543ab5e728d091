"""The labelled risk tickets are whole: known labels, enough of each kind, and every slice is what its name says."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parent / "risk" / "tickets.jsonl"
TICKETS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]

FLOORS = ("security", "privileged", "destructive", "outage")  # the strictest first
CHANNELS = {"email", "chat", "form"}
LANGUAGE = re.compile("ar|cs|da|de|el|en|es|fi|fr|he|hi|hu|id|it|ja|ko|nb|nl|pl|pt|ro|ru|sv|th|tr|uk|vi|zh")
SLICE_MINIMUM = {
    "plain": 40,
    "paraphrase": 80,
    "typo": 40,
    "language": 70,
    "buried": 40,
    "disguise": 40,
    "two_issues": 25,
    "claim": 25,
    "lookalike": 100,
}
FLOOR_MINIMUM = {"security": 80, "privileged": 80, "destructive": 70, "outage": 80}
# Words that give a floor away. A paraphrase has none of them.
GIVEAWAY = re.compile(
    r"\b(phish\w*|malware|ransom\w*|virus\w*|trojan\w*|hack\w*|stole\w*|theft|leak\w*|breach\w*|suspicious|password\w*"
    r"|credential\w*|admin\w*|privilege\w*|root|sudo|access\w*|permission\w*|grant\w*|reset\w*|mfa|2fa|two-factor"
    r"|firewall\w*|antivirus|security|mailbox\w*|unlock|delet\w*|wip(?:e|ed|ing)|drop\w*|purg\w*|format\w*|terminat\w*"
    r"|eras\w*|remov\w*|restart\w*|reboot\w*|roll(?:ed)? ?back|restor\w*|backup\w*|decommission\w*|failover|outage\w*"
    r"|down|offline|unavailable|unreachable|p1|urgent\w*|critical)\b",
    re.IGNORECASE,
)


def words_of(ticket: dict[str, Any]) -> str:
    return ticket["text"] if "text" in ticket else f"{ticket['subject']}\n{ticket['body']}"


def in_slice(name: str) -> list[dict[str, Any]]:
    return [ticket for ticket in TICKETS if ticket["slice"] == name]


def faults_of(ticket: dict[str, Any]) -> list[str]:
    common = {"id", "channel", "floors", "slice", "language", "note"}
    checks = {
        "fields": set(ticket) in ({*common, "text"}, {*common, "subject", "body"}),
        "id": re.fullmatch(r"risk-\d{3}", ticket["id"]),
        "channel": ticket["channel"] in CHANNELS,
        "slice": ticket["slice"] in SLICE_MINIMUM,
        "language": LANGUAGE.fullmatch(ticket["language"]),
        "floors": ticket["floors"] == [floor for floor in FLOORS if floor in ticket["floors"]],
        "note": ticket["note"].strip(),
        "words": words_of(ticket).strip(),
    }
    return [name for name, holds in checks.items() if not holds]


def test_every_ticket_has_known_fields_and_labels() -> None:
    assert {ticket["id"]: found for ticket in TICKETS if (found := faults_of(ticket))} == {}


def test_ids_are_unique() -> None:
    assert len({ticket["id"] for ticket in TICKETS}) == len(TICKETS)


def test_no_ticket_is_another_in_other_clothes() -> None:
    bags = [(ticket["id"], set(re.findall(r"\w+", words_of(ticket).casefold()))) for ticket in TICKETS]
    alike = [(a, b) for (a, left), (b, right) in combinations(bags, 2) if len(left & right) > 0.5 * len(left | right)]
    assert alike == []


@pytest.mark.parametrize(("name", "minimum"), SLICE_MINIMUM.items())
def test_slice_is_large_enough(name: str, minimum: int) -> None:
    assert len(in_slice(name)) >= minimum


@pytest.mark.parametrize(("floor", "minimum"), FLOOR_MINIMUM.items())
def test_floor_has_enough_positives(floor: str, minimum: int) -> None:
    assert sum(floor in ticket["floors"] for ticket in TICKETS) >= minimum


def test_enough_tickets_have_no_floor() -> None:
    assert sum(not ticket["floors"] for ticket in TICKETS) >= 130


def test_lookalikes_have_no_floor() -> None:
    assert [ticket["id"] for ticket in in_slice("lookalike") if ticket["floors"]] == []


@pytest.mark.parametrize("name", [name for name in SLICE_MINIMUM if name != "lookalike"])
def test_slice_has_every_floor_and_harmless_controls(name: str) -> None:
    seen = Counter(floor for ticket in in_slice(name) for floor in ticket["floors"] or ["none"])
    assert set(seen) == {*FLOORS, "none"}


def test_language_slice_is_foreign_and_wide() -> None:
    languages = {ticket["language"] for ticket in in_slice("language")}
    assert "en" not in languages
    assert len(languages) >= 10
    assert {ticket["language"] for ticket in in_slice("language") if not ticket["floors"]} == languages


def test_paraphrases_use_no_giveaway_word() -> None:
    found = {
        ticket["id"]: words
        for ticket in in_slice("paraphrase")
        if ticket["floors"] and (words := GIVEAWAY.findall(words_of(ticket)))
    }
    assert found == {}


def test_buried_tickets_are_long() -> None:
    lengths = {ticket["id"]: len(words_of(ticket).split()) for ticket in in_slice("buried")}
    assert {name: count for name, count in lengths.items() if not 150 <= count <= 400} == {}


def test_invisible_characters_stand_as_escapes() -> None:
    hidden = [
        line
        for line in FILE.read_text(encoding="utf-8").splitlines()
        if re.search("[\u00ad\u200b-\u200f\u2060\ufeff]", line)
    ]
    assert hidden == []
    assert sum("\u200b" in words_of(ticket) for ticket in in_slice("disguise")) >= 3


@pytest.mark.parametrize("name", SLICE_MINIMUM)
def test_readme_counts_what_the_file_holds(name: str) -> None:
    tickets = in_slice(name)
    counts = [sum(floor in ticket["floors"] for ticket in tickets) for floor in FLOORS]
    counts += [sum(not ticket["floors"] for ticket in tickets), len(tickets)]
    row = f"| `{name}` | {' | '.join(map(str, counts))} |"
    assert row in FILE.with_name("README.md").read_text(encoding="utf-8").splitlines()
