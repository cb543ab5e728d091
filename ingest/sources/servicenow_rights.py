"""A ServiceNow article's user criteria enter, the names of who may read it leave; nobody where that cannot be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingest.models import EVERYONE
from ingest.sources.servicenow_http import RefusedError, Row, TableClient

BLOCKED_WITHOUT_CRITERIA = "glide.knowman.block_access_with_no_user_criteria"
"""Where this property is true, a knowledge base without criteria is open to nobody; else to everybody."""

NOBODY: tuple[str, ...] = ()
_PER_QUERY = 100
_ALL = frozenset({EVERYONE, "everyone"})


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may read what, as read once at the start of a scan.

    Attributes:
        names: Names of criteria that are active and no script, by id.
        may: Ids of the criteria that open each knowledge base; `None` if they may not be read.
        may_not: Ids of the criteria that close each.
        blocked: Whether a knowledge base without criteria is closed.
    """

    names: Mapping[str, str]
    may: Mapping[str, frozenset[str]] | None
    may_not: Mapping[str, frozenset[str]] | None
    blocked: bool

    def audience(self, row: Row) -> tuple[str, ...]:
        """Say who may read an article.

        An article's own criteria count instead of its knowledge base's. Who is shut out cannot be expressed as a list
        of who is let in, so an article that shuts anyone out is nobody's.

        Args:
            row: Its row of `kb_knowledge`.

        Returns:
            Names of criteria or roles, `EVERYONE`, or nothing.
        """
        base = row.get("kb_knowledge_base", "")
        if self.may is None or self.may_not is None or _ids(row.get("cannot_read_user_criteria", "")):
            return NOBODY
        # A field that is left out is one that the user may not read: its criteria are unknown.
        if self.may_not.get(base) or not {"can_read_user_criteria", "cannot_read_user_criteria"} <= set(row):
            return NOBODY
        wanted = _ids(row["can_read_user_criteria"]) or self.may.get(base, frozenset())
        roles = [role for role in map(str.strip, row.get("roles", "").split(",")) if role]
        if not wanted and not roles:
            return NOBODY if self.blocked else (EVERYONE,)
        if wanted and roles:
            # Both must hold, and an audience is a list of which one is enough.
            return NOBODY
        # One of several criteria lets a reader in, so one that is unknown only leaves its readers out.
        named = {self.names[one] for one in wanted if one in self.names} if wanted else set(roles)
        # A criterion may be called "Everyone" and hold the staff of one company.
        return tuple(sorted(f"servicenow:{name}" if name.lower() in _ALL else name for name in named))


def load_rights(client: TableClient, rows: Iterable[Row]) -> Rights:
    """Read the criteria of articles and of their knowledge bases.

    Args:
        client: The instance.
        rows: The articles.

    Returns:
        Their rights; what may not be read stays unknown.
    """
    listed = list(rows)
    bases = sorted({row.get("kb_knowledge_base", "") for row in listed} - {""})
    may = _of_bases(client, "kb_uc_can_read_mtom", bases)
    may_not = _of_bases(client, "kb_uc_cannot_read_mtom", bases)
    wanted = {one for row in listed for one in _ids(row.get("can_read_user_criteria", ""))}
    wanted.update(one for ids in (may or {}).values() for one in ids)
    return Rights(_names(client, sorted(wanted)), may, may_not, _blocked(client))


def _of_bases(client: TableClient, table: str, bases: list[str]) -> dict[str, frozenset[str]] | None:
    found: dict[str, frozenset[str]] = {}
    try:
        for query in _in_parts("kb_knowledge_base", bases):
            for row in client.rows(table, query, ("sys_id", "kb_knowledge_base", "user_criteria")):
                base = row.get("kb_knowledge_base", "")
                found[base] = found.get(base, frozenset()) | {row.get("user_criteria", "")}
    except RefusedError:
        return None
    return found


def _names(client: TableClient, ids: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    try:
        for query in _in_parts("sys_id", ids):
            for row in client.rows("user_criteria", query, ("sys_id", "name", "active")):
                if row.get("active") == "true" and row.get("name"):
                    names[row["sys_id"]] = row["name"]
    except RefusedError:
        # Without names nobody can be told to be let in.
        return {}
    return names


def _blocked(client: TableClient) -> bool:
    try:
        rows = list(client.rows("sys_properties", f"name={BLOCKED_WITHOUT_CRITERIA}", ("sys_id", "name", "value")))
    except RefusedError:
        # An administrator's table; most integration users do not see it, and the property is off by default.
        return False
    return any(row.get("name") == BLOCKED_WITHOUT_CRITERIA and row.get("value") == "true" for row in rows)


def _in_parts(column: str, ids: list[str]) -> list[str]:
    """Write queries of bounded length: an address may hold some thousand characters."""
    return [f"{column}IN{','.join(ids[at : at + _PER_QUERY])}" for at in range(0, len(ids), _PER_QUERY)]


def _ids(listed: str) -> frozenset[str]:
    return frozenset(one for one in map(str.strip, listed.split(",")) if one)
