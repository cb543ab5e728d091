"""What callers get besides decisions and runs: passages, articles, the home's state, problems."""

from typing import Literal

from api.schemas.base import Answer, Moment, Score
from api.schemas.decision import FreshnessV1
from api.schemas.runs import IngestRunV1
from ingest.models import FindingCode, Priority, RiskClass, Severity, Status


class PassageV1(Answer):
    """The best passage of one article for a query."""

    article_id: str
    attached_to: str | None
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
    attached_to: str | None
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


class StatusV1(Answer):
    """What a home holds."""

    home: str
    model: str | None
    server: str | None
    articles: int
    by_state: dict[str, int]
    by_status: dict[str, int]
    runs: tuple[IngestRunV1, ...]


class MoveV1(Answer):
    """What `runcite index push` or `pull` did; every chunk that was not sent was there already, the same."""

    action: Literal["push", "pull"]
    url: str
    collection: str
    chunks: int
    chunks_sent: int
    state: Literal["done", "interrupted"]


class PastTicketV1(Answer):
    """A labelled ticket of the past, its words scrubbed."""

    example_id: str
    text: str
    category: str | None
    classification: str | None
    priority: Priority | None
    team: str | None
    tags: tuple[str, ...]


class ImportV1(Answer):
    """What an import of past tickets did."""

    imported: int
    replaced: int
    total: int
