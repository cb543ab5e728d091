from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime

import pytest

from ingest.errors import ParseError
from ingest.models import Article, MediaType, RawDocument
from ingest.read import fingerprint, fingerprint_etag, humanise, read

EDITED = datetime(2026, 10, 1, tzinfo=UTC)
RAW = RawDocument("vpn", "folder:/kb", "text/markdown", b"---\nowner: netops\n---\nText", "vpn.md", "u", "7", EDITED)


def test_an_article_carries_what_source_and_document_say() -> None:
    article = read(RAW)
    assert (article.article_id, article.source, article.url, article.version) == ("vpn", "folder:/kb", "u", "7")
    assert (article.title, article.text, article.metadata.owner) == ("Vpn", "Text", "netops")
    assert article.metadata.dates.last_modified == EDITED
    assert article.revision.startswith("sha256:")


@pytest.mark.parametrize(
    "content",
    [b"", b"---\ntitle: VPN\n---\n", b"# VPN\n", b"<!-- x -->", b"a\0b", b"\xff\xfe\x00\xd8", b"{{< toc >}}"],
    ids=["empty", "only-front-matter", "only-title", "only-comment", "nul", "broken-utf-16", "only-shortcode"],
)
def test_refuses_what_has_no_text(content: bytes) -> None:
    with pytest.raises(ParseError):
        read(replace(RAW, content=content))


@pytest.mark.parametrize(
    ("content", "same"),
    [
        ("---\nowner: other\nreview_in: 1 year\n---\nText", True),
        ("---\nowner: netops\n---\nText  ", True),
        ("---\nowner: netops\n---\nText!", False),
        ("---\nowner: netops\nsymptoms: [drops]\n---\nText", False),
        ("---\nowner: netops\ntitle: Other\n---\nText", False),
    ],
)
def test_the_revision_follows_what_is_embedded(content: str, *, same: bool) -> None:
    assert (read(replace(RAW, content=content.encode())).revision == read(RAW).revision) is same


def test_a_step_and_an_escaped_number_are_not_one_revision(article_of: Callable[..., Article]) -> None:
    step, text = article_of("1. Go"), article_of("1\\. Go")
    assert step.text == text.text
    assert step.revision != text.revision


@pytest.mark.parametrize(
    "change",
    [
        {"content": b"x"},
        {"media_type": "text/plain"},
        {"name": "x.md"},
        {"version": None},
        {"url": None},
        {"last_modified": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_fingerprint_follows_everything(change: dict[str, object]) -> None:
    assert fingerprint(replace(RAW, **change)) != fingerprint(RAW)  # type: ignore[arg-type]  # names from the table
    assert fingerprint(replace(RAW)) == fingerprint(RAW)


def test_broken_front_matter_keeps_the_body_and_leaves_freshness_unknown() -> None:
    article = read(replace(RAW, content=b"---\nlast_reviewed_on: 2026-10-01\nx: [\n---\nText"))
    assert article.text == "Text"
    assert article.metadata.dates.last_reviewed_on == date(2026, 10, 1)
    assert article.metadata.dates.malformed == ("front matter: not readable",)
    assert "not valid YAML" in article.warnings[0]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("net/KubePodCrashLooping.md", "KubePodCrashLooping"),
        ("vpn-disconnects.md", "Vpn disconnects"),
        ("reset_mfa.html", "Reset mfa"),
        ("printer-setup/index.md", "Printer setup"),
        ("README.md", "README"),
        ("Zürich Büro.md", "Zürich Büro"),
    ],
)
def test_names_an_article_by_its_file_where_nothing_else_does(name: str, title: str) -> None:
    assert humanise(name) == title


def test_long_titles_are_cut() -> None:
    assert len(read(replace(RAW, content=b"---\ntitle: " + b"x" * 999 + b"\n---\nText")).title) == 300


@pytest.mark.parametrize("media_type", ["text/markdown", "text/html", "text/plain"])
def test_front_matter_counts_in_every_kind_of_file(media_type: MediaType) -> None:
    raw = replace(RAW, content=b"---\ntitle: VPN\naudience: [hr]\n---\nText", media_type=media_type)
    article = read(raw)
    assert (article.title, article.text, article.metadata.audience) == ("VPN", "Text", ("hr",))


@pytest.mark.parametrize("field", ["title", "owner", "symptoms", "audience", "last_reviewed_on", "status"])
def test_half_a_character_that_yaml_escapes_can_be_stored(field: str) -> None:
    article = read(replace(RAW, content=f'---\n{field}: "x\\ud800y"\n---\nText'.encode()))
    repr_free = (article.title, article.metadata, article.warnings)
    assert not any(0xD800 <= ord(character) <= 0xDFFF for text in _texts(repr_free) for character in text)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for item in fields(value):
            yield from _texts(getattr(value, item.name))


def test_another_way_of_chunking_makes_every_document_look_new(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(RAW)
    monkeypatch.setattr("ingest.read.CHUNKING_VERSION", -1)
    assert fingerprint(RAW) != before


def test_what_the_source_states_joins_what_the_document_says() -> None:
    raw = RawDocument(
        "1",
        "wiki:it",
        "text/html",
        b'<meta name="title" content="Own"><p>Text</p>',
        "Page",
        fields={"title": "Wiki", "owner": "ann"},
    )
    article = read(raw)
    assert (article.title, article.metadata.owner) == ("Own", "ann")
    assert read(replace(raw, content=b"<p>Text</p>")).title == "Wiki"


def test_an_etag_stands_for_content_and_statements() -> None:
    raw = RawDocument("1", "wiki:it", "text/html", b"<p>a</p>", "Page", etag="v1")
    assert fingerprint(raw) == fingerprint(replace(raw, content=b"<p>b</p>")) == fingerprint_etag("v1")
    assert fingerprint(replace(raw, etag="v2")) != fingerprint(raw)
    plain = replace(raw, etag=None)
    assert fingerprint(plain) != fingerprint(replace(plain, fields={"owner": "ann"}))
