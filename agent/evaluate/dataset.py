"""A dataset folder (`pages/`, `queries.jsonl`, `meta.json`) or a file enters; labelled tickets, checked, leave."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from agent.errors import DatasetError
from agent.models import Channel, Outcome, Requester, Ticket
from ingest.models import Priority

QUERIES_NAME = "queries.jsonl"
MOST_MISTAKES = 8
"""How many mistakes of a file are told at once."""

_LAYOUT = "expected a folder with pages/, queries.jsonl and optionally meta.json"


@dataclass(frozen=True, slots=True)
class Labels:
    """What else is known of a ticket; `None` where nobody has said.

    Attributes:
        outcome: How it is to be decided.
        category: Its category.
        team: The team it is for.
        priority: How urgent it is.
    """

    outcome: Outcome | None = None
    category: str | None = None
    team: str | None = None
    priority: Priority | None = None


NO_LABELS = Labels()


@dataclass(frozen=True, slots=True)
class LabelledTicket:
    """A ticket with the articles that answer it.

    Attributes:
        ticket: The ticket; its requester's identity counts as verified unless the file says otherwise.
        expected: Article ids, any of which is right; empty where Runcite must refuse.
        acceptable: Articles that are neither right nor wrong; taken out of the ranking before it is scored.
        stale: Whether the right article is overdue, so that it must be found and refused.
        slice: What kind of ticket it is, for the report by slice.
        group: Tickets of one group are variants of each other; its own id where the dataset groups none.
        labels: What else is known of it.
        line: Where it stands in its file, from 1.
    """

    ticket: Ticket
    expected: frozenset[str]
    acceptable: frozenset[str]
    stale: bool
    slice: str
    group: str
    labels: Labels = NO_LABELS
    line: int = 0

    @property
    def id(self) -> str:
        """The dataset's name for it."""
        return self.ticket.id

    @property
    def right(self) -> frozenset[str]:
        """The articles that it is no mistake to act on."""
        return self.expected | self.acceptable


@dataclass(frozen=True, slots=True)
class LabelledTickets:
    """Labelled tickets of one file.

    Attributes:
        name: Name of their file or dataset.
        tickets: In the file's order.
        as_of: The day they describe; freshness is judged on it.
    """

    name: str
    tickets: tuple[LabelledTicket, ...]
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Dataset(LabelledTickets):
    """A labelled dataset: tickets, and in `pages` the articles they are about."""

    pages: Path


class _Requester(BaseModel):
    model_config = ConfigDict(extra="ignore")

    email: str | None = None
    groups: tuple[str, ...] = ()
    plan: str | None = None


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(min_length=1)]
    text: str | None = None
    subject: str | None = None
    body: str | None = None
    channel: Channel = "api"
    requester: _Requester = _Requester()
    identity_verified: bool = True
    expected: list[str] | None = None
    expected_article: str | None = None
    acceptable: list[str] = []
    stale_at_as_of: bool = False
    difficulty: str | None = None
    soft: bool = False
    attack: str | None = None
    near_miss_of: str | None = None
    group: str | None = None
    expected_outcome: Outcome | None = None
    category: str | None = None
    team: str | None = None
    priority: Priority | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not (self.text or self.body or "").strip():
            raise ValueError("no text; expected text, or subject and body")
        if self.expected is None and "expected_article" not in self.model_fields_set:
            raise ValueError("no label; expected a list of article ids as expected, empty where none answers")
        return self

    @property
    def answers(self) -> frozenset[str]:
        return frozenset(self.expected or filter(None, [self.expected_article]))

    def labelled(self, line: int) -> LabelledTicket:
        who = Requester(self.requester.email, self.requester.groups, self.requester.plan)
        words = self.text if self.text is not None else self.body
        verified = self.identity_verified
        ticket = Ticket(self.id, words or "", self.subject, self.channel, who, identity_verified=verified)
        return LabelledTicket(
            ticket=ticket,
            expected=self.answers,
            acceptable=frozenset(self.acceptable),
            stale=self.stale_at_as_of,
            slice=self._slice(),
            group=self.group or self.id,
            labels=Labels(self.expected_outcome, self.category, self.team, self.priority),
            line=line,
        )

    def _slice(self) -> str:
        if self.attack:
            return "injected"
        if self.answers:
            return "stale" if self.stale_at_as_of else "answerable"
        if self.soft:
            return "soft"
        return "near_miss" if self.near_miss_of or self.difficulty == "near" else "off_topic"


def load_dataset(folder: Path) -> Dataset:
    """Read a dataset folder.

    Args:
        folder: The folder.

    Returns:
        Its tickets and where its pages are.

    Raises:
        DatasetError: If a part is missing or lines cannot be read; names the file and the lines.
    """
    pages, queries = folder / "pages", folder / QUERIES_NAME
    if not folder.is_dir():
        raise DatasetError(f"dataset {str(folder)!r} is not a folder; {_LAYOUT}")
    for part in (pages, queries):
        if not part.exists():
            raise DatasetError(f"dataset {str(folder)!r} has no {part.name}; {_LAYOUT}")
    return Dataset(folder.resolve().name, read_labelled(queries), _as_of(folder / "meta.json"), pages)


def load_tickets(path: Path, articles: Collection[str]) -> LabelledTickets:
    """Read labelled tickets about the articles of an index.

    Args:
        path: A file with one JSON object per line, or a folder with such a `queries.jsonl`.
        articles: The ids of the articles there are.

    Returns:
        The tickets; the day is that of `meta.json` beside the file, if there is one.

    Raises:
        DatasetError: Lines cannot be read, or name an article that there is not.
    """
    file = path / QUERIES_NAME if path.is_dir() else path
    if not file.is_file():
        raise DatasetError(f"{str(file)!r} is no file; expected labelled tickets, one JSON object per line")
    tickets = read_labelled(file)
    mistakes = [
        f"line {one.line}: no article {article_id!r} in the index"
        for one in tickets
        for article_id in sorted(one.right - set(articles))
    ]
    _refuse(file, mistakes)
    return LabelledTickets(file.stem, tickets, _as_of(file.with_name("meta.json")))


def read_labelled(file: Path) -> tuple[LabelledTicket, ...]:
    """Read labelled tickets, one JSON object per line.

    Raises:
        DatasetError: There is none, or lines cannot be read, repeat an id, or label the same words otherwise.
    """
    mistakes: list[str] = []
    tickets = tuple(_tickets(file, mistakes))
    mistakes.extend(_repeated(tickets))
    _refuse(file, mistakes)
    if not tickets:
        raise DatasetError(f"{str(file)!r} holds no tickets; expected one JSON object per line")
    return tickets


def _tickets(file: Path, mistakes: list[str]) -> Iterator[LabelledTicket]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{str(file)!r} cannot be read: {error}; expected UTF-8 text") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _Row.model_validate_json(line).labelled(number)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            said = problem["msg"].removeprefix("Value error, ")
            mistakes.append(f"line {number}: {where}: {said}" if where else f"line {number}: {said}")


def _repeated(tickets: Sequence[LabelledTicket]) -> Iterator[str]:
    ids: dict[str, LabelledTicket] = {}
    words: dict[str, LabelledTicket] = {}
    for one in tickets:
        if (first := ids.setdefault(one.id, one)) is not one:
            yield f"line {one.line}: id {one.id!r} is that of line {first.line} already"
        elif (same := words.setdefault(words_of(one), one)).expected != one.expected:
            yield f"line {one.line}: the same words as line {same.line} with another answer"


def words_of(labelled: LabelledTicket) -> str:
    """Return what a ticket says, its case and white space set aside."""
    return " ".join(f"{labelled.ticket.subject or ''} {labelled.ticket.body}".casefold().split())


def _refuse(file: Path, mistakes: Sequence[str]) -> None:
    if not mistakes:
        return
    more = f"; and {len(mistakes) - MOST_MISTAKES} more" if len(mistakes) > MOST_MISTAKES else ""
    raise DatasetError(f"{str(file)!r} cannot be used: {'; '.join(mistakes[:MOST_MISTAKES])}{more}")


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
