"""Run reports enter the catalog's tables, and are read back, latest first."""

from sqlalchemy import Connection, insert, select

from index import codec
from index.models import ArticleReport, RunReport
from index.tables import run_articles, runs


def write_run(connection: Connection, report: RunReport) -> None:
    """Write a report and its lines, within the caller's transaction."""
    connection.execute(
        insert(runs).values(
            run_id=report.run_id,
            source=report.source,
            started_at=codec.time_to_text(report.started_at),
            finished_at=codec.time_to_text(report.finished_at),
            chunks_embedded=report.chunks_embedded,
            error=report.error,
        )
    )
    lines = [
        {
            "run_id": report.run_id,
            "position": position,
            "article_id": line.article_id,
            "outcome": line.outcome,
            "reason": line.reason,
            "warnings": codec.strings_to_json(line.warnings),
        }
        for position, line in enumerate(report.articles)
    ]
    if lines:
        connection.execute(insert(run_articles), lines)


def read_runs(connection: Connection, limit: int) -> list[RunReport]:
    """Read the latest `limit` reports, latest first."""
    found = []
    for row in connection.execute(select(runs).order_by(runs.c.run_id.desc()).limit(limit)).mappings():
        query = select(run_articles).where(run_articles.c.run_id == row["run_id"]).order_by(run_articles.c.position)
        lines = tuple(
            ArticleReport(
                article_id=line["article_id"],
                outcome=line["outcome"],
                reason=line["reason"],
                warnings=codec.strings_from_json(line["warnings"]),
            )
            for line in connection.execute(query).mappings()
        )
        found.append(
            RunReport(
                run_id=row["run_id"],
                source=row["source"],
                started_at=codec.time_from_text(row["started_at"]),
                finished_at=codec.time_from_text(row["finished_at"]),
                articles=lines,
                chunks_embedded=row["chunks_embedded"],
                error=row["error"],
            )
        )
    return found
