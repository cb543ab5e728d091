"""A file of tickets as JSON lines enters, one decision or error object per line leaves, in the same order."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from pydantic import BaseModel, ValidationError

from agent.errors import TicketError
from agent.reading import MAX_TICKET_BYTES
from api.mistakes import describe_mistakes
from api.schemas import DecisionV1, TicketIn


class LineErrorV1(BaseModel):
    """Why a line gave no decision."""

    type: str
    detail: str


class BadLineV1(BaseModel):
    """What stands where a bad line's decision would stand."""

    error: LineErrorV1
    line: int


def answer_lines(stream: BinaryIO, decide: Callable[[TicketIn], DecisionV1]) -> Iterator[DecisionV1 | BadLineV1]:
    """Answer each line.

    Args:
        stream: JSON lines, UTF-8; empty lines at the end do not count.
        decide: Decides one ticket.

    Yields:
        One answer per line, in order.
    """
    for number, line in _lines(stream):
        yield _answer(number, line, decide)


def _answer(number: int, line: bytes | None, decide: Callable[[TicketIn], DecisionV1]) -> DecisionV1 | BadLineV1:
    if line is None:
        return _bad(number, "too_large", f"the line is longer than {MAX_TICKET_BYTES:,} bytes; expected one ticket")
    if not line.strip():
        return _bad(number, "empty", "the line is empty; expected one ticket as a JSON object")
    try:
        return decide(TicketIn.model_validate_json(line.removeprefix(b"\xef\xbb\xbf")))
    except ValidationError as error:
        said = "; ".join(describe_mistakes(error.errors()))
        return _bad(number, "invalid", said.replace(" at line 1 column ", " at column "))
    except TicketError as error:
        return _bad(number, "ticket", str(error))


def _bad(number: int, kind: str, detail: str) -> BadLineV1:
    return BadLineV1(error=LineErrorV1(type=kind, detail=detail), line=number)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield numbered lines; `None` for one that is too long, which is never held in memory whole."""
    number = 0
    empty: list[int] = []
    while line := stream.readline(MAX_TICKET_BYTES + 2):
        number += 1
        too_long = len(line.rstrip(b"\r\n")) > MAX_TICKET_BYTES
        while not line.endswith(b"\n") and (rest := stream.readline(MAX_TICKET_BYTES)):
            too_long, line = True, rest
        if not too_long and not line.strip():
            empty.append(number)
            continue
        yield from ((passed, b"") for passed in empty)
        empty.clear()
        yield number, None if too_long else line
