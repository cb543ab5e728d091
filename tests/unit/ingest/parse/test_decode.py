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


def test_a_page_that_declares_latin_1_is_read_as_browsers_do() -> None:
    assert decode(b"<meta charset=iso-8859-1>Don\x92t \x96 caf\xe9")[0].endswith("Don’t – café")


@pytest.mark.parametrize("name", ["undefined", "idna", "punycode", "unicode_escape", "utf-7", "hex", "no-such"])
def test_a_declaration_of_no_charset_is_not_followed(name: str) -> None:
    text, (warning,) = decode(f"<meta charset={name}><p>Café".encode("windows-1252"))
    assert text.endswith("Café")
    assert "guessed" in warning


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Don’t"),
        ("cp1252", "price £5 or €7"),
        ("cp1252", "Åpne brukerstøtte på nytt, så går det"),
        ("cp1252", "señor à la forêt, voilà où ça déçoit"),
        ("cp1250", "Zażółć gęślą jaźń, proszę uruchomić serwer ponownie"),
        ("cp1250", "Příliš žluťoučký kůň, restartujte počítač"),
        ("cp1251", "Перезапустите сервер и проверьте подключение к сети"),
        ("koi8_r", "Перезапустите сервер и проверьте подключение к сети"),
        ("cp1253", "Επανεκκινήστε τον διακομιστή και ελέγξτε τη σύνδεση"),
        ("shift_jis", "サーバーを再起動してください。ネットワーク接続を確認します。"),
        ("gb18030", "请重新启动服务器并检查网络连接。"),
    ],
)
def test_guesses_short_texts_as_people_write_them(encoding: str, text: str) -> None:
    decoded, (warning,) = decode(text.encode(encoding))
    assert (decoded, warning.split("'")[1]) == (text, encoding)
