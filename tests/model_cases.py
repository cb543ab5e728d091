"""A small knowledge base and a scripted language model, for tests of what a model may and may not do."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from agent.decide.conversation import Question, Reply, ToolCall
from agent.decide.limits import Price, Usage
from agent.decide.llm import LlmDecider, Models
from agent.models import Ticket
from agent.schema import Decision
from agent.triage import Triager
from index.models import Candidate, Evidence, Retrieval
from ingest.models import ArticleMetadata
from tests.cases import SCALE, Shelf, a_candidate, a_revision, rules

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
VPN = a_revision(
    "# VPN\n\n## Symptoms\n\nIt drops.\n\n## Fix\n\n1. Open Preferences.\n2. Enable Always On.\n"
    "3. Visit https://vpn.example/reset now.\n"
)
PRINTER = a_revision("# Printer\n\n## Fix\n\n1. Pull the toner out.\n2. Push the new one in.\n", "printers/toner")
LIBRARY = Shelf(VPN, PRINTER)
SMALL = Usage(100, 10)
TICKET = Ticket("INC-1", "VPN drops on Wi-Fi", channel="email")


def found(revision=VPN, metadata: ArticleMetadata | None = None, similarity: float = 0.8) -> Candidate:
    """Make a candidate that matches well."""
    evidence = [Evidence(0, 0, len(revision.text), (), similarity, 9.0)]
    made = a_candidate(
        revision.article_id, metadata, similarity=similarity, revision=revision.revision, evidence=evidence
    )
    return replace(made, features=replace(made.features, coverage=1.0, title_coverage=1.0))


class FixedSearcher:
    """Finds the same candidates for every query."""

    def __init__(self, *candidates: Candidate) -> None:
        self.candidates = candidates
        self.queries: list[str] = []

    def retrieve(self, query: str, *, audience: frozenset[str], limit: int = 8) -> Retrieval:
        self.queries.append(query)
        return Retrieval(self.candidates[:limit], 0.0, SCALE, "idx-1")


class ScriptedModel:
    """A language model that says what it is told to, in order; the last reply again and again."""

    def __init__(self, *replies: object, price: Price | None = None, usage: Usage = SMALL) -> None:
        self.replies = list(replies)
        self.usage = usage
        self.price = price
        self.name = "scripted"
        self.asked: list[Question] = []

    def ask(self, question: Question, within_s: float) -> Reply:
        assert within_s > 0
        self.asked.append(replace(question, messages=tuple(question.messages)))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, ToolCall):
            return Reply("", (reply,), self.usage)
        return Reply(reply if isinstance(reply, str) else json.dumps(reply), (), self.usage)


def selects(**changed: object) -> dict[str, object]:
    """Make a selection that answers `TICKET` well, but for what is changed."""
    good = {"outcome": "GUIDE_USER", "article": 1, "steps": [1, 2], "opening": "Sorry to hear that.", "question": ""}
    return good | changed


def triager(
    *replies: object,
    candidates: Sequence[Candidate] = (),
    judge: ScriptedModel | None = None,
    scrub: Callable[[str], str] = str,
) -> Triager:
    """Make a triager whose model says this."""
    searcher = FixedSearcher(*(candidates or (found(), found(PRINTER, similarity=0.2))))
    decider = LlmDecider(Models(ScriptedModel(*replies), judge), searcher, scrub)
    return Triager(searcher, LIBRARY, decider, rules, "minilm", now=lambda: NOW)


def decide(*replies: object, ticket: Ticket = TICKET, **parts: object) -> Decision:
    """Decide `TICKET` with a model that says this."""
    return triager(*replies, **parts).triage(ticket)
