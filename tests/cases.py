"""Builders for the agent's stages, so that a test names only what it is about."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from agent.models import AssessedCandidate, Case, Reading, Requester, Signals, Ticket
from agent.policy import Policy
from agent.reading import read_ticket
from agent.rules import Rules
from index.models import Candidate, CosineScale, Evidence, Features, IndexedArticle, Retrieval, Revision
from ingest.freshness import assess
from ingest.models import EVERYONE, ArticleMetadata, Interval, RawDocument, ReviewDates
from ingest.read import read

TODAY = date(2026, 11, 20)
REVIEWED = ReviewDates(last_reviewed_on=date(2026, 10, 1), review_in=Interval(months=6))
SCALE = CosineScale(unrelated=0.25, related=0.75)
NO_SIGNALS = Signals()
POLICY = Policy(min_similarity=0.35)


def a_revision(text: str, article_id: str = "network/vpn") -> Revision:
    """Parse Markdown into a stored revision."""
    article = read(RawDocument(article_id, "folder:/kb", "text/markdown", text.encode(), f"{article_id}.md"))
    return Revision(
        article_id,
        article.revision,
        None,
        article.title,
        article.text,
        article.blocks,
        (EVERYONE,),
        datetime(2026, 10, 1, tzinfo=UTC),
    )


def a_candidate(
    article_id: str = "network/vpn",
    metadata: ArticleMetadata | None = None,
    *,
    similarity: float = 0.7,
    revision: str = "sha256:1",
    evidence: Sequence[Evidence] = (),
) -> Candidate:
    """Build a candidate, reviewed and in date unless its metadata says otherwise."""
    article = IndexedArticle(
        article_id,
        "folder:/kb",
        f"Title of {article_id}",
        None,
        None,
        revision,
        metadata or ArticleMetadata(dates=REVIEWED),
        datetime(2026, 10, 1, tzinfo=UTC),
    )
    place = SCALE.place(similarity)
    features = Features(5 * place, 5 * place, 5 * place, place, place, place, 0.5, 0.8, 0.5, 0.5, 5 * place, 0.0)
    return Candidate(article, similarity, 5.0, features, similarity, tuple(evidence))


def assessed(candidate: Candidate, confidence: float = 0.9, policy: Policy = POLICY) -> AssessedCandidate:
    """Assess a candidate as of `TODAY`."""
    article = candidate.article
    freshness = assess(article.metadata, policy.windows, TODAY)
    may_act = policy.basis_may_act(freshness, article.source, article.metadata)
    return AssessedCandidate(candidate, confidence, freshness, may_act)


def a_case(
    *candidates: AssessedCandidate,
    text: str = "VPN drops on café Wi-Fi",
    verified: bool = False,
    signals: Signals = NO_SIGNALS,
) -> Case:
    """Build a case from candidates, best first."""
    ticket = Ticket("INC-1", text, requester=Requester(groups=("staff",)), identity_verified=verified)
    retrieval = Retrieval(tuple(c.candidate for c in candidates), 0.0, SCALE, "idx-1")
    return Case(ticket, read_ticket(ticket), retrieval, candidates, signals)


class Shelf:
    """A library of given revisions."""

    def __init__(self, *revisions: Revision) -> None:
        self._revisions = {(r.article_id, r.revision): r for r in revisions}

    def revision(self, article_id: str, revision: str) -> Revision | None:
        return self._revisions.get((article_id, revision))


class FixedSignals:
    """Says the same of every ticket."""

    def __init__(self, signals: Signals = NO_SIGNALS) -> None:
        self._signals = signals

    def read(self, ticket: Ticket, reading: Reading) -> Signals:
        return self._signals

    def promised(self, reply: str) -> str | None:
        return "refund" if "refund" in reply else None


def rules(policy: Policy = POLICY, signals: Signals = NO_SIGNALS) -> Rules:
    """Make rules under which every ticket carries the same signals."""
    return Rules(policy, policy.hash(), FixedSignals(signals))
