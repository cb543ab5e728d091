"""Findings and what people said of an article enter, the reasons why nobody may find it leave."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from index import codec
from index.rows import next_sequence
from index.tables import articles, revisions, verdicts
from ingest.models import Article, Finding, Status

Verdict = Literal["release", "quarantine"]

Witness = Callable[[Connection, str], None]
"""Told of a ruling and its revision, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The last word of a person on an article.

    Attributes:
        verdict: A quarantine holds until it is released, whatever becomes of the article; a release covers one
            revision, and of its findings those that were known.
        reason: Why, in that person's words.
        revision: The revision it was said of.
        marks: Marks of the findings that a release covers.
    """

    verdict: Verdict
    reason: str
    revision: str
    marks: frozenset[str]


def reasons(findings: Iterable[Finding], status: Status, revision: str, ruling: Ruling | None) -> tuple[str, ...]:
    """Say why an article is to be quarantined.

    Args:
        findings: What the checks found in it.
        status: What its source says of it.
        revision: Its revision.
        ruling: What a person said of it last.

    Returns:
        A reason per line; empty where it may be found.
    """
    released: frozenset[str] = frozenset()
    held: list[str] = []
    if ruling is not None and ruling.verdict == "quarantine":
        held.append(f"by hand: {ruling.reason}")
    elif ruling is not None and ruling.revision == revision:
        released = ruling.marks
    if status == "quarantined":
        held.append(STATED)
    held += [str(found) for found in findings if found.severity == "quarantine" and found.mark not in released]
    return tuple(held)


STATED = "its source says that it is quarantined"


def reasons_for(connection: Connection, article: Article) -> tuple[str, ...]:
    """Say why an article that is about to be written is to be quarantined, within the caller's transaction."""
    ruling = _last_ruling(connection, article.article_id)
    return reasons(article.findings, article.metadata.status, article.revision, ruling)


def reasons_again(connection: Connection, article_id: str, status: Status) -> tuple[str, ...]:
    """Say why a live article is to be quarantined now that its source's status has changed, in the same transaction."""
    columns = [articles.c[name] for name in ("live_revision", "findings")]
    row = connection.execute(select(*columns).where(articles.c.article_id == article_id)).one()
    return reasons(codec.findings_from_json(row[1]), status, row[0], _last_ruling(connection, article_id))


def nobody(_connection: Connection, _revision: str) -> None:
    """Witness nothing."""


def rule(
    connection: Connection, article_id: str, verdict: Verdict, reason: str, witness: Witness
) -> tuple[str, ...] | None:
    """Record what a person says of a live article and let it take effect, within the caller's transaction.

    Args:
        connection: A write transaction.
        article_id: The article.
        verdict: What is to become of its present revision.
        reason: Why.
        witness: Called with the revision that this is said of.

    Returns:
        Why it is quarantined now; `None` where there is no such article.
    """
    columns = [articles.c[name] for name in ("live_revision", "metadata", "findings")]
    wanted = articles.c.article_id == article_id
    row = connection.execute(select(*columns).where(wanted, articles.c.live_revision.is_not(None))).one_or_none()
    if row is None:
        return None
    revision, status = row[0], codec.metadata_from_json(row[1]).status
    findings = codec.findings_from_json(row[2])
    marks = tuple(found.mark for found in findings if found.severity == "quarantine") if verdict == "release" else ()
    connection.execute(
        insert(verdicts).values(
            article_id=article_id,
            verdict=verdict,
            reason=reason,
            given_at=codec.time_to_text(datetime.now(UTC)),
            revision=revision,
            marks=codec.strings_to_json(marks),
        )
    )
    witness(connection, revision)
    held = reasons(findings, status, revision, Ruling(verdict, reason, revision, frozenset(marks)))
    connection.execute(
        update(articles)
        .where(wanted)
        .values(quarantine=codec.strings_to_json(held) if held else None, changed=next_sequence(connection))
    )
    connection.execute(
        update(revisions)
        .where(revisions.c.article_id == article_id, revisions.c.revision == revision)
        .values(quarantined=bool(held))
    )
    return held


def _last_ruling(connection: Connection, article_id: str) -> Ruling | None:
    query = select(verdicts).where(verdicts.c.article_id == article_id).order_by(verdicts.c.verdict_id.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return Ruling(row["verdict"], row["reason"], row["revision"], frozenset(codec.strings_from_json(row["marks"])))
