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

# What browsers read under these names: https://encoding.spec.whatwg.org/#names-and-labels. Read as what they say,
# curly quotes and dashes would be control characters.
_AS_WINDOWS = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254"}
_NOT_FOR_PAGES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""Python's own codecs that no page is written in; some are slow, some lie."""

_GUESSES = (
    *(f"cp125{page}" for page in (2, 0, 1, 3, 4, 5, 6, 7)),
    *("koi8_r", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
"""What people's files are in. Left to choose freely, the guess for a short file is some mainframe's code page."""

_WESTERN = "cp1252"
_NEAR_CHAOS = 0.15
_NEAR_COHERENCE = 0.1
# Code pages of one script differ in few letters, and a page in one reads as well in another: 20 of 20 short texts in
# five western languages were taken for Polish. Within these margins the commonest wins; Polish, Czech, Greek, Russian,
# Chinese, Japanese and Korean texts of one sentence stay outside them.


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
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
        if name in _NOT_FOR_PAGES:
            return None
        return _normalise(content.decode(_AS_WINDOWS.get(name, name))), ()
    except (LookupError, UnicodeError):
        return None


def _guessed(content: bytes) -> tuple[str, tuple[str, ...]]:
    matches = from_bytes(content, cp_isolation=list(_GUESSES))
    best = matches.best()
    if best is None:
        raise ParseError("content is in no text encoding that could be recognised; save it as UTF-8")
    western = next((match for match in matches if _WESTERN in match.could_be_from_charset), best)
    if western.chaos <= best.chaos + _NEAR_CHAOS and western.coherence >= best.coherence - _NEAR_COHERENCE:
        best = western
    encoding = _WESTERN if _WESTERN in best.could_be_from_charset else best.encoding
    return _normalise(str(best)), (f"encoding guessed as {encoding!r}; save the file as UTF-8 to be sure",)


def _normalise(text: str) -> str:
    return _LINE_END.sub("\n", text.removeprefix("\ufeff"))
