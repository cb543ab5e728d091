import codecs

import pytest

from ingest.errors import ParseError
from ingest.parse.decode import decode

TEXT = "Größe prüfen – fertig\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
    ids=["utf-8", "utf-8-mark", "utf-16", "utf-16-be", "utf-32", "utf-32-be", "crlf", "cr"],
)
def test_decodes_without_guessing(content: bytes) -> None:
    assert decode(content) == (TEXT, ())


def test_follows_a_page_that_declares_its_charset() -> None:
    source = '<meta charset="windows-1252"><p>Größe'
    assert decode(source.encode("windows-1252")) == (source, ())


def test_says_what_it_guessed() -> None:
    text, (warning,) = decode(("Die Größe der Tür prüfen, dann schließen und öffnen. " * 5).encode("windows-1252"))
    assert "Größe" in text
    assert "encoding guessed as" in warning


@pytest.mark.parametrize(
    "content",
    [b"a\0b", codecs.BOM_UTF16_LE + b"\x00\xd8x", codecs.BOM_UTF8 + b"\xff", codecs.BOM_UTF16_LE + b"a\0\0\0"],
)
def test_refuses_what_is_no_text(content: bytes) -> None:
    with pytest.raises(ParseError):
        decode(content)
