import logging
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.models import RawDocument, Rejected
from ingest.sources.folder import FolderSource
from ingest.sources.git import BULK_MIN_ARTICLES, GitSource, local_source


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "--quiet")

    def git(self, *arguments: str, day: str = "2026-10-01") -> str:
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
        dates = {f"GIT_{who}_DATE": f"{day}T12:00:00+02:00" for who in ("AUTHOR", "COMMITTER")}
        return subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.root), **dates},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, files: dict[str, str], day: str) -> str:
        for name, content in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Edit", day=day)
        return self.git("rev-parse", "HEAD")

    def sign(self, author: str) -> str:
        """Make a first commit by hand, with a signature and any author line."""
        lines = [
            f"tree {self.git('rev-parse', 'HEAD^{tree}')}",
            author,
            "committer a <a@example.org> 1790000000 +0000",
            "gpgsig -----BEGIN PGP SIGNATURE-----",
            " x",
            " -----END PGP SIGNATURE-----",
            "",
            "Signed",
            "",
        ]
        (self.root / ".git" / "by-hand").write_text("\n".join(lines))
        sha = self.git("hash-object", "-t", "commit", "-w", "--literally", ".git/by-hand")
        self.git("update-ref", "HEAD", sha)
        return sha


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "wiki")


def documents(root: Path) -> dict[str, RawDocument]:
    return {item.article_id: item for item in GitSource(root).scan() if isinstance(item, RawDocument)}


def noon(day: int) -> datetime:
    return datetime(2026, 10, day, 10, tzinfo=UTC)


def test_versions_and_dates_come_from_the_last_commit_of_each_file(repository: Repository) -> None:
    first = repository.commit({"kb/vpn.md": "1", "kb/café wifi.md": "1"}, "2026-10-01")
    second = repository.commit({"kb/vpn.md": "2"}, "2026-10-05")
    found = documents(repository.root / "kb")
    assert (found["vpn"].version, found["vpn"].last_modified) == (second, noon(5))
    assert (found["café wifi"].version, found["café wifi"].last_modified) == (first, noon(1))


def test_what_is_not_committed_has_neither(repository: Repository) -> None:
    repository.commit({"changed.md": "1", "staged.md": "1", "deleted.md": "1", "dropped.md": "1"}, "2026-10-01")
    (repository.root / "changed.md").write_text("2")
    (repository.root / "staged.md").write_text("2")
    (repository.root / "new.md").write_text("1")
    (repository.root / "deleted.md").unlink()
    repository.git("add", "staged.md")
    repository.git("rm", "--quiet", "--cached", "dropped.md")
    found = documents(repository.root)
    assert sorted(found) == ["changed", "dropped", "new", "staged"]
    assert {(document.version, document.last_modified) for document in found.values()} == {(None, None)}


def test_ignored_files_are_left_out(repository: Repository) -> None:
    repository.commit({".gitignore": "draft*", "vpn.md": "1", "draft.md": "x", ".github/x.md": "x"}, "2026-10-01")
    assert list(documents(repository.root)) == ["vpn"]


def test_a_bulk_commit_gives_a_version_but_no_date(repository: Repository) -> None:
    names = [f"a{number}.md" for number in range(BULK_MIN_ARTICLES + 1)]
    repository.commit(dict.fromkeys(names, "1"), "2026-10-01")
    repository.commit({"a0.md": "2"}, "2026-10-02")
    reformatted = repository.commit(dict.fromkeys(names, "3"), "2026-10-03")
    found = documents(repository.root)
    assert {document.version for document in found.values()} == {reformatted}
    assert found["a1"].last_modified is None
    # Somebody did edit this one, before every page was reformatted.
    assert found["a0"].last_modified == noon(2)


def test_a_large_commit_in_a_larger_wiki_is_no_bulk_commit(repository: Repository) -> None:
    count = BULK_MIN_ARTICLES + 1
    repository.commit({f"b{number}.md": "1" for number in range(count)}, "2026-10-01")
    repository.commit({f"a{number}.md": "1" for number in range(count)}, "2026-10-02")
    assert documents(repository.root)["a0"].last_modified == noon(2)


def test_the_end_of_a_shallow_clone_dates_nothing(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"vpn.md": "1"}, "2026-10-01")
    repository.commit({"wifi.md": "1"}, "2026-10-02")
    repository.commit({"mail.md": "1"}, "2026-10-03")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth", "2", f"file://{repository.root}", str(clone))
    found = documents(clone)
    assert found["vpn"].last_modified is None
    assert found["mail"].last_modified == noon(3)


def test_a_repository_without_commits_lists_its_files(repository: Repository) -> None:
    (repository.root / "vpn.md").write_text("1")
    assert documents(repository.root)["vpn"].version is None


@pytest.mark.parametrize(
    "setting",
    [
        "core.fsmonitor",
        "filter.trap.clean",
        "filter.trap.process",
        "diff.trap.textconv",
        "diff.external",
        "gpg.program",
    ],
)
def test_nothing_that_a_repository_names_is_run(repository: Repository, tmp_path: Path, setting: str) -> None:
    repository.commit({"vpn.md": "1", ".gitattributes": "*.md filter=trap diff=trap"}, "2026-10-01")
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o700)
    repository.sign("author a <a@example.org> 1790000000 +0000")
    repository.git("config", setting, str(trap))
    repository.git("config", "log.showSignature", "true")
    # Of another size and time than the index knows, so that git has to look into the file.
    (repository.root / "vpn.md").write_text("changed")
    assert list(documents(repository.root)) == ["vpn"]
    assert not (tmp_path / "sprung").exists()


def test_a_missing_object_is_not_fetched(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"vpn.md": "1"}, "2026-10-01")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    (repository.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::touch {tmp_path}/sprung",
        "protocol.ext.allow": "always",
    }.items():
        repository.git("config", name, value)
    with pytest.raises(SourceError):
        documents(repository.root)
    assert not (tmp_path / "sprung").exists()


def test_a_filter_that_cannot_be_switched_off_fails_the_source(repository: Repository) -> None:
    repository.commit({"vpn.md": "1"}, "2026-10-01")
    repository.git("config", "filter.a=b.clean", "trap")
    with pytest.raises(SourceError, match="cannot be switched off"):
        documents(repository.root)


def test_a_damaged_index_hides_no_file(repository: Repository) -> None:
    repository.commit({"kb/vpn.md": "1", "kb/wifi.md": "1"}, "2026-10-01")
    index = repository.root / ".git" / "index"
    # Git takes what is left of it for an index with one nameless entry, and says nothing.
    index.write_bytes(index.read_bytes()[:60])
    assert sorted(documents(repository.root)) == ["kb/vpn", "kb/wifi"]


@pytest.mark.parametrize("when", ["1790000000 +9959", "99999999999999 +0000", "-9999999 -9959"])
def test_a_commit_may_claim_any_date(repository: Repository, when: str) -> None:
    repository.commit({"vpn.md": "1"}, "2026-10-01")
    sha = repository.sign(f"author a <a@example.org> {when}")
    assert documents(repository.root)["vpn"].version == sha


def test_an_environment_left_by_a_git_hook_names_no_other_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repository.commit({"vpn.md": "1"}, "2026-10-01")
    Repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert documents(repository.root)["vpn"].version == sha


def test_repositories_within_are_reported(repository: Repository) -> None:
    repository.commit({"vpn.md": "1"}, "2026-10-01")
    Repository(repository.root / "nested").commit({"x.md": "1"}, "2026-10-01")
    Repository(repository.root / "module").commit({"x.md": "1"}, "2026-10-01")
    repository.git("add", "module")
    found = [item for item in GitSource(repository.root).scan() if isinstance(item, Rejected)]
    assert [(item.article_id, item.outcome) for item in found] == [("module/", "skipped"), ("nested/", "skipped")]
    assert "repository of its own" in found[0].reason


def test_the_key_is_that_of_the_folder(repository: Repository) -> None:
    assert GitSource(repository.root).key == FolderSource(repository.root).key == f"folder:{repository.root}"


def test_chooses_git_for_a_folder_in_a_work_tree(repository: Repository, tmp_path: Path) -> None:
    repository.commit({".gitignore": "out", "kb/vpn.md": "1", "out/x.md": "1"}, "2026-10-01")
    assert isinstance(local_source(repository.root / "kb"), GitSource)
    assert isinstance(local_source(repository.root / "out"), FolderSource)
    assert isinstance(local_source(repository.root / "kb" / "vpn.md"), FolderSource)
    (tmp_path / "plain").mkdir()
    assert isinstance(local_source(tmp_path / "plain"), FolderSource)
    assert isinstance(local_source(tmp_path / "nowhere"), FolderSource)


def test_a_broken_repository_is_read_as_a_folder_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".git").mkdir()
    with caplog.at_level(logging.WARNING):
        assert isinstance(local_source(tmp_path), FolderSource)
    assert "without version and edit date" in caplog.text


@pytest.mark.parametrize("missing", [True, False], ids=["no-folder", "no-repository"])
def test_what_git_cannot_list_fails_the_source(tmp_path: Path, missing: bool) -> None:
    with pytest.raises(SourceError):
        list(GitSource(tmp_path / "nowhere" if missing else tmp_path).scan())
