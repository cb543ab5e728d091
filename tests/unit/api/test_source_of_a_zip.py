from pathlib import Path

import pytest

from api.settings import Settings
from api.sources import locate, open_source
from ingest.models import RawDocument
from ingest.read import read
from tests.confluence_export_files import page, write_export, write_zip


@pytest.mark.parametrize("name", ["IT.zip", "IT.ZIP"])
def test_a_zip_is_an_export(tmp_path: Path, name: str) -> None:
    path = write_export(tmp_path / name, page("1", "A"))
    assert locate(str(path)) == str(path)
    assert open_source(str(path), Settings(home=tmp_path)).key == "confluence-export:IT"


def test_a_folder_that_is_called_so_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.zip").mkdir()
    assert open_source(str(tmp_path / "x.zip"), Settings(home=tmp_path)).key.startswith("folder:")


@pytest.mark.parametrize(("setting", "audience"), [("", ()), ("it, net", ("it", "net")), ("everyone", ("*",))])
def test_the_settings_say_who_reads_an_html_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, audience: tuple[str, ...]
) -> None:
    monkeypatch.setenv("RUNCITE_HTML_EXPORT_AUDIENCE", setting)
    content = '<div id="main-content"><p>Text</p></div>'
    path = write_zip(tmp_path / "x.zip", {"IT/index.html": "x", "IT/A_1.html": content})
    (document,) = open_source(str(path), Settings(home=tmp_path)).scan()
    assert isinstance(document, RawDocument)
    assert read(document).metadata.audience == audience
