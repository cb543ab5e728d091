import sys

import pytest

from ingest.errors import ParseError
from ingest.models import RawDocument
from ingest.parse.pdf import MAX_PAGES, parse_pdf
from ingest.read import read
from tests.office_files import STEPS, pdf

pytest.importorskip("pypdf")
pytest.importorskip("reportlab")


def shape(parsed):
    return [(block.kind, parsed.text[block.start : block.end]) for block in parsed.blocks]


def test_headings_steps_code_and_paragraphs_are_told_apart():
    parsed = parse_pdf(pdf())
    assert parsed.title == "VPN drops"
    blocks = shape(parsed)
    assert ("heading", "Resolution") in blocks
    assert [text for kind, text in blocks if kind == "step"][:2] == list(STEPS[:2])
    assert [block.number for block in parsed.blocks if block.kind == "step"] == [1, 2, 3]
    assert ("paragraph", "The VPN drops every few minutes on public Wi-Fi.") in blocks
    assert ("paragraph", "A paragraph after.") in blocks
    assert "```\nvpn --restart\nvpn --status\n```" in parsed.text


def test_page_numbers_and_running_heads_are_left_out():
    text = parse_pdf(pdf(pages=4)).text
    assert "Page 2" not in text
    assert "Runbooks of the IT department" not in text
    assert text.count("Resolution") == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: pdf(text=False), "is it a scan"),
        (lambda: pdf(1, "secret"), "encrypted"),
        (lambda: b"%PDF-1.7\nnothing", "cannot be read"),
        (lambda: pdf()[:400], "cannot be read"),
        (lambda: b"hello", "cannot be read"),
        (lambda: pdf(pages=MAX_PAGES + 1, text=False), "limit"),
    ],
    ids=["scan", "encrypted", "no-object", "truncated", "no-pdf", "too-long"],
)
def test_a_file_that_gives_no_text_says_why(content, said):
    with pytest.raises(ParseError, match=said):
        parse_pdf(content())


def test_a_file_that_takes_for_ever_is_given_up(monkeypatch):
    monkeypatch.setattr("ingest.parse.pdf.MAX_SECONDS", -1.0)
    with pytest.raises(ParseError, match="takes more than"):
        parse_pdf(pdf())


def test_a_missing_extra_names_its_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(ParseError, match=r"pip install 'runcite\[office\]'"):
        parse_pdf(pdf())


def test_a_pdf_is_read_as_any_other_document():
    article = read(RawDocument("vpn", "folder:/kb", "application/pdf", pdf(), "vpn.pdf"))
    assert (article.title, article.metadata.status) == ("VPN drops", "published")
