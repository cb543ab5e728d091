"""Every source that knows how many documents it is going to list says so before it lists the first."""

import subprocess
from pathlib import Path

import pytest
from llama_index.core.schema import Document

from ingest.ports import never_current
from ingest.sources.clone import CloneSource, parse_repository
from ingest.sources.confluence_export import ConfluenceExportSource
from ingest.sources.folder import FolderSource
from ingest.sources.git import GitSource
from ingest.sources.llamaindex import LlamaIndexSource
from tests.confluence_export_files import page, write_export, write_zip


def wiki(root: Path) -> Path:
    root.mkdir()
    for name in ("a.md", "b.html", "empty.txt"):
        (root / name).write_text("" if name == "empty.txt" else "Text")
    (root / "sub").mkdir()
    # The same id as another, and a kind that is not read.
    (root / "sub" / "c.md").write_text("Text")
    (root / "sub" / "c.txt").write_text("Text")
    (root / "sub" / "d.png").write_bytes(b"")
    return root


def repository(root: Path) -> Path:
    git = ["git", "-C", str(wiki(root)), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "a.md", "sub"], check=True)
    subprocess.run([*git, "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "Add"], check=True)
    return root


def folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    root = wiki(tmp_path / "kb")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    return FolderSource(root)


def one_file(tmp_path):
    return FolderSource(wiki(tmp_path / "kb") / "a.md")


def git(tmp_path):
    root = repository(tmp_path / "kb")
    repository(root / "inner")
    return GitSource(root)


def clone(tmp_path):
    return CloneSource(parse_repository(f"git+file://{repository(tmp_path / 'kb')}"), tmp_path / "home", None)


def xml_export(tmp_path):
    return ConfluenceExportSource(write_export(tmp_path / "x.zip", page("1", "A", "<p>a</p>"), page("2", "B", "")))


def html_export(tmp_path):
    body = b'<html><body><div id="main-content"><p>Text</p></div></body></html>'
    files = {f"IT/{name}": body for name in ("index.html", "A_1.html", "B_2.html", "images/c.html")}
    return ConfluenceExportSource(write_zip(tmp_path / "h.zip", files), ("everyone",))


def llamaindex(_tmp_path):
    documents = [
        Document(text=text, metadata={"page_id": page_id}) for page_id, text in (("1", "a"), ("1", "b"), ("2", ""))
    ]
    return LlamaIndexSource("llamaindex:wiki", lambda: documents, audience=("everyone",))


@pytest.mark.parametrize("make", [folder, one_file, git, clone, xml_export, html_export, llamaindex])
def test_how_many_there_are_is_told_before_the_first(make, tmp_path):
    totals: list[int] = []
    listed = 0
    for _ in make(tmp_path).scan(never_current, totals.append):
        assert totals
        listed += 1
    assert totals == [listed]
    assert listed
