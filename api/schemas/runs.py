"""What callers get of ingest runs: how far they are, how they ended, and what they did with each article."""

from pydantic import Field

from api.schemas.base import Answer, Moment
from index.models import ArticleReport, RunState, SyncOutcome


class ArticleReportV1(Answer):
    """What a run did with one article, and why where that needs saying."""

    article_id: str
    outcome: SyncOutcome
    reason: str
    warnings: tuple[str, ...]

    @property
    def says_something(self) -> bool:
        """Whether it is worth showing, by the rule for what is kept."""
        return ArticleReport(self.article_id, self.outcome, self.reason, self.warnings).says_something


class IngestRunV1(Answer):
    """A run: waiting, going on, or over."""

    id: str
    state: RunState = Field(
        description="`failed`: it stopped before its end, `error` says why. `interrupted`: it was stopped, or its "
        "process died. Either way what it had indexed stays, nothing was removed, and the next run goes on."
    )
    source: str = Field(description="Key of the source; as it was asked for, until it has been opened.")
    started_at: Moment = Field(description="When it began; of a queued run, when it was asked for.")
    finished_at: Moment | None
    articles_met: int = Field(description="How many of the articles that the source lists have an outcome.")
    articles_total: int | None = Field(description="How many it lists, where it knows before it has given the last.")
    outcomes: dict[SyncOutcome, int] = Field(description="How many articles had each outcome.")
    chunks_embedded: int
    error: str | None

    @property
    def took_s(self) -> float | None:
        """Seconds from begin to end; `None` without an end."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


class RunReportV1(IngestRunV1):
    """A run that is over, with a line per article; those that are as they were are only counted, in `outcomes`."""

    articles: tuple[ArticleReportV1, ...]


class IngestRunPageV1(Answer):
    """Some runs, latest first; `next_cursor` asks for those before them."""

    runs: tuple[IngestRunV1, ...]
    next_cursor: str | None


class ArticleReportPageV1(Answer):
    """Some of a run's lines, in the order in which they were known; `next_cursor` asks for those behind them.

    `kept` is false where the run is so old that it only knows its counts any more.
    """

    articles: tuple[ArticleReportV1, ...]
    next_cursor: str | None
    kept: bool


class RunProgressV1(Answer):
    """How far a run is, as the event `progress` tells."""

    articles_met: int
    articles_total: int | None
    outcomes: dict[SyncOutcome, int]
    latest_article: str | None
