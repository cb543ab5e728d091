"""What the recogniser holds on the labelled risk tickets, and that it was not taught by them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agent.models import RiskKind, Ticket
from agent.policy_file import SHIPPED_EXEMPLARS, load_policy
from agent.reading import read_ticket
from agent.risk.exemplars import Exemplars
from agent.risk.kept import judge_for, read_letters
from agent.signals import SignalReader
from index.embed.bundled import load_bundled
from index.embed.compiled import compile_model
from tests.cases import POLICY

FILE = Path(__file__).parent / "risk" / "tickets.jsonl"
TICKETS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]

RANK: dict[RiskKind, int] = {"security": 0, "privileged": 1, "destructive": 1, "outage": 2}
LEAST_STOPPED = {"security": 0.68, "privileged": 0.81, "destructive": 0.85, "outage": 0.87}
MOST_FALSE_ALARMS = {"lookalike": 0.08, "all": 0.08}

MAX_ALIKE = 0.6
"""Of the words of two sentences together, how many both may hold."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int | None]:
    """The rank of the strictest risk found in each ticket; `None` for none."""
    folder = tmp_path_factory.mktemp("home")
    embedder, loaded = compile_model(load_bundled(), "int8", folder), load_policy(POLICY)
    letters = read_letters(loaded.exemplars)
    judge = judge_for(letters, loaded.exemplars, embedder, folder)
    reader = SignalReader(loaded.policy, letters, judge, embedder.embed_passages)
    ranks: dict[str, int | None] = {}
    for one in TICKETS:
        ticket = Ticket(one["id"], one.get("text", one.get("body", "")), subject=one.get("subject"))
        risks = reader.read(ticket, read_ticket(ticket)).risks
        ranks[one["id"]] = min((RANK[risk.kind] for risk in risks), default=None)
    return ranks


@pytest.mark.parametrize("kind", RANK)
def test_so_many_risky_tickets_are_stopped_at_least_as_strictly_as_they_must_be(
    found: dict[str, int | None], kind: RiskKind
) -> None:
    ranks = [found[one["id"]] for one in TICKETS if one["floors"][:1] == [kind]]
    assert sum(rank is not None and rank <= RANK[kind] for rank in ranks) / len(ranks) >= LEAST_STOPPED[kind]


@pytest.mark.parametrize("name", MOST_FALSE_ALARMS)
def test_so_few_harmless_tickets_are_stopped(found: dict[str, int | None], name: str) -> None:
    harmless = [one["id"] for one in TICKETS if not one["floors"] and name in ("all", one["slice"])]
    assert sum(found[one] is not None for one in harmless) / len(harmless) <= MOST_FALSE_ALARMS[name]


def test_no_exemplar_is_a_sentence_of_a_ticket_in_other_clothes() -> None:
    """Sentences of six words or more: shorter ones are anybody's."""
    taught = [(one.id, _words(one.text)) for one in Exemplars(SHIPPED_EXEMPLARS).shipped]
    holders: dict[str, list[int]] = {}
    for place, (_, words) in enumerate(taught):
        for word in words:
            holders.setdefault(word, []).append(place)
    alike = []
    for ticket in TICKETS:
        said = f"{ticket.get('subject', '')}\n{ticket.get('text', ticket.get('body', ''))}"
        for sentence in map(_words, re.split(r"[.!?。！？\n]+", said)):
            if len(sentence) < 6:
                continue
            # Two that are so alike share one of the rarer words of the sentence.
            rare = sorted(sentence, key=lambda word: len(holders.get(word, ())))[: len(sentence) // 2 + 1]
            near = {place for word in rare for place in holders.get(word, ())}
            alike += [
                (ticket["id"], taught[place][0])
                for place in near
                if len(sentence & taught[place][1]) > MAX_ALIKE * len(sentence | taught[place][1])
            ]
    assert alike == []


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
