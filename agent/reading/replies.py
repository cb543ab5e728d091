"""The text of a mail enters; its writer's own words leave, apart from what they answer, forward and sign with.

By own rules, line by line: the libraries for this cut by patterns that backtrack, and drop what a mail forwards, which
here is the ticket.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.reading.phrases import (
    CLOSING,
    DISCLAIMER,
    FORWARD_MARK,
    FORWARD_SUBJECT,
    GREETING,
    HEADER,
    HEADERS_AFTER,
    MAY_BEGIN_QUOTE,
    ORIGINAL_MARK,
    SENT_FROM,
    WROTE,
)

MAX_INTRO_LINES = 3
"""A mail program breaks the line above a quote where it likes."""

MAX_SIGNATURE_LINES = 12
MAX_SIGNATURE_WORDS = 9
"""A longer line, or one that ends a sentence, is no part of a signature without its dashes."""

_QUOTED = re.compile(r"[>|](?:[ >|]|$)|>")
_QUOTE_MARKS = re.compile(r"[>|](?:[ >|]*[>|])? ?")
_RULE = re.compile(r"[_\-=*]{5,}\Z")
_SENTENCE = re.compile(r"(?<!\b[A-ZÀ-Þ])[.?!](?:\s|\Z)")
_CONTACT = re.compile(r"https?:|www\.|@|\+?\d[\d ()/-]{6,}|\|")


@dataclass(frozen=True, slots=True)
class Parts:
    """A mail taken apart.

    Attributes:
        own: What its writer says; of a forwarded mail, what it forwards too.
        rest: Quoted mails and signatures, unquoted.
    """

    own: str
    rest: str


def split_mail(body: str, subject: str = "") -> Parts:
    """Take a mail apart.

    Args:
        body: Its text, quotes behind `>`.
        subject: Its subject; `Fwd:` and its like say that the mail below is what it is about.

    Returns:
        Its parts. Where there would be nothing of the writer's own, the newest mail quoted takes its place.
    """
    lines = [line for line in _without_gaps(body) if not DISCLAIMER.match(line.strip("*_[] "))]
    mark = _forward_mark(lines, subject)
    if mark is not None:
        return _forwarded(lines, *mark)
    own, rest = _split_reply(lines)
    own, signed = _split_signature(own)
    if not _says_something(own):
        # A mail may consist of nothing but quoted text; then that is what the ticket says.
        own, rest = _newest(rest or lines)
        rest = []
    return Parts(_join(own), _join(signed + _unquoted(rest)))


def _without_gaps(body: str) -> Iterator[str]:
    """Yield the lines, of several empty ones in a row the first alone, as each line costs a look."""
    empty = False
    for line in body.split("\n"):
        if not empty or line.strip():
            yield line
        empty = not line.strip()


def _forward_mark(lines: list[str], subject: str) -> tuple[int, int] | None:
    """Return where the writer's note ends and where the forwarded mail begins."""
    for number, line in enumerate(lines):
        plain = line.strip("> \t")
        if FORWARD_MARK.match(plain):
            return number, number + 1
        if _begins_quote(lines, number) is not None:
            break
    if not FORWARD_SUBJECT.match(subject) and not (lines and FORWARD_SUBJECT.match(lines[0].strip())):
        return None
    for number in range(len(lines)):
        if _is_header_block(lines, number) or ORIGINAL_MARK.match(lines[number].strip("> \t")):
            return number, number
    quoted = next((number for number, line in enumerate(lines) if _QUOTED.match(line)), None)
    return None if quoted is None else (quoted, quoted)


def _forwarded(lines: list[str], end_of_note: int, start: int) -> Parts:
    while end_of_note and (not lines[end_of_note - 1].strip() or _RULE.match(lines[end_of_note - 1].strip())):
        end_of_note -= 1
    note, signed = _split_signature(lines[:end_of_note])
    below = _unquoted(lines[start:], levels=1)
    first = 0
    while first < len(below) and _leads_in(below[first].strip()):
        first += 1
    below = _after_headers(below[first:])
    inner, rest = _split_reply(below)
    inner, inner_signed = _split_signature(inner)
    if not _says_something(inner):
        inner, rest = _newest(rest)
    return Parts(_join([*note, "", *inner]), _join([*signed, *inner_signed, *_unquoted(rest)]))


def _leads_in(line: str) -> bool:
    return not line or bool(_RULE.match(line) or ORIGINAL_MARK.match(line))


def _newest(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return what the newest mail in a quote says, and the older ones."""
    unquoted = _unquoted(lines, levels=1)
    first = next((number for number, line in enumerate(unquoted) if line.strip()), len(unquoted))
    unquoted = unquoted[first:]
    begins = _begins_quote(unquoted, 0) if unquoted else None
    if begins is not None:
        unquoted = _unquoted(unquoted[begins:], levels=1)
    own, rest = _split_reply(_after_headers(unquoted))
    own, _signed = _split_signature(own)
    return (own, rest) if _says_something(own) else (_unquoted(lines), [])


def _split_reply(lines: list[str]) -> tuple[list[str], list[str]]:
    own: list[str] = []
    rest: list[str] = []
    number = 0
    while number < len(lines):
        after = _begins_quote(lines, number)
        if after is None:
            (rest if _QUOTED.match(lines[number]) else own).append(lines[number])
            number += 1
            continue
        rest += lines[number:after]
        number = after
        # Where the quote is marked, an answer may stand below it or within it; else all below is quoted.
        following = next((line for line in lines[number:] if line.strip()), "")
        if not _QUOTED.match(following):
            return own, rest + lines[number:]
    return own, rest


def _begins_quote(lines: list[str], number: int) -> int | None:
    """Return the line after the one that begins a quoted mail here, if one does."""
    line = lines[number].strip()
    if not MAY_BEGIN_QUOTE.match(line):
        return None
    if ORIGINAL_MARK.match(line):
        return number + 1
    if _is_header_block(lines, number) or (_RULE.match(line) and _is_header_block(lines, number + 1)):
        return number + 1
    for count in range(1, MAX_INTRO_LINES + 1):
        joined = " ".join(part.strip("> \t") for part in lines[number : number + count])
        if len(joined) > 300 or not WROTE.begins(joined):
            return None
        if WROTE.matches(joined):
            return number + count
    return None


def _is_header_block(lines: list[str], number: int) -> bool:
    if number >= len(lines) or not HEADER.match(lines[number].strip("*> \t")):
        return False
    following = [line.strip("*> \t") for line in lines[number + 1 : number + 6]]
    return sum(bool(HEADERS_AFTER.match(line)) for line in following if line) >= 2


def _after_headers(lines: list[str]) -> list[str]:
    """Drop the headers that a forwarded mail begins with; its subject stays where it says something."""
    number = 0
    while number < len(lines) and (
        HEADERS_AFTER.match(lines[number].strip("* \t")) or HEADER.match(lines[number].strip("* \t"))
    ):
        number += 1
    return lines[number:]


def _split_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped == "--" or SENT_FROM.match(stripped):
            return _split_closing(lines[:number], lines[number:])
    return _split_closing(lines, [])


def _split_closing(lines: list[str], signed: list[str]) -> tuple[list[str], list[str]]:
    for number in range(len(lines) - 1, max(-1, len(lines) - MAX_SIGNATURE_LINES - 1), -1):
        if CLOSING.match(lines[number].strip()) and all(map(_is_contact, lines[number + 1 :])):
            return lines[:number], lines[number:] + signed
    return lines, signed


def _is_contact(line: str) -> bool:
    stripped = line.strip()
    if _CONTACT.search(stripped):
        return len(stripped) < 120
    return len(stripped.split()) <= MAX_SIGNATURE_WORDS and not _SENTENCE.search(stripped.replace("Dr.", ""))


def _says_something(lines: list[str]) -> bool:
    return any(line.strip() and not GREETING.match(line.strip()) for line in lines)


def _unquoted(lines: list[str], levels: int | None = None) -> list[str]:
    if levels == 1:
        return [re.sub(r"^[>|] ?", "", line) for line in lines]
    return [_QUOTE_MARKS.sub("", line, count=1) if _QUOTED.match(line) else line for line in lines]


def _join(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
