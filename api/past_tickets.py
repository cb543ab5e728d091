"""A file of labelled tickets enters, JSON lines or CSV; past tickets, scrubbed, leave, or its mistakes by line."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from agent.errors import TicketError
from agent.models import Ticket
from agent.reading import read_ticket
from api.errors import UsageError
from api.mistakes import describe_mistakes
from index.models import PastTicket
from ingest.models import Priority

MOST_BYTES = 64 * 1024 * 1024
"""The largest file read; 10,000 tickets of 6,000 characters fit."""

MOST_TAGS = 20

_LABELS = ("category", "classification", "priority", "team", "tags")


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _split(value: object) -> object:
    """Let a cell of a table hold several tags."""
    return [tag.strip() for tag in value.split(";") if tag.strip()] if isinstance(value, str) else value


Label = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None,
    BeforeValidator(_empty_is_none),
]
Words = Annotated[str | None, BeforeValidator(_empty_is_none)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class PastTicketIn(BaseModel):
    """One line: the ticket as it was asked, and at least one label."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True)

    id: Label = None
    text: Words = None
    subject: Words = None
    body: Words = None
    category: Label = None
    classification: Label = None
    priority: Annotated[Priority | None, BeforeValidator(_empty_is_none)] = None
    team: Label = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(_split), Field(max_length=MOST_TAGS)] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> "PastTicketIn":
        if self.text is None and self.subject is None and self.body is None:
            raise ValueError("there are no words; expected `text`, or `subject` and `body`")
        if self.text is not None and (self.subject or self.body):
            raise ValueError("`text` excludes `subject` and `body`; expected one or the other")
        if not any(getattr(self, name) for name in _LABELS):
            raise ValueError(f"there is no label; expected at least one of: {', '.join(_LABELS)}")
        return self


@dataclass(frozen=True, slots=True)
class LineMistake:
    """What is wrong with one line of a file."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class PastTicketFile:
    """What a file holds. Where there are mistakes, none of it is to be used.

    Attributes:
        tickets: Scrubbed, in the file's order.
        mistakes: By line.
        unused: Names of fields that mean nothing here.
    """

    tickets: tuple[PastTicket, ...]
    mistakes: tuple[LineMistake, ...]
    unused: tuple[str, ...]


def read_file(path: Path) -> PastTicketFile:
    """Read a file of past tickets.

    Args:
        path: JSON lines, or CSV with a header where its name ends in `.csv`.

    Raises:
        UsageError: It cannot be read, is too large, or is not UTF-8.
    """
    records = list((_csv_records if path.suffix.lower() == ".csv" else _json_records)(_text(path)))
    tickets: dict[str, PastTicket] = {}
    first_seen: dict[str, int] = {}
    mistakes: list[LineMistake] = []
    unused: dict[str, None] = {}
    for line, record in records:
        if isinstance(record, str):
            mistakes.append(LineMistake(line, record))
            continue
        unused |= dict.fromkeys(str(name) for name in record if name not in PastTicketIn.model_fields)
        found = _ticket(record)
        if isinstance(found, str):
            mistakes.append(LineMistake(line, found))
        elif found.example_id in tickets:
            mistakes.append(
                LineMistake(line, f"{found.example_id!r} is on line {first_seen[found.example_id]} already")
            )
        else:
            tickets[found.example_id], first_seen[found.example_id] = found, line
    return PastTicketFile(tuple(tickets.values()), tuple(mistakes), tuple(unused))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}; expected a file of past tickets") from error
    if len(content) > MOST_BYTES:
        raise UsageError(f"{str(path)!r} is larger than {MOST_BYTES:,} bytes; split it, or import the latest tickets")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8 (byte {error.start}); save it as UTF-8") from error


Records = Iterator[tuple[int, Mapping[str, Any] | str]]
"""By line: the record, or what is wrong with it."""


def _json_records(text: str) -> Records:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "this is no JSON object"
            continue
        yield number, record if isinstance(record, dict) else "this is no JSON object"


def _csv_records(text: str) -> Records:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: Sequence[str] = ()
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip().lower() for cell in cells]
            elif len(cells) != len(header):
                yield line, f"{len(cells)} cells, expected {len(header)} as in the header"
            else:
                yield line, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        yield start, f"the table cannot be read: {error}"


def _ticket(record: Mapping[str, Any]) -> PastTicket | str:
    """Check and scrub one record; a mistake is a text."""
    try:
        given = PastTicketIn.model_validate(record)
        reading = read_ticket(Ticket(given.id or "", given.text or given.body or "", subject=given.subject))
    except ValidationError as error:
        return "; ".join(describe_mistakes(error.errors()))
    except TicketError as error:
        return str(error)
    return PastTicket(
        example_id=given.id or f"sha-{hashlib.sha256(reading.query.encode()).hexdigest()[:12]}",
        text=reading.query,
        category=given.category,
        classification=given.classification,
        priority=given.priority,
        team=given.team,
        tags=given.tags,
    )
