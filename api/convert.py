"""Dataclasses of the inner rooms enter, schemas leave; requests enter, tickets leave."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import get_args

from ulid import ULID

from agent.models import Channel, Requester, Ticket, Turn
from agent.reading import Mail, read_mail
from agent.schema import Decision
from api.schemas import (
    ArticleLineV1,
    ArticleReportV1,
    ArticleV1,
    DecisionV1,
    FreshnessV1,
    IngestRunV1,
    PassageV1,
    RevisionV1,
    RunReportV1,
    TicketIn,
)
from index.models import ArticleReport, Candidate, IndexedArticle, Revision, RunRecord, RunReport, SyncOutcome
from ingest.freshness import FreshnessWindows, assess

_METADATA_FIELDS = (
    "status", "superseded_by", "attached_to", "owner", "audience", "labels", "category", "team", "priority", "risk",
    "requires_identity",
)  # fmt: skip


def new_ticket_id() -> str:
    """Make an id for a ticket that came without one."""
    return f"T-{ULID()}"


def to_ticket(given: TicketIn) -> Ticket:
    """Turn a request's ticket into the agent's."""
    requester = given.requester
    mail = read_mail(given.email) if given.email is not None else Mail(given.subject or "", given.body or "", ())
    return Ticket(
        id=given.id or new_ticket_id(),
        subject=mail.subject or None,
        body=given.text or mail.text,
        channel=_channel(given),
        requester=Requester(requester.email, requester.groups, requester.plan),
        identity_verified=given.identity_verified,
        messages=tuple(Turn(turn.speaker, turn.text, turn.role) for turn in given.messages or ()),
        attachments=mail.attachments,
    )


def _channel(given: TicketIn) -> Channel:
    """Return the channel as given; where it was left out, the ticket's form may tell."""
    if "channel" in given.model_fields_set:
        return given.channel
    return "email" if given.email is not None else "chat" if given.messages else given.channel


def to_decision(decision: Decision) -> DecisionV1:
    """Write a decision as schema v1."""
    return DecisionV1.model_validate(decision)


def to_run(record: RunRecord) -> IngestRunV1:
    """Write how a run stands."""
    return IngestRunV1(
        id=record.run_id,
        state=record.state,
        source=record.source,
        started_at=record.started_at,
        finished_at=record.finished_at,
        articles_met=articles_met(record.outcomes),
        articles_total=record.articles_total,
        outcomes=in_order(record.outcomes),
        chunks_embedded=record.chunks_embedded,
        error=record.error,
    )


def to_report(report: RunReport) -> RunReportV1:
    """Write a run's report."""
    outcomes = Counter(line.outcome for line in report.articles)
    return RunReportV1(
        id=report.run_id,
        state=report.state,
        source=report.source,
        started_at=report.started_at,
        finished_at=report.finished_at,
        articles_met=articles_met(outcomes),
        articles_total=report.articles_total,
        outcomes=in_order(outcomes),
        chunks_embedded=report.chunks_embedded,
        error=report.error,
        articles=tuple(to_report_line(line) for line in report.articles if line.says_something),
    )


def to_report_line(report: ArticleReport) -> ArticleReportV1:
    """Write what a run did with one article."""
    return ArticleReportV1.model_validate(report)


def articles_met(outcomes: Mapping[SyncOutcome, int]) -> int:
    """Count the articles that a source has listed so far: those that it no longer lists are not among them."""
    return sum(count for outcome, count in outcomes.items() if outcome != "deleted")


def in_order(outcomes: Mapping[SyncOutcome, int]) -> dict[SyncOutcome, int]:
    """Put counts in the order in which a person asks for them; outcomes that did not occur are left out."""
    return {outcome: outcomes[outcome] for outcome in get_args(SyncOutcome) if outcomes.get(outcome)}


def _freshness(article: IndexedArticle, windows: FreshnessWindows, as_of: date) -> FreshnessV1:
    return FreshnessV1.model_validate(assess(article.metadata, windows, as_of))


def to_article_line(article: IndexedArticle, windows: FreshnessWindows, as_of: date) -> ArticleLineV1:
    """Write an article as a list shows it, its freshness as on `as_of`."""
    metadata = {name: getattr(article.metadata, name) for name in _METADATA_FIELDS}
    return ArticleLineV1(
        article_id=article.article_id,
        title=article.title,
        source=article.source,
        url=article.url,
        version=article.version,
        revision=article.revision,
        freshness=_freshness(article, windows, as_of),
        indexed_at=article.indexed_at,
        quarantine=article.quarantine,
        **metadata,
    )


def to_article(line: ArticleLineV1, text: str) -> ArticleV1:
    """Add an article's text to its line."""
    return ArticleV1.model_validate(dict(line) | {"text": text})


def to_revision(revision: Revision, *, live: bool) -> RevisionV1:
    """Write an article's text at one revision."""
    return RevisionV1(
        article_id=revision.article_id,
        revision=revision.revision,
        version=revision.version,
        title=revision.title,
        text=revision.text,
        published_at=revision.published_at,
        live=live,
    )


def to_passage(candidate: Candidate, revision: Revision, windows: FreshnessWindows, as_of: date) -> PassageV1:
    """Write a candidate's best passage, quoted from the revision that it was found in."""
    article, best = candidate.article, candidate.evidence[0]
    return PassageV1(
        article_id=article.article_id,
        attached_to=article.metadata.attached_to,
        title=article.title,
        url=article.url,
        version=article.version,
        revision=article.revision,
        owner=article.metadata.owner,
        section=best.section,
        quote=revision.text[best.start : best.end],
        start=best.start,
        end=best.end,
        similarity=candidate.similarity,
        freshness=_freshness(article, windows, as_of),
    )
