"""Tickets of the past enter with the labels that people gave them, and are found again; all of an import or none of it.

What they mean is not kept here: any model can embed them anew from their texts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from index import codec
from index.errors import CatalogError
from index.models import PastTicket
from index.tables import errors_mapped, past_tickets, settings, writing

MOST = 10_000
"""How many there may be: each decision compares its ticket with all of them, in 2 ms for 384 dimensions."""

_EDITION = "past_tickets"
_ROWS_PER_STATEMENT = 500


class PastTickets:
    """The past tickets of one index. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def edition(self) -> int:
        """Return a number that is another one whenever anything has changed; 0 before the first import."""
        with self._reading() as connection:
            return _edition(connection)

    def all(self) -> tuple[int, tuple[PastTicket, ...]]:
        """Return the edition and all past tickets in it, by id."""
        with self._reading() as connection:
            rows = connection.execute(select(past_tickets).order_by(past_tickets.c.example_id)).mappings().all()
            edition = _edition(connection)
        return edition, tuple(
            PastTicket(
                example_id=row["example_id"],
                text=row["text"],
                category=row["category"],
                classification=row["classification"],
                priority=row["priority"],
                team=row["team"],
                tags=codec.strings_from_json(row["tags"]),
            )
            for row in rows
        )

    def put(self, tickets: Sequence[PastTicket]) -> int:
        """Keep tickets, in one commit; one whose id is known replaces the one it was.

        Args:
            tickets: With different ids.

        Returns:
            How many there are now.

        Raises:
            CatalogError: There would be more than `MOST`; then none is kept.
        """
        now = codec.time_to_text(datetime.now(UTC))
        rows = [
            {
                "example_id": one.example_id,
                "text": one.text,
                "category": one.category,
                "classification": one.classification,
                "priority": one.priority,
                "team": one.team,
                "tags": codec.strings_to_json(one.tags),
                "imported_at": now,
            }
            for one in tickets
        ]
        with self._writing() as connection:
            for start in range(0, len(rows), _ROWS_PER_STATEMENT):
                statement = upsert(past_tickets).values(rows[start : start + _ROWS_PER_STATEMENT])
                replaced = {name: statement.excluded[name] for name in rows[0] if name != "example_id"}
                connection.execute(
                    statement.on_conflict_do_update(index_elements=[past_tickets.c.example_id], set_=replaced)
                )
            count = connection.scalar(select(func.count()).select_from(past_tickets)) or 0
            if count > MOST:
                raise CatalogError(
                    f"There would be {count:,} past tickets, expected at most {MOST:,}. None was imported; import "
                    "the latest, or remove others by `runcite examples remove`."
                )
            _next_edition(connection)
        return count

    def remove(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Remove tickets, in one commit.

        Args:
            patterns: Ids, or globs of them.

        Returns:
            The ids of those that were removed.
        """
        with self._writing() as connection:
            known = connection.scalars(select(past_tickets.c.example_id).order_by(past_tickets.c.example_id)).all()
            gone = [one for one in known if any(one == text or fnmatchcase(one, text) for text in patterns)]
            for start in range(0, len(gone), _ROWS_PER_STATEMENT):
                part = gone[start : start + _ROWS_PER_STATEMENT]
                connection.execute(delete(past_tickets).where(past_tickets.c.example_id.in_(part)))
            if gone:
                _next_edition(connection)
        return tuple(gone)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with errors_mapped(self._path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with errors_mapped(self._path), writing(self._engine) as connection:
            yield connection


def _edition(connection: Connection) -> int:
    return int(connection.scalar(select(settings.c.value).where(settings.c.key == _EDITION)) or 0)


def _next_edition(connection: Connection) -> None:
    following = str(_edition(connection) + 1)
    if following == "1":
        connection.execute(insert(settings).values(key=_EDITION, value=following))
    else:
        connection.execute(update(settings).where(settings.c.key == _EDITION).values(value=following))
