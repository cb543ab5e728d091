"""An e-mail file enters, the text of its body leaves, parsed as the HTML or plain text that it is.

By the standard library and our own parsers: unstructured's HTML reader drops the numbers of ordered lists and the
bodies of `<details>`.
"""

from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage

from ingest.errors import ParseError
from ingest.parse.document import Parsed
from ingest.parse.html import parse_html
from ingest.parse.inline import clean_line
from ingest.parse.text import parse_text


def parse_email(content: bytes) -> Parsed:
    """Parse an RFC 5322 message: its subject is the title, its HTML or else plain body the text.

    Args:
        content: The bytes of an `.eml` file.

    Returns:
        Its normalised text and blocks; a warning names attachments, which are not read.

    Raises:
        ParseError: It is encrypted, or has no body that can be read.
    """
    message = message_from_bytes(content, policy=policy.default)
    if message.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime"}:
        raise ParseError("the e-mail is encrypted, expected a readable body; save a decrypted copy, or leave it out")
    try:
        body = message.get_body(preferencelist=("html", "plain"))
        text = "" if body is None else str(body.get_content())
        subject = clean_line(str(message.get("Subject", ""))) or None
    except (LookupError, MessageError, ValueError) as error:
        # LookupError: an encoding that Python does not know.
        raise ParseError(f"the e-mail's body cannot be decoded ({error}); save it again as UTF-8") from error
    if body is None or not text.strip():
        raise ParseError("the e-mail has no text body, expected one in HTML or plain text; leave it out of the source")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parsed = parse_html(text) if body.get_content_subtype() == "html" else parse_text(text)
    warnings = parsed.warnings + _left_out(message)
    return replace(parsed, title=subject or parsed.title, warnings=warnings, original=text)


def _left_out(message: EmailMessage) -> tuple[str, ...]:
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    listed = ", ".join(repr(clean_line(name)) for name in names)
    return (f"attachments are not read: {listed}; save them beside the e-mail",) if names else ()
