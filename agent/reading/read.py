"""A ticket as it arrived enters; what its requester says leaves, apart from all else that it holds, and scrubbed."""

import re
from collections import Counter
from collections.abc import Iterable

from agent.errors import EmptyTicketError, TicketError
from agent.models import Reading, ScrubKind, Ticket, Turn
from agent.reading.alert import is_alert
from agent.reading.answering import without_answering
from agent.reading.chat import parse_transcript, with_roles
from agent.reading.clean import clean
from agent.reading.form import parse_form
from agent.reading.markup import html_to_text, is_html
from agent.reading.phrases import GREETING, SUBJECT_PREFIX
from agent.reading.replies import Parts, split_mail
from agent.reading.tone import sentiment_of
from agent.reading.words import count_content_words, summarise
from agent.scrub import scrub, without_marks

MAX_TICKET_BYTES = 256 * 1024
"""The longest ticket read, UTF-8. Longer ones are logs or attachments, not descriptions."""

MAX_QUERY_CHARS = 2_000
"""What is searched for: a description fits, and a pasted log behind it does not drown it."""


def read_ticket(ticket: Ticket) -> Reading:
    """Read a ticket.

    Args:
        ticket: As it arrived.

    Returns:
        The requester's own words, what else the ticket holds, and what can be told from them without a model. Secrets
        and personal data are in none of it.

    Raises:
        EmptyTicketError: If there is no text.
        TicketError: If it is binary or longer than `MAX_TICKET_BYTES`.
    """
    _check_size(ticket)
    subject = _plain(ticket.subject or "")
    turns = _turns(ticket)
    parts = _of_turns(turns) if turns else _of_text(_plain(ticket.body), subject)
    bare = _bare_subject(subject)
    counts: Counter[ScrubKind] = Counter()

    def scrubbed(text: str) -> str:
        result = scrub(text)
        counts.update(result.counts)
        return result.text

    bare, own, rest = scrubbed(bare), scrubbed(parts.own), scrubbed(parts.rest)
    text = "\n".join(part for part in (bare, own) if part)
    if not text:
        raise EmptyTicketError(f"ticket {ticket.id!r} has no text; expected a subject or a body")
    attachments = tuple(scrubbed(clean(name)) for name in ticket.attachments)
    return Reading(
        text=text,
        query=_query(text),
        rest=rest,
        summary=summarise(bare or own),
        sentiment=sentiment_of(text),
        content_words=count_content_words(without_marks(text)),
        turns=tuple(Turn(scrub(turn.speaker).text, scrub(turn.text).text, turn.role) for turn in turns),
        attachments=attachments,
        scrubbed=dict(counts),
    )


def _query(text: str) -> str:
    # What is left out makes room for what comes after it, but nobody's log is read to its end for that.
    said = without_answering(without_marks(text)[: 4 * MAX_QUERY_CHARS])
    return said.strip()[:MAX_QUERY_CHARS] or text


def _turns(ticket: Ticket) -> tuple[Turn, ...]:
    """Return the ticket's turns, each without what its speaker quotes; empty where it is no conversation."""
    if ticket.messages:
        given = (Turn(clean(turn.speaker), split_mail(_plain(turn.text)).own, turn.role) for turn in ticket.messages)
        return with_roles([turn for turn in given if turn.text])
    body = _plain(ticket.body)
    return () if is_alert(body) else parse_transcript(body)


def _of_turns(turns: Iterable[Turn]) -> Parts:
    user = [_without_greeting(turn.text) or turn.text for turn in turns if turn.role == "user"]
    return Parts("\n".join(user), "\n".join(turn.text for turn in turns if turn.role != "user"))


def _of_text(body: str, subject: str) -> Parts:
    if is_alert(body):
        return Parts(body, "")
    form = parse_form(body)
    if form is not None:
        return Parts(form.said or body, form.rest)
    parts = split_mail(body, subject)
    return Parts(_without_greeting(parts.own) or parts.own, parts.rest)


def _plain(text: str) -> str:
    cleaned = clean(text)
    return clean(html_to_text(cleaned)) if is_html(cleaned) else cleaned


def _bare_subject(subject: str) -> str:
    bare = subject
    while match := SUBJECT_PREFIX.match(bare):
        bare = bare[match.end() :]
    return re.sub(r"\s+", " ", bare).strip()


def _without_greeting(text: str) -> str:
    lines = text.split("\n")
    while lines and (not lines[0].strip() or GREETING.match(lines[0].strip())):
        lines = lines[1:]
    return "\n".join(lines).strip()


def _check_size(ticket: Ticket) -> None:
    parts = (ticket.body, ticket.subject or "", *(turn.text for turn in ticket.messages))
    size = sum(len(part.encode("utf-8", "surrogatepass")) for part in parts)
    if size > MAX_TICKET_BYTES:
        raise TicketError(
            f"ticket {ticket.id!r} is {size:,} bytes long; expected at most {MAX_TICKET_BYTES:,}: "
            "send the description and leave logs and attachments out"
        )
