"""A ServiceNow instance enters; the articles of its knowledge bases leave."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from ingest.attachments import below
from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected, Status, Unchanged
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.sources.files import MAX_FILE_BYTES
from ingest.sources.servicenow_files import FilePage, load_files, take_file
from ingest.sources.servicenow_http import Credentials, RefusedError, Row, TableClient
from ingest.sources.servicenow_rights import load_rights

TABLE = "kb_knowledge"
LISTED = (
    *("sys_id", "number", "display_number", "short_description", "workflow_state", "valid_to", "version", "latest"),
    *("sys_updated_on", "sys_mod_count", "author.name", "ownership_group.name", "kb_category.label", "article_type"),
    *("kb_knowledge_base", "can_read_user_criteria", "cannot_read_user_criteria", "roles"),
)
"""Everything but the text, which is fetched for articles that changed."""

_SCHEMES = {"servicenow+https": "https", "servicenow+http": "http"}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_EXPECTED = "servicenow+https://INSTANCE.service-now.com?kb=NAME"
_STATUSES: Mapping[str, Status] = {
    "published": "published",
    "draft": "draft",
    "review": "draft",
    "scheduled_publish": "draft",
    # Still shown, but its owner has asked for it to go: nobody should act on it.
    "pending_retirement": "draft",
    "retired": "archived",
    "outdated": "archived",
}
_UNPUBLISHED = frozenset({"draft", "review", "scheduled_publish"})
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)\s*\Z")


@dataclass(frozen=True, slots=True)
class Instance:
    """Which knowledge bases of which instance are read.

    Attributes:
        uri: What names them, in one spelling: the key of the source.
        base: The instance's address.
        knowledge_base: Title or id of one; all of them where it is `None`.
        attachments: Whether files attached to articles are articles too.
    """

    uri: str
    base: str
    knowledge_base: str | None
    attachments: bool = True


def parse_instance(uri: str) -> Instance:
    """Take the URI of an instance apart.

    Args:
        uri: `servicenow+https://instance.service-now.com?kb=IT`; without `kb` all knowledge bases.

    Raises:
        SourceError: It is no such URI, or would send credentials over a network in the clear.
    """
    parts = urlsplit(uri)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (
        parts.scheme not in _SCHEMES
        or not parts.hostname
        or parts.path.strip("/")
        or set(given) - {"kb", "attachments"}
    ):
        raise SourceError(f"source {uri!r} cannot be read; expected {_EXPECTED}")
    if "@" in parts.netloc:
        raise SourceError(
            "a ServiceNow source was given with credentials; leave them out and set RUNCITE_SERVICENOW_USER"
        )
    if parts.scheme == "servicenow+http" and parts.hostname not in _LOOPBACK:
        raise SourceError(f"source {uri!r} would send credentials in the clear; use servicenow+https")
    name = given.get("kb") or None
    if name and ("^" in name or "," in name):
        raise SourceError(f"source {uri!r} has kb={name!r}; expected the title or the sys_id of one knowledge base")
    attachments = given.get("attachments", "yes")
    if attachments not in {"yes", "no"}:
        raise SourceError(f"source {uri!r} has attachments={attachments!r}; expected yes or no")
    base = f"{_SCHEMES[parts.scheme]}://{parts.netloc.lower()}"
    return Instance(f"servicenow+{base}{f'?kb={quote(name)}' if name else ''}", base, name, attachments == "yes")


@dataclass(frozen=True)
class ServiceNowSource:
    """Articles of `kb_knowledge`, each in its current version.

    Args:
        instance: What to read.
        credentials: What to sign in with.
        sleep: Waits that many seconds, where the instance asks to.
    """

    instance: Instance
    credentials: Credentials
    sleep: Callable[[float], None] = time.sleep

    @property
    def key(self) -> str:
        """The instance's URI."""
        return self.instance.uri

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        """List every article in the order of their numbers; fetch the text of those that changed.

        Raises:
            SourceError: The instance cannot be read, or has no such knowledge base.
        """
        if not self.credentials.complete:
            raise SourceError(
                f"source {self.key!r} needs credentials; set RUNCITE_SERVICENOW_USER and RUNCITE_SERVICENOW_PASSWORD, "
                "or RUNCITE_SERVICENOW_TOKEN"
            )
        client = TableClient(self.instance.base, self.credentials, self.sleep)
        try:
            rows = current_versions(client.rows(TABLE, self._query(client), LISTED))
            on_total(len(rows))
            rights = load_rights(client, rows)
            files = load_files(client, rows) if self.instance.attachments else {}
            for row in rows:
                audience = rights.audience(row)
                outcome = self._article(client, row, audience, is_current)
                if outcome is None:
                    continue
                yield outcome
                if files is None:
                    reason = "this user may not read the table sys_attachment; grant it, or say attachments=no"
                    yield Rejected(below(outcome.article_id), "failed", reason)
                    continue
                page = FilePage(self.key, self.instance.base, outcome.article_id)
                for file in files.get(row["sys_id"], ()):
                    yield take_file(client, file, page, is_current)
        finally:
            client.close()

    def _query(self, client: TableClient) -> str:
        name = self.instance.knowledge_base
        if name is None:
            return ""
        bases = client.rows("kb_knowledge_base", f"title={name}^ORsys_id={name}", ("sys_id", "title"))
        ids = [row["sys_id"] for row in bases if name in {row.get("title"), row["sys_id"]}]
        if not ids:
            raise SourceError(
                f"{self.instance.base} has no knowledge base {name!r} that this user can read; check kb= and its roles"
            )
        return f"kb_knowledge_baseIN{','.join(ids)}"

    def _article(
        self, client: TableClient, row: Row, audience: tuple[str, ...], is_current: IsCurrent
    ) -> RawDocument | Unchanged | Rejected | None:
        number = row["number"]
        article_id = f"servicenow/{number}"
        etag = _etag(row, audience)
        if is_current(article_id, etag):
            return Unchanged(article_id)
        try:
            full = client.row(TABLE, row["sys_id"], ("sys_id", "text", "wiki"))
        except RefusedError as error:
            return Rejected(article_id, "failed", str(error))
        if full is None:
            # Deleted since it was listed.
            return None
        is_wiki = row.get("article_type") == "wiki"
        content = full.get("wiki" if is_wiki else "text", "").encode("utf-8", "replace")
        if not content.strip():
            return Rejected(article_id, "skipped", "has no text, or none that this user may read", audience)
        if len(content) > MAX_FILE_BYTES:
            reason = f"is {len(content):,} bytes, the limit is {MAX_FILE_BYTES:,}; split it"
            return Rejected(article_id, "skipped", reason, audience)
        return RawDocument(
            article_id=article_id,
            source=self.key,
            media_type="text/plain" if is_wiki else "text/html",
            content=content,
            name=number,
            url=f"{self.instance.base}/kb_view.do?sysparm_article={quote(number)}",
            version=_version_text(row) or row.get("sys_mod_count") or None,
            last_modified=_moment(row.get("sys_updated_on", "")),
            fields=_fields(row, audience),
            etag=etag,
        )


def current_versions(rows: Iterable[Row]) -> list[Row]:
    """Choose of each number the version that readers see.

    That is the newest one; but where the newest is still being written, the published one below it.

    Args:
        rows: Every version of every article.

    Returns:
        One row per number, by number; rows without one are left out, since nothing lasting names them.
    """
    chosen: dict[str, Row] = {}
    for row in rows:
        number = row.get("number", "")
        best = chosen.get(number)
        if number and (best is None or _rank(row) > _rank(best)):
            chosen[number] = row
    return [chosen[number] for number in sorted(chosen)]


def _rank(row: Row) -> tuple[bool, bool, tuple[int, ...], bool, str, str]:
    state = row.get("workflow_state", "")
    version = tuple(int(part) for part in _version_text(row).split(".") if part)
    latest = row.get("latest") == "true"
    return (
        state != "outdated",
        state not in _UNPUBLISHED,
        version,
        latest,
        row.get("sys_updated_on", ""),
        row["sys_id"],
    )


def _version_text(row: Row) -> str:
    """Read a version such as `2.0`, which newer instances give in `display_number` and others in `version`."""
    for written in (row.get("display_number", "").rpartition(" ")[2], row.get("version", "")):
        match = _VERSION.match(written)
        if match and len(match[1]) <= 20:
            return match[1]
    return ""


def _fields(row: Row, audience: tuple[str, ...]) -> dict[str, object]:
    stated: dict[str, object] = {
        "title": row.get("short_description"),
        "owner": row.get("ownership_group.name") or row.get("author.name"),
        "category": row.get("kb_category.label"),
        "valid_until": row.get("valid_to"),
    }
    known = {name: value for name, value in stated.items() if value}
    status = _STATUSES.get(row.get("workflow_state", ""), "draft")
    return known | {"status": status, "audience": list(audience)}


def _etag(row: Row, audience: tuple[str, ...]) -> str:
    facts = json.dumps([sorted(row.items()), audience])
    return hashlib.sha256(facts.encode()).hexdigest()


def _moment(written: str) -> datetime | None:
    try:
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
