"""A labelled dataset folder: `pages/`, `queries.jsonl` and optionally `meta.json`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from agent.errors import DatasetError

_LAYOUT = "expected a folder with pages/, queries.jsonl and optionally meta.json"


@dataclass(frozen=True, slots=True)
class LabelledTicket:
    """A ticket with the articles that answer it.

    Attributes:
        id: The dataset's name for it.
        text: What the ticket says.
        expected: Article ids, any of which is right; empty where Runcite must refuse.
        acceptable: Articles that are neither right nor wrong; taken out of the ranking before it is scored.
        stale: Whether the right article is overdue, so that it must be found and refused.
        slice: What kind of ticket it is, for the report by slice.
        group: Tickets of one group are variants of each other; its own id where the dataset groups none.
    """

    id: str
    text: str
    expected: frozenset[str]
    acceptable: frozenset[str]
    stale: bool
    slice: str
    group: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A labelled dataset.

    Attributes:
        name: Name of its folder.
        pages: Where its articles are.
        tickets: In the file's order.
        as_of: The day it describes; freshness is judged on it.
    """

    name: str
    pages: Path
    tickets: tuple[LabelledTicket, ...]
    as_of: date | None


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    text: str
    expected: list[str]
    acceptable: list[str] = []
    stale_at_as_of: bool = False
    difficulty: str | None = None
    soft: bool = False
    near_miss_of: str | None = None
    group: str | None = None


def load_dataset(folder: Path) -> Dataset:
    """Read a dataset folder.

    Args:
        folder: The folder.

    Returns:
        Its tickets and where its pages are.

    Raises:
        DatasetError: If a part is missing or a line cannot be read; names the file and the line.
    """
    pages, queries = folder / "pages", folder / "queries.jsonl"
    if not folder.is_dir():
        raise DatasetError(f"dataset {str(folder)!r} is not a folder; {_LAYOUT}")
    for part in (pages, queries):
        if not part.exists():
            raise DatasetError(f"dataset {str(folder)!r} has no {part.name}; {_LAYOUT}")
    tickets = tuple(_tickets(queries))
    if not tickets:
        raise DatasetError(f"{str(queries)!r} holds no tickets; expected one JSON object per line")
    return Dataset(folder.resolve().name, pages, tickets, _as_of(folder / "meta.json"))


def _tickets(queries: Path) -> Iterator[LabelledTicket]:
    for number, line in enumerate(queries.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])) or "the line"
            raise DatasetError(f"{str(queries)!r} line {number}: {where}: {problem['msg']}") from error
        yield LabelledTicket(
            id=row.id,
            text=row.text,
            expected=frozenset(row.expected),
            acceptable=frozenset(row.acceptable),
            stale=row.stale_at_as_of,
            slice=_slice(row),
            group=row.group or row.id,
        )


def _slice(row: _Row) -> str:
    if row.expected:
        return "stale" if row.stale_at_as_of else "answerable"
    if row.soft:
        return "soft"
    return "near_miss" if row.near_miss_of or row.difficulty == "near" else "off_topic"


def _as_of(meta: Path) -> date | None:
    if not meta.exists():
        return None
    try:
        content: dict[str, Any] = json.loads(meta.read_text(encoding="utf-8"))
        return TypeAdapter(date | None).validate_python(content.get("as_of"))
    except (ValueError, AttributeError) as error:
        raise DatasetError(
            f"{str(meta)!r} cannot be read: {error}; expected a JSON object with as_of as YYYY-MM-DD"
        ) from error
