"""Where the samples' past tickets and tickets are put: by the articles alone, and with past tickets' help."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from agent.evaluate.metrics import wilson
from agent.gates import run_gates
from agent.models import Case, Ticket
from agent.policy import Policy
from agent.routing import Place, place
from api.bootstrap import open_runtime
from api.convert import to_ticket
from api.home import LocalRuntime
from api.memory import open_memory
from api.past_tickets import read_file
from api.samples import Samples, load_samples
from api.settings import Settings
from benchmarks.figure import Figure
from index.catalog import Catalog
from index.models import Neighbour, PastTicket
from index.neighbours import Neighbours
from index.past_tickets import MOST
from tests.fakes import HashedWordsEmbedder

COMMAND = "`python -m benchmarks.routing`"
DIMENSION = 384
LOOKS = 50

# Where the samples' tickets belong that no article is for; `None` where the ticket does not say.
ELSEWHERE: Final[Mapping[str, tuple[str, str | None]]] = {
    "INC-1006": ("facilities", "Workplace Bristol"),
    "INC-1015": ("databases", "Data Platform"),
    "INC-1026": ("people", "People Team"),
    "INC-1027": ("software", "Logistics Systems"),
    "INC-1033": ("facilities", None),
    "INC-1042": ("facilities", "Facilities Leeds"),
    "INC-1049": ("people", "Payroll"),
}

Labelled = tuple[str | None, str | None, Place]
"""The right category and team, and where a ticket was put."""


def measure() -> list[Figure]:
    """Put every past ticket where the others would, and every sample ticket."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        settings, samples = Settings(home=Path(folder) / "home", embedding="bundled"), load_samples()
        past = read_file(samples.past).tickets
        runtime = opened.enter_context(open_runtime(settings, create=True))
        runtime.ingest(str(samples.pages))
        policy = runtime.policy.current().policy
        alone = [_put(_case(runtime, one), policy, ()) for one in past]
        tickets_alone = list(_tickets(runtime, samples))
        with open_memory(settings) as memory:
            memory.keep(past)
        together = [_put(case, policy, _others(case, one)) for one in past for case in [_case(runtime, one)]]
        tickets = list(_tickets(runtime, samples))
        labels = [(one.category, one.team) for one in past]
        return [
            *_shares("past tickets, each left out in turn: articles alone", _with(labels, alone)),
            *_shares("past tickets, each left out in turn: with the others", _with(labels, together)),
            *_shares("sample tickets: articles alone", tickets_alone),
            *_shares("sample tickets: with past tickets", tickets),
            _speed(Path(folder)),
        ]


def _case(runtime: LocalRuntime, one: PastTicket) -> Case:
    return runtime.triager.explain(Ticket(one.example_id, one.text))[0]


def _others(case: Case, one: PastTicket) -> tuple[Neighbour, ...]:
    return tuple(near for near in case.retrieval.neighbours if near.past.example_id != one.example_id)


def _put(case: Case, policy: Policy, neighbours: tuple[Neighbour, ...]) -> Place:
    """Put a ticket where it belongs as though nothing could be acted on: an answer is filed with its article anyway."""
    case = replace(case, retrieval=replace(case.retrieval, neighbours=neighbours))
    return place(case, run_gates(case, policy), "ESCALATE_HUMAN", policy)


def _tickets(runtime: LocalRuntime, samples: Samples) -> Iterator[Labelled]:
    articles = {one.article_id: one.metadata for one in runtime.catalog.articles()}
    policy = runtime.policy.current().policy
    for ticket in samples.tickets:
        known = articles.get(ticket.expected_article or "")
        right = (known.category, known.team) if known else ELSEWHERE.get(ticket.id)
        if right is None or ticket.expected_refusal == "ambiguous":
            continue
        case, decision = runtime.triager.explain(to_ticket(ticket.as_ticket()), as_of=samples.as_of)
        yield (*right, place(case, run_gates(case, policy), decision.outcome, policy))


def _with(labels: Sequence[tuple[str | None, str | None]], places: Sequence[Place]) -> list[Labelled]:
    return [(*label, found) for label, found in zip(labels, places, strict=True)]


def _shares(name: str, put: Sequence[Labelled]) -> Iterator[Figure]:
    for kind, pairs in (
        ("category", [(right, found.category) for right, _, found in put if right]),
        ("team", [(right, found.team) for _, right, found in put if right]),
    ):
        good = sum(right == found for right, found in pairs)
        bad = sum(found not in (None, "Service Desk", right) for right, found in pairs)
        low, high = wilson(good, len(pairs))
        value = f"{good / len(pairs):.3f} right, {bad / len(pairs):.3f} wrong"
        yield Figure(f"{kind} of {name}", value, "–", None, f"95 % {low:.3f}–{high:.3f}, n={len(pairs)}", COMMAND)


def _speed(folder: Path) -> Figure:
    """Time one look among as many past tickets as there may be."""
    catalog = Catalog.open(folder / "many.sqlite")
    try:
        embedder = HashedWordsEmbedder(DIMENSION)
        catalog.past_tickets.put(
            [PastTicket(f"{at:05}", f"word{at % 997} word{at % 89}", team="A") for at in range(MOST)]
        )
        neighbours = Neighbours(catalog.past_tickets, embedder)
        vector = np.asarray(embedder.embed_query("word1 word2"), dtype=np.float32)
        neighbours.nearest(vector)
        took = []
        for _ in range(LOOKS):
            started = time.process_time()
            neighbours.nearest(vector)
            took.append((time.process_time() - started) * 1000)
    finally:
        catalog.close()
    spread = f"{min(took):.1f}–{max(took):.1f} ms, n={LOOKS}"
    name = f"nearest of {MOST:,} past tickets, {DIMENSION} dimensions, processor time"
    return Figure(name, f"{median(took):.1f} ms", "≤ 5 ms", median(took) <= 5, spread, COMMAND)


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.value} ({figure.spread})")
