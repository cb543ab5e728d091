"""Bytes enter, text with Unix line ends leaves, with a warning where the encoding had to be guessed."""

import codecs
import re

from charset_normalizer import from_bytes

from ingest.errors import ParseError

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_SNIFFED_BYTES = 4096
_LINE_END = re.compile("\r\n?")


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Decode a document.

    Args:
        content: Its bytes: UTF-8, anything with a byte order mark or an HTML charset declaration, or any encoding that
            can be told from the bytes themselves.

    Returns:
        The text without mark, and a warning if the encoding is a guess.

    Raises:
        ParseError: The bytes are not text.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content.removeprefix(mark), encoding), ()
    if b"\0" in content:
        raise ParseError("content holds NUL bytes, expected text; convert the file or leave it out of the source")
    try:
        return _normalise(content.decode("utf-8")), ()
    except UnicodeDecodeError:
        return _declared(content) or _guessed(content)


def _strictly(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ParseError(f"content is marked as {encoding} but is not ({error.reason}); save it as UTF-8") from error
    if "\0" in text:
        raise ParseError(f"content marked as {encoding} holds NUL characters, expected text")
    return _normalise(text)


def _declared(content: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Follow an HTML page's own declaration, if it has one that holds."""
    match = _DECLARED.search(content[:_SNIFFED_BYTES])
    try:
        return (_normalise(content.decode(match[1].decode("ascii"))), ()) if match else None
    except (LookupError, UnicodeDecodeError):
        return None


def _guessed(content: bytes) -> tuple[str, tuple[str, ...]]:
    best = from_bytes(content).best()
    if best is None:
        raise ParseError("content is in no text encoding that could be recognised; save it as UTF-8")
    text = _normalise(str(best))
    return text, (f"encoding guessed as {best.encoding!r}; save the file as UTF-8 to be sure",)


def _normalise(text: str) -> str:
    return _LINE_END.sub("\n", text.removeprefix("\ufeff"))
