import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.sources.files import MAX_FILE_BYTES
from ingest.sources.folder import FolderSource

NOBODY = 65534


def write(root: Path, name: str, content: str | bytes = "Text") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def scan(root: Path) -> list[RawDocument | Rejected]:
    return list(FolderSource(root).scan())


def rejected(root: Path) -> dict[str, tuple[str, str]]:
    return {item.article_id: (item.outcome, item.reason) for item in scan(root) if isinstance(item, Rejected)}


def documents(root: Path) -> dict[str, RawDocument]:
    return {item.article_id: item for item in scan(root) if isinstance(item, RawDocument)}


def test_lists_known_kinds_in_order_with_ids_from_their_paths(tmp_path: Path) -> None:
    for name in ("net/vpn.md", "a.HTML", "b.txt", "c.Markdown", "d.htm", "e.png", "net/.hidden.md", "v1.2.md"):
        write(tmp_path, name)
    found = documents(tmp_path)
    assert list(found) == ["a", "b", "c", "d", "net/vpn", "v1.2"]
    assert [document.media_type.split("/")[1] for document in found.values()] == [
        "html",
        "plain",
        "markdown",
        "html",
        "markdown",
        "markdown",
    ]
    vpn = found["net/vpn"]
    assert (vpn.name, vpn.source, vpn.version, vpn.last_modified) == ("net/vpn.md", f"folder:{tmp_path}", None, None)


@pytest.mark.parametrize("folder", [".git", ".obsidian", "node_modules", ".venv", "__pycache__", "lost+found"])
def test_does_not_look_into_folders_of_tools(tmp_path: Path, folder: str) -> None:
    write(tmp_path, f"{folder}/x.md")
    assert scan(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "outcome", "reason"),
    [
        pytest.param(b"", "skipped", "is empty", id="empty"),
        pytest.param(b" \n\t", "skipped", "is empty", id="blank"),
        pytest.param(b"x" * (MAX_FILE_BYTES + 1), "skipped", "is 5,242,881 bytes, the limit is 5,242,880", id="huge"),
    ],
)
def test_leaves_out_and_says_why(tmp_path: Path, content: bytes, outcome: str, reason: str) -> None:
    write(tmp_path, "x.md", content)
    assert rejected(tmp_path)["x"][0] == outcome
    assert reason in rejected(tmp_path)["x"][1]


@pytest.fixture
def shared_path() -> Iterator[Path]:
    """Give a folder that every user can reach; pytest's own are for one."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def without_privilege() -> Iterator[None]:
    """Act as nobody, for root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_permission_has_failed(shared_path: Path) -> None:
    write(shared_path, "x.md").chmod(0)
    with without_privilege():
        outcome, reason = rejected(shared_path)["x"]
    assert outcome == "failed"
    assert "Permission denied" in reason


def test_a_folder_below_that_cannot_be_listed_fails_the_source_after_the_rest(shared_path: Path) -> None:
    write(shared_path, "a/x.md")
    write(shared_path, "b/y.md")
    (shared_path / "a").chmod(0)
    with without_privilege():
        listing = FolderSource(shared_path).scan()
        assert next(listing).article_id == "b/y"
        with pytest.raises(SourceError, match="nothing can be said to be gone"):
            next(listing)
    (shared_path / "a").chmod(0o700)


def test_the_second_file_of_one_id_has_failed_and_names_the_first(tmp_path: Path) -> None:
    write(tmp_path, "vpn.html")
    write(tmp_path, "vpn.md")
    assert documents(tmp_path)["vpn"].name == "vpn.html"
    assert rejected(tmp_path)["vpn"] == (
        "failed",
        "'vpn.md' has the same id as 'vpn.html', which counts; rename one of them",
    )


def test_ids_are_composed(tmp_path: Path) -> None:
    write(tmp_path, "cafe\u0301.md")
    assert list(documents(tmp_path)) == ["café"]


def test_a_name_that_is_not_text_has_failed(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("Text")
    ((article_id, (outcome, reason)),) = rejected(tmp_path).items()
    assert (article_id, outcome) == ("\\udcff", "failed")
    assert "not valid UTF-8" in reason


def test_links(tmp_path: Path) -> None:
    root = tmp_path / "kb"
    write(tmp_path, "secret.md")
    write(root, "vpn.md")
    write(root, "net/x.md")
    write(root, "..data/mounted.md")
    (root / "out.md").symlink_to(tmp_path / "secret.md")
    (root / "same.md").symlink_to("vpn.md")
    (root / "gone.md").symlink_to("nowhere.md")
    (root / "round.md").symlink_to("round.md")
    (root / "mounted.md").symlink_to("..data/mounted.md")
    (root / "folder").symlink_to("net")
    (root / "folder.md").symlink_to("net")
    found = rejected(root)
    assert list(documents(root)) == ["mounted", "net/x", "vpn"]
    assert found["out"][1].startswith("links outside the folder")
    assert found["same"] == ("skipped", "is a link to 'vpn.md', which is indexed itself")
    assert "does not exist" in found["gone"][1]
    assert found["round"][0] == "failed"
    assert "not followed into folders" in found["folder/"][1]
    assert "not followed into folders" in found["folder.md/"][1]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.md")
    assert rejected(tmp_path)["x"] == ("skipped", "is not a regular file")


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    path = write(tmp_path, "vpn.md")
    write(tmp_path, "other.md")
    (document,) = documents(path).values()
    assert (document.article_id, document.source, document.name) == ("vpn", f"folder:{path}", "vpn.md")


@pytest.mark.parametrize(("name", "problem"), [("nowhere", "does not exist"), ("x.png", "of no known kind")])
def test_a_source_that_is_none_says_so(tmp_path: Path, name: str, problem: str) -> None:
    write(tmp_path, "x.png")
    with pytest.raises(SourceError, match=problem):
        scan(tmp_path / name)


def test_an_empty_folder_lists_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path) == []


def test_a_root_that_is_a_link_keeps_its_name(tmp_path: Path) -> None:
    write(tmp_path, "releases/7/vpn.md")
    (tmp_path / "current").symlink_to("releases/7")
    assert documents(tmp_path / "current")["vpn"].source == f"folder:{tmp_path}/current"


def test_scanning_twice_gives_the_same(tmp_path: Path) -> None:
    for name in ("b/x.md", "a.md", "b.md", "B.txt"):
        write(tmp_path, name)
    assert scan(tmp_path) == scan(tmp_path)


def test_a_link_to_a_folder_does_not_take_the_place_of_the_article_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, "kb/vpn.md")
    (tmp_path / "kb" / "vpn").symlink_to(tmp_path)
    assert [item.article_id for item in scan(tmp_path / "kb")] == ["vpn/", "vpn"]
