"""What callers get besides decisions: passages, articles, runs, the home's state, problems."""

from typing import Literal

from api.schemas.base import Answer, Moment, Score
from api.schemas.decision import FreshnessV1
from index.models import SyncOutcome
from ingest.models import FindingCode, Priority, RiskClass, Severity, Status


class PassageV1(Answer):
    """The best passage of one article for a query."""

    article_id: str
    title: str
    url: str | None
    version: str | None
    revision: str
    owner: str | None
    section: tuple[str, ...]
    quote: str
    start: int
    end: int
    similarity: Score
    freshness: FreshnessV1


class SearchV1(Answer):
    """What a search found, best first, one passage per article."""

    query: str
    index_revision: str
    results: tuple[PassageV1, ...]


class ArticleLineV1(Answer):
    """An article as a list shows it."""

    article_id: str
    title: str
    source: str
    url: str | None
    version: str | None
    revision: str
    status: Status
    superseded_by: str | None
    owner: str | None
    audience: tuple[str, ...]
    labels: tuple[str, ...]
    category: str | None
    team: str | None
    priority: Priority | None
    risk: RiskClass | None
    requires_identity: bool
    freshness: FreshnessV1
    indexed_at: Moment
    quarantine: tuple[str, ...]


class ArticleV1(ArticleLineV1):
    """An article with its text at the live revision."""

    text: str


class RevisionV1(Answer):
    """An article's text as it was at one revision; what a citation opens."""

    article_id: str
    revision: str
    version: str | None
    title: str
    text: str
    published_at: Moment
    live: bool


class ArticleReportV1(Answer):
    """What a run did with one article, and why where that needs saying."""

    article_id: str
    outcome: SyncOutcome
    reason: str
    warnings: tuple[str, ...]


class RunReportV1(Answer):
    """What one ingest run did."""

    run_id: str
    source: str
    started_at: Moment
    finished_at: Moment
    articles: tuple[ArticleReportV1, ...]
    chunks_embedded: int
    error: str | None


RunState = Literal["queued", "running", "done", "failed"]


class IngestRunV1(Answer):
    """A job and how far it is. `report` is there once `state` is `done`, `error` once it is `failed`."""

    id: str
    state: RunState
    source: str
    articles_met: int
    report: RunReportV1 | None
    error: str | None


class HealthV1(Answer):
    """Whether the process is alive, or ready, and why not."""

    status: Literal["ok", "not_ready"]
    detail: str


class LintFindingV1(Answer):
    """Something wrong with an article; `other` is the article it makes a pair with."""

    article_id: str
    code: FindingCode | Literal["quarantined", "unreadable"]
    severity: Severity | Literal["failure"]
    detail: str
    line: int | None = None
    other: str | None = None


class LintV1(Answer):
    """What the checks found, in a source or in the index."""

    source: str | None
    articles: int
    findings: tuple[LintFindingV1, ...]


class ProblemV1(Answer):
    """A problem by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: tuple[str, ...] = ()


class RunSummaryV1(Answer):
    """One past run in short."""

    run_id: str
    source: str
    started_at: Moment
    finished_at: Moment | None
    outcomes: dict[str, int]
    error: str | None


class StatusV1(Answer):
    """What a home holds."""

    home: str
    model: str | None
    server: str | None
    articles: int
    by_state: dict[str, int]
    by_status: dict[str, int]
    runs: tuple[RunSummaryV1, ...]
