"""From a ticket as it arrived to what its writer says: quoted replies, signatures and invisible text removed."""

import re
import unicodedata

from agent.errors import EmptyTicketError, TicketError
from agent.models import Reading, Sentiment, Ticket

MAX_TICKET_BYTES = 256 * 1024
"""The longest ticket read, UTF-8. Longer ones are logs or attachments, not descriptions."""

SUMMARY_CHARS = 100

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""Colours and cursor moves, as pasted from a terminal."""

_QUOTE_INTROS = (("on ", " wrote", ":"), ("am ", " schrieb ", ":"), ("le ", " a écrit", ":"))
"""How the line above a quoted reply begins, what it holds and how it ends."""

_QUOTE_RULE = re.compile(r"-{2,} ?original message ?-{2,}|_{10,}", re.IGNORECASE)
_FORWARD = re.compile(r"^(?:[-\s>]*(?:fw|fwd|wg|tr|forwarded|weitergeleitet)\b)", re.IGNORECASE | re.MULTILINE)
"""A forwarded mail is quoted too, but what it quotes is the ticket."""

_SIGNATURE = re.compile(r"^(-- ?|sent from my \w[\w ]{0,40}|get outlook for \w+)$", re.IGNORECASE)
_FRUSTRATED = re.compile(
    r"\b(?:yet again|still (?:not|no|broken)|ridiculous|unacceptable|fed up|furious|frustrat\w+|annoy\w+|useless"
    r"|third time|for (?:days|weeks|hours)|nobody (?:answers|helps)|sick of|come on)\b|[!?]{2,}",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]{2,}")
_FILLER_WORDS = """
    a about after all am an and any anybody anyone are as asap at be been broke broken but by can cannot cant could day
    dear did do does doesn doing don dont down error everything failed failing fix for from get got had has have having
    he hello help her hey hi him his how if in is isn issue it its just kind know me morning my need not nothing now of
    off on or our out please problem problems quick really regards s she so some something somebody someone stopped
    stuff sure t team thank thanks that the their them then there they thing things this to today trouble up urgent us
    very was wasn we were what when where which who why will with won work worked working works would wrong you your
"""
_FILLER = frozenset(_FILLER_WORDS.split())


def read_ticket(ticket: Ticket) -> Reading:
    """Read a ticket.

    Args:
        ticket: As it arrived.

    Returns:
        The writer's own words and what can be told from them without a model.

    Raises:
        EmptyTicketError: If there is no text.
        TicketError: If it is binary or longer than `MAX_TICKET_BYTES`.
    """
    subject = clean(ticket.subject or "")
    _check_size(ticket)
    body = clean(ticket.body)
    body = _unquoted(body) if _FORWARD.search(f"{subject}\n{body}") else _own_words(body)
    text = "\n".join(part for part in (subject, body) if part)
    if not text:
        raise EmptyTicketError(f"ticket {ticket.id!r} has no text; expected a subject or a body")
    return Reading(
        text=text,
        summary=_summarise(subject or body),
        sentiment=_sentiment(text),
        content_words=len({word for word in map(str.lower, _WORD.findall(text)) if word not in _FILLER}),
    )


def clean(text: str) -> str:
    """Strip invisible characters and control codes, normalise to NFC and line feeds.

    Args:
        text: Any text from outside.

    Returns:
        The visible text. Format characters (category Cf: zero-width, bidirectional and tag characters) are dropped,
        as they can hide instructions from the person who checks.

    Raises:
        TicketError: If it holds NUL characters, as binary data does.
    """
    if "\0" in text:
        raise TicketError("the ticket holds NUL characters, as binary files do; expected text")
    text = _ANSI.sub("", text)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return "".join(kept).strip()


def _check_size(ticket: Ticket) -> None:
    size = len(ticket.body.encode("utf-8", "surrogatepass")) + len((ticket.subject or "").encode("utf-8", "replace"))
    if size > MAX_TICKET_BYTES:
        raise TicketError(
            f"ticket {ticket.id!r} is {size:,} bytes long; expected at most {MAX_TICKET_BYTES:,}: "
            "send the description and leave logs and attachments out"
        )


def _own_words(body: str) -> str:
    kept: list[str] = []
    for line in body.split("\n"):
        stripped = line.strip()
        if _SIGNATURE.match(stripped) or (_introduces_quote(stripped) and kept):
            break
        if not stripped.startswith(">"):
            kept.append(line.rstrip())
    own = "\n".join(kept).strip()
    # A mail may consist of nothing but quoted text; then that is what the ticket says.
    return own or body


def _unquoted(body: str) -> str:
    return "\n".join(line.lstrip("> ") if line.startswith(">") else line for line in body.split("\n"))


def _introduces_quote(line: str) -> bool:
    lowered = line.lower()
    return bool(_QUOTE_RULE.fullmatch(line)) or any(
        lowered.startswith(begins) and holds in lowered and lowered.endswith(ends)
        for begins, holds, ends in _QUOTE_INTROS
    )


def _summarise(text: str) -> str:
    first = text.split("\n", 1)[0].strip()
    return first if len(first) <= SUMMARY_CHARS else first[: SUMMARY_CHARS - 1].rsplit(" ", 1)[0] + "…"


def _sentiment(text: str) -> Sentiment:
    letters = [c for c in text if c.isalpha()]
    shouting = len(letters) > 20 and sum(c.isupper() for c in letters) > 0.6 * len(letters)
    return "frustrated" if shouting or _FRUSTRATED.search(text) else "neutral"
