"""Doubles and builders for the edges."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from agent.ledger import DecisionQuery
from agent.models import Contribution, GateResult, Ticket
from agent.schema import (
    Citation,
    Decision,
    Escalation,
    Grounds,
    PastTicketRef,
    Provenance,
    Refusal,
    RiskFlag,
    Routing,
    Step,
    TicketSummary,
)
from api.convert import to_decision, to_report_line
from api.errors import NotFoundError
from api.history import RunHistory
from api.ports import OnArticle
from api.schemas import (
    ArticleV1,
    DecisionLineV1,
    DecisionPageV1,
    DecisionRecordV1,
    DecisionV1,
    FreshnessV1,
    PassageV1,
    RevisionV1,
    RunReportV1,
    SearchV1,
)
from index.catalog import Catalog
from index.journal import recorded
from index.lock import HomeLock
from index.models import ArticleReport
from ingest.freshness import Freshness
from ingest.ports import OnTotal, ignore_total

WHEN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
REVISION = "sha256:" + "ab" * 32

FRESH = Freshness(
    state="fresh",
    basis="review",
    last_reviewed=date(2026, 10, 1),
    review_by=date(2027, 4, 1),
    valid_until=None,
    age_days=50,
    overdue_days=0,
    detail="reviewed 50 days ago",
)
STALE = Freshness(
    state="stale",
    basis="review",
    last_reviewed=date(2025, 10, 20),
    review_by=date(2026, 10, 20),
    valid_until=None,
    age_days=396,
    overdue_days=31,
    detail="review was due 31 days ago",
)


def a_citation(n=1, quote="Open Preferences > Network and enable Always On.", **changes) -> Citation:
    fields = {
        "n": n,
        "use": "acted_on",
        "article_id": "confluence/IT/98342",
        "attached_to": None,
        "title": "VPN disconnects",
        "url": "https://wiki.example/98342",
        "version": "19",
        "revision": REVISION,
        "section": ("Resolution",),
        "quote": quote,
        "start": 412,
        "end": 412 + len(quote),
        "similarity": 0.712345,
        "owner": "netops",
        "freshness": FRESH,
    }
    return Citation(**fields | changes)


def a_decision(**changes) -> Decision:
    fields = {
        "schema_version": "1",
        "decision_id": "01JD000000000000000000000",
        "created_at": WHEN,
        "ticket": TicketSummary("INC-1042", "email", "VPN drops on café Wi-Fi"),
        "outcome": "GUIDE_USER",
        "action": "resolve",
        "category": "network",
        "classification": "vpn-disconnects",
        "priority": "P3",
        "assigned_team": "Network Operations",
        "sentiment": "frustrated",
        "tags": ("vpn",),
        "has_runbook": True,
        "identity_verified": False,
        "confidence": 0.934567,
        "similarity": 0.712345,
        "steps": (Step("Open Preferences > Network and enable Always On.", 1),),
        "user_message": "This may help.\n\n1. Open Preferences > Network and enable Always On.\n\nWrite back if not.",
        "citations": (a_citation(),),
        "refusal": None,
        "risk_flag": RiskFlag(False, ""),
        "escalation": Escalation(False, "none", ""),
        "gates": (GateResult("freshness", True, "in date"),),
        "why": (Contribution("title_share", 0.75, 1.52),),
        "provenance": Provenance(
            "extractive", None, 0, 0, 0.0, None, 21, "minilm", "ix-1", "sha256:00", "preset", recorded=True
        ),
        "routing": Routing(
            category=Grounds("article", 0.9),
            classification=Grounds("article", 0.9),
            priority=Grounds("policy", None),
            team=Grounds("past_tickets", 0.8),
            past_tickets=(PastTicketRef("OLD-1", 0.81234, "network", None, "P3", "Network Operations"),),
        ),
    }
    return Decision(**fields | changes)


def a_refusal(**changes) -> Decision:
    refusal = Refusal(
        reason="stale",
        detail="'confluence/IT/98342' is stale: review was due on 2026-10-20",
        best_article_id="confluence/IT/98342",
        best_similarity=0.71,
        best_confidence=0.9,
        threshold=0.35,
        confidence_threshold=0.5,
        what_would_change_it="a review by its owner, netops",
    )
    quote = "The VPN drops when roaming."
    fields = {
        "outcome": "ESCALATE_HUMAN",
        "action": "escalate",
        "steps": (),
        "user_message": "A colleague will look at this.",
        "refusal": refusal,
        "citations": (a_citation(quote=quote, use="for_review", freshness=STALE),),
        "escalation": Escalation(True, "Network Operations", "stale"),
    }
    return a_decision(**fields | changes)


class FakeRuntime:
    """A `Runtime` over two articles: one for everyone, one for finance."""

    def __init__(self) -> None:
        self.empty = False
        self.faulty: str | None = None
        self.triaged: list[Ticket] = []
        self.asked: list[tuple[DecisionQuery, frozenset[str] | None]] = []
        self.searched: list[tuple[str, frozenset[str], int]] = []
        self.ingested: list[str] = []
        self.reindexed: list[str | None] = []
        self.lines: tuple[ArticleReport, ...] = (ArticleReport("network/vpn", "indexed"),)
        self.fails_with: Exception | None = None
        self.broken_policy: str | None = None
        self.may_finish = threading.Event()
        self.may_finish.set()
        self.may_return = threading.Event()
        self.may_return.set()

    @property
    def shelf(self) -> "FakeRuntime":
        return self

    @property
    def decisions(self) -> "FakeRuntime":
        return self

    def page(self, query: DecisionQuery, audience: frozenset[str] | None) -> DecisionPageV1:
        self._raise()
        self.asked.append((query, audience))
        line = DecisionLineV1(
            decision_id="01JD000000000000000000000",
            created_at=WHEN,
            ticket_id="INC-1042",
            summary="VPN drops on café Wi-Fi",
            outcome="GUIDE_USER",
            reason=None,
            priority="P3",
            assigned_team="Network Operations",
            confidence=0.934567,
            articles=("network/vpn",),
        )
        return DecisionPageV1(decisions=(line,), next_cursor=None)

    def record(self, decision_id: str, audience: frozenset[str] | None) -> DecisionRecordV1:
        raise NotFoundError(f"no decision {decision_id!r}")

    def is_empty(self) -> bool:
        return self.empty

    def policy_problem(self) -> str | None:
        return self.broken_policy

    def fault(self) -> str | None:
        return self.faulty

    def article(self, article_id: str, audience: frozenset[str]) -> ArticleV1:
        self._raise()
        if article_id not in ("network/vpn", "notes/revisions/2026") and "finance" not in audience:
            raise NotFoundError(f"no article {article_id!r}")
        return ArticleV1(
            article_id=article_id,
            title="VPN",
            source="folder:/kb",
            url=None,
            version="3",
            revision=REVISION,
            status="published",
            superseded_by=None,
            attached_to=None,
            owner="netops",
            audience=("*",),
            labels=(),
            category=None,
            team=None,
            priority=None,
            risk=None,
            requires_identity=False,
            freshness=FreshnessV1.model_validate(FRESH),
            indexed_at=WHEN,
            quarantine=(),
            text="Reconnect.",
        )

    def revision(self, article_id: str, revision: str, audience: frozenset[str]) -> RevisionV1:
        if article_id != "network/vpn" or revision != REVISION:
            raise NotFoundError(f"article {article_id!r} has no revision {revision!r}")
        return RevisionV1(
            article_id=article_id,
            revision=revision,
            version="3",
            title="VPN",
            text="Reconnect.",
            published_at=WHEN,
            live=True,
        )

    def search(self, text: str, *, audience: frozenset[str], limit: int, as_of: date | None = None) -> SearchV1:
        self._raise()
        self.searched.append((text, audience, limit))
        passage = PassageV1(
            attached_to=None,
            article_id="network/vpn",
            title="VPN",
            url=None,
            version="3",
            revision=REVISION,
            owner="netops",
            section=("Resolution",),
            quote="Reconnect.",
            start=0,
            end=10,
            similarity=0.7,
            freshness=FreshnessV1.model_validate(FRESH),
        )
        return SearchV1(query=text, index_revision="ix-1", results=(passage,))

    def triage(self, ticket: Ticket, *, as_of: date | None = None) -> DecisionV1:
        self._raise()
        self.triaged.append(ticket)
        return to_decision(a_decision())

    def ingest(
        self,
        source: str,
        *,
        on_article: OnArticle | None = None,
        allow_mass_delete: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
        on_total: OnTotal = ignore_total,
        run_id: str | None = None,
    ) -> RunReportV1:
        self._raise()
        with recorded(self.catalog.run_log, run_id or "01JD", f"folder:{source}") as journal:
            journal.articles_total = len(self.lines)
            on_total(len(self.lines))
            for line in self.lines:
                journal.note(line)
                if on_article is not None:
                    on_article(to_report_line(line))
                self.ingested.append(source)
            assert self.may_finish.wait(5)
            journal.write("interrupted" if should_stop() else "done")
        assert self.may_return.wait(5)
        run = self.history.get(journal.run_id)
        return RunReportV1(**dict(run), articles=tuple(map(to_report_line, self.lines)))

    def reindex(
        self,
        embedding: str | None = None,
        *,
        on_article: OnArticle | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        on_total: OnTotal = ignore_total,
        run_id: str | None = None,
    ) -> RunReportV1:
        self.reindexed.append(embedding)
        return self.ingest("/kb", on_article=on_article, should_stop=should_stop, on_total=on_total, run_id=run_id)

    @cached_property
    def catalog(self) -> Catalog:
        home = Path(tempfile.mkdtemp(prefix="runcite-test-"))
        # What runs in an open home is told from what was cut off by who holds the lock.
        self.lock = HomeLock.acquire(home, "test")
        return Catalog.open(home / "catalog.sqlite")

    @property
    def history(self) -> RunHistory:
        return RunHistory(self.catalog.run_log, self.catalog.path.parent)

    def close(self) -> None:
        if "catalog" in vars(self):
            self.catalog.close()
            self.lock.release()
            shutil.rmtree(self.catalog.path.parent)

    def _raise(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with
