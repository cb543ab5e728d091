"""A raw e-mail enters; its subject, its text and the names of its attachments leave.

Mails are read as they come, not as they should be: with unknown charsets, wrong ones, and bodies in HTML alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from typing import cast

from agent.errors import EmptyTicketError, TicketError
from agent.reading.markup import html_to_text
from ingest.parse.inline import clean_line

MAX_FORWARDED_DEPTH = 3
"""How deep mails attached to mails are read."""

MAX_PARTS = 100
MAX_NAME_CHARS = 120

_ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_TRANSFER_CODED = frozenset({"base64", "quoted-printable"})
_WORD = re.compile(r"\w+")
_ENOUGH_WORDS = 0.5
"""A plain body with a smaller share of the HTML body's words is a stub ("your program shows no HTML")."""


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail as a person sees it.

    Attributes:
        subject: Decoded; empty where it has none.
        text: Its body; mails attached to it follow it, as forwarded ones do.
        attachments: The names of its other attachments, which are not opened.
    """

    subject: str
    text: str
    attachments: tuple[str, ...]


def read_mail(raw: str) -> Mail:
    """Read an e-mail.

    Args:
        raw: An RFC 5322 message, headers first.

    Returns:
        What it says.

    Raises:
        TicketError: It is encrypted, or no e-mail.
        EmptyTicketError: It has neither subject nor text.
    """
    message = _message(raw.lstrip("\ufeff\r\n"))
    mail = _read(message, MAX_FORWARDED_DEPTH)
    if not mail.subject.strip() and not mail.text.strip():
        raise EmptyTicketError("the e-mail has neither a subject nor a text; expected a description of the problem")
    return mail


def _message(raw: str) -> EmailMessage:
    # An mbox line may come first: `From ann@example.org Fri Nov 20 …`.
    head = raw.split("\n", 1)[1] if raw.startswith("From ") and "\n" in raw else raw
    message = message_from_bytes(head.encode("utf-8", "surrogateescape"), policy=policy.default)
    if not message.keys():
        raise TicketError(
            "the e-mail has no headers; expected an RFC 5322 message, such as a mail program saves as .eml"
        )
    return message


def _read(message: EmailMessage, depth: int) -> Mail:
    if message.get_content_type() in _ENCRYPTED:
        raise TicketError("the e-mail is encrypted; expected a readable one: decrypt it first")
    plain, html, inner = "", "", []
    names: list[str] = []
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/rfc822" and depth > 0:
            inner.append(_read(_attached(part), depth - 1))
        elif part.is_attachment() or part.get_filename() or part.get_content_maintype() != "text":
            names.append(_name(part))
        elif kind == "text/html":
            html += html_to_text(_decode(part))
        else:
            plain += _decode(part) + "\n"
    text = plain if _says_as_much(plain, html) else html
    for mail in inner:
        text += f"\n\n---------- Forwarded message ----------\nSubject: {mail.subject}\n\n{mail.text}"
        names += mail.attachments
    return Mail(_header(message, "Subject"), text, tuple(names))


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the leaves in order; an attached mail is one."""
    stack, count = [message], 0
    while stack and count < MAX_PARTS:
        part = stack.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            stack += reversed(cast("list[EmailMessage]", part.get_payload()))
        else:
            count += 1
            yield part


def _attached(part: EmailMessage) -> EmailMessage:
    payload = part.get_payload()
    return cast("EmailMessage", payload[0]) if isinstance(payload, list) and payload else EmailMessage()


def _name(part: EmailMessage) -> str:
    try:
        name = part.get_filename()
    except (LookupError, MessageError, ValueError):
        name = None
    return clean_line(str(name or part.get_content_type()))[:MAX_NAME_CHARS]


def _header(message: EmailMessage, name: str) -> str:
    try:
        return clean_line(str(message.get(name, "")))
    except (LookupError, MessageError, ValueError, IndexError, AttributeError):
        # The standard library's header parser fails on some malformed headers instead of noting a defect.
        return ""


def _decode(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    transfer = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    declared = part.get_content_charset() or "utf-8"
    # A body without transfer coding came through as text, whatever charset it once had.
    for charset in ("utf-8", declared) if transfer not in _TRANSFER_CODED else (declared, "utf-8"):
        try:
            return payload.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    from charset_normalizer import from_bytes  # noqa: PLC0415 - loads slowly, and is needed for few mails

    guess = from_bytes(payload).best()
    return str(guess) if guess is not None else payload.decode("cp1252", "replace")


def _says_as_much(plain: str, html: str) -> bool:
    said = len(_WORD.findall(plain))
    return said > 0 and said >= _ENOUGH_WORDS * len(_WORD.findall(html))
