"""The rows of a ServiceNow instance's articles enter, the files attached to them leave as raw documents.

Every new version of an article gets copies of its files, with ids of their own: so a file is named by its file name,
which is what lasts.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from ingest.attachments import MAX_ATTACHMENT_BYTES, attachment_id, media_type_of, too_large
from ingest.errors import RequestError
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent
from ingest.sources.servicenow_http import RefusedError, Row, TableClient

ATTACHMENTS: Final = "sys_attachment"
_COLUMNS: Final = ("sys_id", "table_name", "table_sys_id", "file_name", "size_bytes", "hash", "sys_updated_on")
_PER_QUERY: Final = 100

Outcome = Literal["skipped", "failed"]


@dataclass(frozen=True, slots=True)
class FilePage:
    """The article that a file is attached to: the source's key, the instance's address, the article's id."""

    source: str
    base: str
    article_id: str


def load_files(client: TableClient, rows: Iterable[Row]) -> dict[str, tuple[Row, ...]] | None:
    """List the files of articles that can be read as articles.

    Args:
        client: The instance.
        rows: The articles.

    Returns:
        Rows of `sys_attachment` by the article's `sys_id`, by file name; of one name the newest. `None` where the user
        may not read the table.
    """
    ids = sorted(row["sys_id"] for row in rows)
    newest: dict[tuple[str, str], Row] = {}
    try:
        for at in range(0, len(ids), _PER_QUERY):
            query = f"table_name=kb_knowledge^table_sys_idIN{','.join(ids[at : at + _PER_QUERY])}"
            for row in client.rows(ATTACHMENTS, query, _COLUMNS):
                key = (row.get("table_sys_id", ""), row.get("file_name", ""))
                known = newest.get(key)
                if media_type_of(key[1]) and (known is None or _age(row) > _age(known)):
                    newest[key] = row
    except RefusedError:
        return None
    found: dict[str, list[Row]] = {}
    for (article, _), row in sorted(newest.items()):
        found.setdefault(article, []).append(row)
    return {article: tuple(files) for article, files in found.items()}


def take_file(
    client: TableClient, row: Row, page: FilePage, is_current: IsCurrent
) -> RawDocument | Unchanged | Rejected:
    """Fetch one file, if it has changed.

    Args:
        client: The instance.
        row: Its row.
        page: Its article.
        is_current: Tells what the index holds already.
    """
    name = row["file_name"]
    article_id = attachment_id(page.article_id, name)
    etag = _etag(row, page)
    if is_current(article_id, etag):
        return Unchanged(article_id)
    content = _content(client, row)
    if not isinstance(content, bytes):
        return Rejected(article_id, *content)
    media_type = media_type_of(name)
    if media_type is None:
        return Rejected(article_id, "skipped", "is of no known kind")
    return RawDocument(
        article_id=article_id,
        source=page.source,
        media_type=media_type,
        content=content,
        name=name,
        url=f"{page.base}/sys_attachment.do?sys_id={row['sys_id']}",
        last_modified=_moment(row.get("sys_updated_on", "")),
        etag=etag,
        attached_to=page.article_id,
    )


def _content(client: TableClient, row: Row) -> bytes | tuple[Outcome, str]:
    name, size = row["file_name"], row.get("size_bytes", "")
    refusal = too_large(name, int(size) if size.isdecimal() else 0)
    if refusal:
        return "skipped", refusal
    try:
        content = client.file(row["sys_id"], MAX_ATTACHMENT_BYTES)
    except (RefusedError, RequestError) as error:
        return "failed", f"{name!r} cannot be fetched: {error}"
    if content is None:
        return "failed", f"{name!r} was removed since it was listed; the next run will tell"
    if size.isdecimal() and len(content) != int(size):
        return "failed", f"{name!r} comes with {len(content):,} bytes, the instance lists {int(size):,}"
    return content if content.strip() else ("skipped", "is empty")


def _age(row: Row) -> tuple[str, str]:
    return row.get("sys_updated_on", ""), row["sys_id"]


def _etag(row: Row, page: FilePage) -> str:
    # A copy for a new version of the article has another id and the same hash: it need not be fetched.
    state = row.get("hash") or [row["sys_id"], row.get("sys_updated_on", "")]
    facts = json.dumps([state, row["file_name"], row.get("size_bytes", ""), page.article_id])
    return hashlib.sha256(facts.encode()).hexdigest()


def _moment(written: str) -> datetime | None:
    try:
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
