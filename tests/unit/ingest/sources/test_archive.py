import resource
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.sources import archive
from ingest.sources.confluence_export import ConfluenceExportSource
from tests.confluence_export_files import entities, page, write_export, write_zip

GOOD = entities(page("1", "A"))


def raw_zip(path: Path, entry: zipfile.ZipInfo, content: str = GOOD) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("entities.xml", GOOD)
        file.writestr(entry, content)
    return path


def named(name: str) -> Callable[[Path], Path]:
    return lambda path: raw_zip(path, zipfile.ZipInfo(name))


def link(path: Path) -> Path:
    entry = zipfile.ZipInfo("attachments/x")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return raw_zip(path, entry, "/etc/passwd")


def encrypted(path: Path) -> Path:
    write_zip(path, {"entities.xml": GOOD})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 8] |= 1
    path.write_bytes(content)
    return path


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("entities.xml", "w") as entry:
        for _ in range(100):
            entry.write(b" " * (1024 * 1024))
    return path


def lying(path: Path) -> Path:
    """Claim that the only entry is small, while it is not."""
    write_zip(path, {"entities.xml": GOOD + " " * 100_000})
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, directory + 24, 50)
    path.write_bytes(content)
    return path


def text_file(path: Path) -> Path:
    path.write_text("This is no archive.")
    return path


def empty_file(path: Path) -> Path:
    path.touch()
    return path


def cut(path: Path) -> Path:
    write_zip(path, {"entities.xml": GOOD * 50})
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\0" * 100 + content[200:])
    return path


def huge_directory(path: Path) -> Path:
    write_zip(path, {"entities.xml": GOOD})
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, content.rindex(b"PK\x05\x06") + 12, 2**31)
    path.write_bytes(content)
    return path


def doubled(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("entities.xml", GOOD)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("entities.xml", GOOD)
    return path


def xml(text: str) -> Callable[[Path], Path]:
    return lambda path: write_zip(path, {"entities.xml": text})


LAUGHS = "<!DOCTYPE x [" + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12)) + "]>"
XXE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'

HOSTILE = [
    pytest.param(named("../../etc/x.xml"), "points outside", id="traversal"),
    pytest.param(named("/etc/x"), "points outside", id="absolute"),
    pytest.param(named("..\\x"), "points outside", id="windows-traversal"),
    pytest.param(named("C:x"), "points outside", id="windows-drive"),
    pytest.param(link, "symbolic link", id="symlink"),
    pytest.param(encrypted, "encrypted", id="encrypted"),
    pytest.param(bomb, "as zip bombs do", id="bomb"),
    pytest.param(lying, "damaged|not well-formed", id="lies-about-its-size"),
    pytest.param(text_file, "is not a zip file", id="text"),
    pytest.param(empty_file, "is not a zip file", id="empty"),
    pytest.param(cut, "damaged|cannot be read|well-formed", id="damaged"),
    pytest.param(huge_directory, "lists its entries in", id="huge-directory"),
    pytest.param(doubled, "is there twice", id="twice"),
    pytest.param(lambda path: write_zip(path, {"a.md": "x"}), "neither entities.xml nor index.html", id="no-export"),
    pytest.param(xml(entities(page("1", "&a9;"), head=LAUGHS)), "document type", id="billion-laughs"),
    pytest.param(xml(entities(page("1", "&f;"), head=XXE)), "document type", id="xxe"),
    pytest.param(xml("<hibernate-generic>" + "<object>" * 10_000), "not well-formed", id="deep"),
    pytest.param(xml("<hibernate-generic><object>"), "not well-formed", id="cut-off"),
    pytest.param(xml("h1. no xml"), "not well-formed", id="no-xml"),
]


@pytest.mark.parametrize(("make", "problem"), HOSTILE)
def test_hostile_archives_are_refused_in_one_line(tmp_path: Path, make: Callable[[Path], Path], problem: str) -> None:
    path = make(tmp_path / "x.zip")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(SourceError, match=problem) as refused:
        list(ConfluenceExportSource(path).scan())
    assert time.perf_counter() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    assert "\n" not in str(refused.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.zip"]


@pytest.mark.parametrize(
    ("limit", "value", "problem"),
    [("MAX_ENTRIES", 1, "holds 2 entries"), ("MAX_TOTAL_BYTES", 10, "unpacks to")],
)
def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, problem: str) -> None:
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(SourceError, match=problem):
        list(ConfluenceExportSource(write_export(tmp_path / "x.zip", page("1", "A"))).scan())


def test_one_object_may_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.parse.hardened_xml.MAX_CHILD_BYTES", 100_000)
    path = write_zip(tmp_path / "x.zip", {"entities.xml": entities("<object>" + "<id>1</id>" * 50_000 + "</object>")})
    with pytest.raises(SourceError, match="an element of more than"):
        list(ConfluenceExportSource(path).scan())


def test_a_bomb_among_attachments_is_not_unpacked(tmp_path: Path) -> None:
    path = write_export(tmp_path / "x.zip", page("1", "A"))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("attachments/1/2/3", b"\0" * 20_000_000)
    assert len(list(ConfluenceExportSource(path).scan())) == 1


def test_a_file_that_vanished_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        _ = ConfluenceExportSource(tmp_path / "x.zip").key
