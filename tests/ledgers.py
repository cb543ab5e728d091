"""Cases, decisions and ledgers for the tests of what keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from agent.decide.extractive import ExtractiveDecider
from agent.ledger import Ledger
from agent.models import Case, Requester, Ticket
from agent.schema import Decision
from agent.triage import Triager
from index.catalog import Catalog
from index.models import Evidence, Neighbour, PastTicket, Retrieval
from tests.cases import SCALE, Shelf, a_candidate, a_revision, rules

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VPN = a_revision("# VPN\n\n## Fix\n\n1. Open Preferences.\n2. Enable Always On.\n")


PAST = PastTicket("OLD-1", "the tunnel falls over at Ada's", team="Network Operations")


class OneCandidate:
    """A searcher that finds the VPN article, as well as it is told to."""

    def __init__(self, similarity: float = 0.8) -> None:
        self.similarity = similarity

    def retrieve(self, query, *, audience, limit=8):
        evidence = [Evidence(0, 0, len(VPN.text), ("Fix",), self.similarity, 9.0)]
        found = a_candidate("network/vpn", similarity=self.similarity, revision=VPN.revision, evidence=evidence)
        return Retrieval((found,), 0.0, SCALE, "idx-1", (Neighbour(PAST, 0.9),))


def decided(
    text: str = "VPN drops on Wi-Fi", *, ticket_id: str = "INC-1", at: datetime = NOON, similarity: float = 0.8
) -> tuple[Case, Decision]:
    """Decide a ticket on trial."""
    triager = Triager(OneCandidate(similarity), Shelf(VPN), ExtractiveDecider(), rules, "minilm", now=lambda: at)
    requester = Requester("ada@example.com", ("staff",), "gold")
    return triager.explain(Ticket(ticket_id, text, channel="email", requester=requester), as_of=DAY)


@contextmanager
def a_ledger(home: Path, actor: str = "test") -> Iterator[Ledger]:
    """Open the ledger of a home; both are made where there are none."""
    catalog = Catalog.open(home / "catalog.sqlite")
    try:
        yield Ledger.open(catalog.engine, catalog.path, actor)
    finally:
        catalog.close()


def fill(ledger: Ledger, count: int, *, first: datetime = NOON) -> list[Decision]:
    """Record decisions a minute apart, every third one a refusal."""
    made = []
    for number in range(count):
        case, decision = decided(
            f"VPN drops on Wi-Fi, case {number}",
            ticket_id=f"INC-{number}",
            at=first + timedelta(minutes=number),
            similarity=0.1 if number % 3 == 2 else 0.8,
        )
        decision = replace(decision, tags=("vpn", f"case-{number}"))
        ledger.record(case, decision, DAY)
        made.append(decision)
    return made
