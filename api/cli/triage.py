"""`runcite triage`: tickets enter, cited decisions leave."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer
from pydantic import ValidationError
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from agent.errors import EmptyTicketError, TicketError
from agent.reading import MAX_TICKET_BYTES
from api.batch import BadLineV1, answer_lines
from api.cli.options import AsOfOption, EmbeddingOption, HomeOption, JsonOption, Session, parse_day, start
from api.cli.render import DecisionCard
from api.cli.terminal import json_text
from api.engine import open_engine
from api.errors import NothingToDoError, UsageError
from api.mistakes import describe_mistakes
from api.schemas import DecisionV1, RequesterIn, TicketIn

STDIN = "-"


class DeciderName(StrEnum):
    """Who may decide."""

    extractive = "extractive"
    llm = "llm"


@dataclass(frozen=True, slots=True)
class _Input:
    """Where the tickets are; exactly one of the three is given."""

    text: str | None
    file: Path | None
    batch: Path | None

    @property
    def is_mail(self) -> bool:
        """Whether the file is an e-mail, by its name."""
        return self.file is not None and self.file.suffix.lower() == ".eml"

    def check(self) -> None:
        """Check that exactly one is given."""
        given = sum(part is not None for part in (self.text, self.file, self.batch))
        if given != 1:
            raise UsageError(
                f"{'no ticket' if not given else 'more than one ticket'} given; expected one of: TEXT, -f FILE, "
                "- to read stdin, or --batch IN.jsonl"
            )


def triage(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The ticket; - reads it from stdin.")] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", metavar="FILE", help="Read the ticket from this file.")
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="IN.jsonl", help="Triage one ticket per line; - reads stdin.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.jsonl", help="Where --batch writes; stdout without it."),
    ] = None,
    as_of: AsOfOption = None,
    decider: Annotated[
        DeciderName | None,
        typer.Option(
            "--decider",
            help="Who decides: the article's own words, or a language model among them. "
            "[env: RUNCITE_DECIDER; default: extractive]",
            show_default=False,
        ),
    ] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="The requester's address.")] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="A group of the requester; repeatable.")
    ] = None,
    verified: Annotated[bool, typer.Option("--verified", help="The requester's identity has been verified.")] = False,
    embedding: EmbeddingOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a ticket: which runbook applies, whether it may be acted on, and the words that prove it.

    A file named .eml is read as an e-mail. A batch line is {"id", "text" or "subject"+"body" or "email" or
    "messages": [{"speaker", "text"}], "channel"?, "requester"?: {"email", "groups", "plan"}, "identity_verified"?}.
    Lines come out in the order they went in; a bad line gives an error object and exit code 1.
    """
    given = _Input(text, file, batch)
    given.check()
    day = parse_day(as_of)
    session = start(context, home, embedding).deciding_by(decider.value if decider else None)
    if batch is not None:
        _triage_batch(session, batch, output, day)
        return
    if output is not None:
        raise UsageError("-o goes with --batch; for a single ticket redirect stdout")
    ticket = _ticket(given, email, group or [], verified=verified)
    with open_engine(session.settings, session.decider) as engine:
        decision = engine.triage(ticket, as_of=day)
    if as_json:
        session.terminal.result(json_text(decision))
    else:
        session.terminal.show(DecisionCard(decision))


def _ticket(given: _Input, email: str | None, groups: list[str], *, verified: bool) -> TicketIn:
    words = _words(given)
    try:
        requester = RequesterIn(email=email, groups=tuple(groups))
        if given.is_mail:
            return TicketIn(email=words, requester=requester, identity_verified=verified)
        return TicketIn(text=words, requester=requester, identity_verified=verified)
    except ValidationError as error:
        raise UsageError(f"the requester cannot be as given: {'; '.join(describe_mistakes(error.errors()))}") from error


def _words(given: _Input) -> str:
    if given.file is not None:
        with _open_input(given.file) as stream:
            content = stream.read(MAX_TICKET_BYTES + 1)
        if given.is_mail and not _is_utf8(content):
            # Which charset its bytes are in, a mail says part by part; nearly always they are Western European.
            content = content.decode("latin-1").encode()
        return decode_ticket(content, str(given.file))
    if given.text == STDIN:
        return decode_ticket(sys.stdin.buffer.read(MAX_TICKET_BYTES + 1), "stdin")
    return decode_ticket((given.text or "").encode("utf-8", "surrogateescape"), "the command line")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def decode_ticket(content: bytes, where: str) -> str:
    """Read a ticket's bytes as text.

    Args:
        content: At most one byte more than a ticket may have.
        where: Where they come from, for messages.

    Returns:
        The text.

    Raises:
        EmptyTicketError: There is nothing but white space.
        TicketError: It is too long, or no text.
    """
    if len(content) > MAX_TICKET_BYTES:
        raise TicketError(
            f"the ticket from {where} is longer than {MAX_TICKET_BYTES:,} bytes; send the description and leave "
            "logs and attachments out"
        )
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise TicketError(
            f"the ticket from {where} is not text (byte {error.start} is not {encoding.upper().removesuffix('-SIG')}); "
            "expected UTF-8 text"
        ) from error
    if "\0" in text:
        raise TicketError(f"the ticket from {where} holds NUL characters, as binary files do; expected UTF-8 text")
    if not text.strip():
        raise EmptyTicketError(f"the ticket from {where} is empty; expected a description of the problem")
    return text


def _triage_batch(session: Session, batch: Path, output: Path | None, day: date | None) -> None:
    if output is not None and output.exists() and batch.exists() and output.samefile(batch):
        raise UsageError(f"--batch and -o name the same file {str(batch)!r}; expected another one to write to")
    _require_folder(output)
    answered = bad = 0
    with _open_input(batch) as tickets, open_engine(session.settings, session.decider) as engine:

        def decide(ticket: TicketIn) -> DecisionV1:
            return engine.triage(ticket, as_of=day)

        with _open_output(output) as written, _progress(session, output) as count:
            for answer in answer_lines(tickets, decide):
                written.write(json_text(answer, indent=None) + "\n")
                written.flush()
                answered += 1
                count(answered)
                if isinstance(answer, BadLineV1):
                    bad += 1
                    session.terminal.note(f"line {answer.line}: {answer.error.detail}", "red")
    if not answered:
        raise NothingToDoError(f"no ticket in {str(batch)!r}; expected one JSON object per line")
    where = f", written to {output}" if output is not None else ""
    failed = f", {bad} bad line{'s' if bad > 1 else ''}" if bad else ""
    session.terminal.note(f"{answered - bad} decided{failed}{where}")
    if bad:
        raise typer.Exit(1)


@contextmanager
def _open_input(path: Path) -> Iterator[BinaryIO]:
    if str(path) == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}; expected a file of text") from error
    with stream:
        yield stream


@contextmanager
def _progress(session: Session, output: Path | None) -> Iterator[Callable[[int], None]]:
    """Count lines on a terminal, unless the decisions themselves are written to it."""
    terminal = session.terminal
    shows = terminal.err.is_terminal and (output is not None or not terminal.out.is_terminal)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=terminal.err, transient=True, disable=not shows) as progress:
        task = progress.add_task("reading", total=None)
        done = 0

        def count(lines: int) -> None:
            nonlocal done
            done = lines
            progress.update(task, description=f"line {lines}")

        try:
            yield count
        except KeyboardInterrupt:
            terminal.note(f"Interrupted: {done} line{'' if done == 1 else 's'} answered.")
            raise


def _require_folder(output: Path | None) -> None:
    """Refuse an output that cannot be, before a model is loaded for it."""
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        what = "is a folder" if output.is_dir() else "lies in no folder that exists"
        raise UsageError(f"-o {str(output)!r} {what}; expected a file in a folder that exists")


@contextmanager
def _open_output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        stream = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"cannot write {str(path)!r}: {error.strerror}; expected a file in a folder that exists"
        ) from error
    with stream:
        yield stream
