import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.read import read
from ingest.sources.confluence_export import ConfluenceExportSource, parse_audience
from tests.confluence_export_files import attachment, entities, entity, page, restrict, write_export, write_zip


def scan(path: Path, audience: tuple[str, ...] = ()) -> dict[str, RawDocument | Rejected]:
    return {item.article_id: item for item in ConfluenceExportSource(path, audience).scan()}


def audiences(path: Path) -> dict[str, tuple[str, ...]]:
    return {
        item.article_id.rpartition("/")[2]: read(item).metadata.audience
        for item in scan(path).values()
        if isinstance(item, RawDocument)
    }


def include(title: str) -> str:
    return (
        '<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link>'
        f'<ri:page ri:content-title="{title}"/></ac:link></ac:parameter></ac:structured-macro>'
    )


def test_a_page_carries_what_the_export_says(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x.zip",
        page("98", "VPN & Wi-Fi", "<p>a&nbsp;b</p>", lastModificationDate="2026-10-01 18:27:47.000"),
        entity("Label", "7", name="runbook"),
        entity("Labelling", "8", label="7", content="98"),
    )
    source = ConfluenceExportSource(path)
    (document,) = source.scan()
    assert source.key == "confluence-export:IT"
    assert isinstance(document, RawDocument)
    assert (document.article_id, document.source, document.version) == ("confluence/IT/98", source.key, "3")
    assert document.last_modified == datetime(2026, 10, 1, 18, 27, 47, tzinfo=UTC)
    article = read(document)
    assert (article.title, article.text, article.metadata.labels) == ("VPN & Wi-Fi", "a b", ("runbook",))
    assert article.metadata.audience == ("*",)


def test_only_current_pages_are_listed(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x.zip",
        page("1", "Current"),
        page("2", "Old", originalVersion="1"),
        page("3", "Draft", contentStatus="draft"),
        page("4", "Trash", contentStatus="deleted"),
        entity("BlogPost", "5", title="News"),
        entity("Page", "6", title="Empty", space="1"),
        page("7", "Blank", " "),
        entity("Page", "8", title="Markup", space="1"),
        entity("BodyContent", "b8", body="h1. x", bodyType="0", content="8"),
    )
    found = scan(path)
    assert {one.rpartition("/")[2] for one in found} == {"1", "6", "7", "8"}
    assert isinstance(found["confluence/IT/1"], RawDocument)
    reasons = {one[-1]: item.reason for one, item in found.items() if isinstance(item, Rejected)}
    assert reasons["6"] == reasons["7"] == "is empty"
    assert "wiki markup" in reasons["8"]


def test_mentions_have_the_names_that_the_export_knows(tmp_path: Path) -> None:
    body = '<p><ac:link><ri:user ri:userkey="u1"/></ac:link> <ac:link><ri:user ri:userkey="u2"/></ac:link></p>'
    user = entity("ConfluenceUserImpl", "u1", name="ann")
    (document,) = scan(write_export(tmp_path / "x.zip", page("1", "A", body), user)).values()
    assert isinstance(document, RawDocument)
    assert read(document).text == "@ann @user"


def test_code_survives_the_export_s_own_escaping(tmp_path: Path) -> None:
    code = "[[ a ]] > b && c"
    body = (
        '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[x]]]]><![CDATA[> '
        f"{code}]]></ac:plain-text-body></ac:structured-macro>"
    )
    (document,) = scan(write_export(tmp_path / "x.zip", page("1", "A", body))).values()
    assert isinstance(document, RawDocument)
    assert read(document).text == f"```\nx]]> {code}\n```"


def test_restrictions_hold_for_all_pages_below(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x.zip",
        entity("ConfluenceUserImpl", "u1", name="ann"),
        page("1", "Open"),
        page("2", "HR"),
        page("3", "Below", parent="2"),
        page("4", "Narrower", parent="3"),
        page("5", "Other readers", parent="2"),
        page("6", "Edit only"),
        page("7", "Everyone in name"),
        restrict("a", "2", users=("u1",), groups=("hr",)),
        restrict("b", "4", groups=("hr",)),
        restrict("c", "5", groups=("it",)),
        entity("ContentPermissionSet", "d", type="Edit", owningContent="6"),
        restrict("e", "7", groups=("everyone",)),
    )
    assert audiences(path) == {
        "1": ("*",),
        "2": ("ann", "hr"),
        "3": ("ann", "hr"),
        "4": ("hr",),
        "5": (),
        "6": ("*",),
        "7": ("group:everyone",),
    }


def test_what_cannot_be_told_lets_nobody_in(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x.zip",
        page("1", "No names"),
        restrict("a", "1"),
        page("2", "Parent elsewhere", parent="99"),
        page("3", "Round", parent="4"),
        page("4", "And round", parent="3"),
    )
    assert audiences(path) == dict.fromkeys("1234", ())


def test_a_restriction_of_nothing_stops_the_run(tmp_path: Path) -> None:
    lost = entity("ContentPermission", "x", type="View", groupName="hr")
    with pytest.raises(SourceError, match="without saying which"):
        scan(write_export(tmp_path / "x.zip", page("1", "A"), lost))


def test_an_include_shows_nobody_what_they_may_not_read(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x.zip",
        page("1", "Open", f"{include('Secret')}{include('Public')}"),
        page("2", "Secret", "<p>secret</p>"),
        page("3", "Public", "<p>public</p>"),
        restrict("a", "2", groups=("hr",)),
    )
    document = scan(path)["confluence/IT/1"]
    assert isinstance(document, RawDocument)
    assert read(document).text == "[Included page: Secret]\n\npublic"


def test_a_later_export_without_descriptor_is_the_same_source(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "later.zip", {"export/entities.xml": entities(page("1", "A"))})
    assert ConfluenceExportSource(path).key == "confluence-export:IT"


PAGE = """<html><head><title>IT : VPN</title></head><body><div id="main-header"><h1 id="title-heading">
<span id="title-text"> IT : VPN drops </span></h1></div><div id="content">
<div class="page-metadata">Created by Ann</div>
<div id="main-content" class="wiki-content group"><p>a<span class="x"></span></p>
<pre class="syntaxhighlighter-pre" data-syntaxhighlighter-params="brush: bash; gutter: false">x
  y</pre>
<div class="confluence-information-macro confluence-information-macro-warning"><p class="title">Stop</p>
<div class="confluence-information-macro-body"><p>c</p></div></div>
<ol><li>b</li></ol></div><div class="pageSection group">Attachments</div></div></body></html>"""


def test_an_html_export_gives_what_authors_wrote(tmp_path: Path) -> None:
    path = write_zip(
        tmp_path / "x.zip",
        {
            "IT/index.html": "<html></html>",
            "IT/VPN-drops_98.html": PAGE,
            "IT/about.html": "<p>x",
            "IT/attachments/1/x.html": PAGE,
        },
    )
    found = scan(path, parse_audience("it, Everyone"))
    assert set(found) == {"confluence/IT/98", "confluence/IT/about"}
    document = found["confluence/IT/98"]
    assert isinstance(document, RawDocument)
    article = read(document)
    assert (document.source, document.version, article.title) == ("confluence-export:IT", None, "VPN drops")
    assert article.text == "a\n\n```bash\nx\n  y\n```\n\n> **WARNING: Stop** c\n\n1. b"
    assert article.metadata.audience == ("it", "*")


def test_nobody_reads_an_html_export_until_someone_says_who_may(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"IT/index.html": "x", "IT/98.html": PAGE})
    assert audiences(path) == {"98": ()}
    assert parse_audience(" , ") == ()


def test_scanning_twice_gives_the_same(tmp_path: Path) -> None:
    source = ConfluenceExportSource(write_export(tmp_path / "x.zip", page("2", "B"), page("1", "A")))
    assert list(source.scan()) == list(source.scan())


def test_an_export_of_many_pages_is_read_in_little_memory(tmp_path: Path) -> None:
    body = "".join(f"<p>line {number} of the page</p>" for number in range(400))
    path = write_export(tmp_path / "x.zip", *(page(str(number), f"P{number}", body) for number in range(300)))
    assert sum(1 for _ in ConfluenceExportSource(path).scan()) == 300


def test_attachments_are_articles_that_name_their_page(tmp_path):
    path = write_export(
        tmp_path / "it.zip",
        page("98", "VPN", "<p>See the file.</p>"),
        restrict("r", "98", groups=("netops",)),
        attachment("7", "98", "steps.md"),
        attachment("6", "98", "steps.md", originalVersion="7", version="1"),
        attachment("8", "98", "menu.png"),
        attachment("9", "98", "lost.pdf"),
        attachment("10", "98", "gone.md", contentStatus="deleted"),
        attachment("11", "98", "large.md"),
        attachment("12", "98", "bomb.md"),
        files={
            "attachments/98/7/2": b"1. Restart it.",
            "attachments/98/6/1": b"1. Old.",
            "attachments/98/8/2": b"\x89PNG",
            "attachments/98/11/2": os.urandom(5_300_000),
            "attachments/98/12/2": b" " * 5_000_000,
        },
    )
    found = {item.article_id: item for item in ConfluenceExportSource(path).scan()}
    assert list(found) == ["confluence/IT/98"] + [
        f"confluence/IT/98/attachments/{key}" for key in ("11", "12", "7", "9")
    ]
    steps = found["confluence/IT/98/attachments/7"]
    assert isinstance(steps, RawDocument)
    assert (steps.content, steps.name, steps.version) == (b"1. Restart it.", "steps.md", "2")
    assert (steps.attached_to, steps.source) == ("confluence/IT/98", "confluence-export:IT")
    assert steps.last_modified == datetime(2026, 9, 15, 8, tzinfo=UTC)
    for key, outcome, said in (
        ("9", "failed", "not in the export"),
        ("11", "skipped", "the limit is"),
        ("12", "failed", "as zip bombs do"),
    ):
        left_out = found[f"confluence/IT/98/attachments/{key}"]
        assert isinstance(left_out, Rejected)
        assert (left_out.outcome, said in left_out.reason) == (outcome, True)


def test_attachments_of_an_html_export(tmp_path):
    body = '<html><head><title>IT : VPN</title></head><body><div id="main-content"><p>Text</p></div></body></html>'
    files = {"IT/index.html": "<html/>", "IT/VPN_98.html": body, "IT/attachments/98/7.txt": b"Restart it."}
    found = list(ConfluenceExportSource(write_zip(tmp_path / "it.zip", files), ("it",)).scan())
    assert [item.article_id for item in found] == ["confluence/IT/98", "confluence/IT/98/attachments/7"]
    assert isinstance(found[1], RawDocument)
    assert found[1].attached_to == "confluence/IT/98"
