import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.models import RawDocument
from ingest.sources.clone import CLONES, CloneSource, parse_repository

IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(root: Path, *arguments: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(root)}
    command = ["git", "-C", str(root), *IDENTITY, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def commit(root: Path, **files: str) -> str:
    for name, content in files.items():
        path = root / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Edit")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture(params=[True, False], ids=["filtering-server", "plain-server"])
def remote(request, tmp_path):
    root = tmp_path / "remote"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    if request.param:
        git(root, "config", "uploadpack.allowFilter", "true")
        git(root, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit(root, docs__vpn="one", docs__wifi="one", other="x")
    return root


def source(remote: Path, tmp_path: Path, query: str = "?path=docs", token: str | None = None) -> CloneSource:
    return CloneSource(parse_repository(f"git+file://{remote}{query}"), tmp_path / "home", token)


def listed(source: CloneSource) -> dict[str, RawDocument]:
    return {item.article_id: item for item in source.scan() if isinstance(item, RawDocument)}


def test_what_is_committed_is_listed_with_its_commit_under_the_uri(remote, tmp_path):
    first = git(remote, "rev-parse", "HEAD")
    second = commit(remote, docs__vpn="two")
    found = listed(source(remote, tmp_path))
    assert {name: (item.content, item.version) for name, item in found.items()} == {
        "vpn": (b"two", second),
        "wifi": (b"one", first),
    }
    assert {item.source for item in found.values()} == {f"git+file://{remote}?path=docs"}
    assert found["vpn"].last_modified is not None


def test_each_scan_follows_the_branch_even_where_its_history_was_rewritten(remote, tmp_path):
    clone = source(remote, tmp_path)
    assert listed(clone)["vpn"].content == b"one"
    git(remote, "mv", "docs/wifi.md", "docs/wlan.md")
    (remote / "docs/vpn.md").write_text("three")
    git(remote, "commit", "--quiet", "--all", "--amend", "--message", "Again")
    found = listed(clone)
    assert {name: item.content for name, item in found.items()} == {"vpn": b"three", "wlan": b"one"}


def test_a_branch_a_tag_or_a_commit_can_be_named(remote, tmp_path):
    first = git(remote, "rev-parse", "HEAD")
    git(remote, "tag", "v1")
    git(remote, "branch", "old/one")
    commit(remote, docs__vpn="two")
    for ref in ("v1", "old/one", first):
        assert listed(source(remote, tmp_path, f"?ref={ref}&path=docs"))["vpn"].content == b"one"
    assert listed(source(remote, tmp_path, "?ref=main"))["docs/vpn"].content == b"two"


def test_a_run_that_was_killed_does_not_stop_the_next(remote, tmp_path):
    clone = source(remote, tmp_path)
    listed(clone)
    folder = next((tmp_path / "home" / CLONES).iterdir())
    (folder / ".git" / "index.lock").touch()
    (folder / ".git" / "runcite-header-x").write_text("Authorization: Basic x")
    (folder / "docs" / "left-over.md").write_text("x")
    commit(remote, docs__vpn="two")
    assert sorted(listed(clone)) == ["vpn", "wifi"]
    assert not list((folder / ".git").glob("runcite-header-*"))


@pytest.mark.parametrize(
    ("query", "said"), [("?path=nothing", "has no folder 'nothing'"), ("?ref=nothing", "cannot fetch")]
)
def test_what_is_not_there_is_a_source_error(remote, tmp_path, query, said):
    with pytest.raises(SourceError, match=said):
        listed(source(remote, tmp_path, query))


def test_a_repository_that_has_gone_is_a_source_error(remote, tmp_path):
    clone = source(remote, tmp_path)
    listed(clone)
    shutil.rmtree(remote)
    with pytest.raises(SourceError, match="cannot fetch"):
        listed(clone)


def test_a_folder_that_is_a_link_out_of_the_clone_is_not_read(remote, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text("secret")
    (remote / "out").symlink_to(tmp_path / "secret")
    commit(remote)
    with pytest.raises(SourceError, match="has no folder 'out'"):
        listed(source(remote, tmp_path, "?path=out"))


def test_programs_that_a_clone_names_are_not_run(remote, tmp_path):
    clone = source(remote, tmp_path)
    listed(clone)
    folder = next((tmp_path / "home" / CLONES).iterdir())
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    (folder / ".git" / "hooks").mkdir(exist_ok=True)
    shutil.copy(program, folder / ".git" / "hooks" / "post-checkout")
    for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean"):
        git(folder, "config", key, str(program))
    (remote / ".gitattributes").write_text("* filter=evil\n")
    commit(remote, docs__vpn="two")
    assert listed(clone)["vpn"].content == b"two"
    assert not mark.exists()


def test_the_token_is_in_no_key_repr_or_file(remote, tmp_path):
    clone = source(remote, tmp_path, "?path=docs", "s3cret-token")
    listed(clone)
    assert "s3cret" not in repr(clone) + clone.key
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"Authorization" in path.read_bytes()]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("git+https://ann:pw@example.org/a.git", "RUNCITE_GIT_TOKEN"),
        ("git+https://example.org/", "expected git"),
        ("git+http://example.org/a.git", "expected git"),
        ("git+https://example.org/a.git?branch=x", "expected git"),
        ("git+https://example.org/a.git?ref=--upload-pack=x", "expected a branch"),
        ("git+https://example.org/a.git?ref=a..b", "expected a branch"),
        ("git+https://example.org/a.git?path=../x", "inside the repository"),
        ("git+https://example.org/a.git?path=.git", "inside the repository"),
    ],
)
def test_a_uri_that_cannot_be_used_is_refused_without_its_secret(uri, said):
    with pytest.raises(SourceError, match=said) as caught:
        parse_repository(uri)
    assert "pw" not in str(caught.value)


def test_one_repository_has_one_key_however_it_is_written():
    keys = {
        parse_repository(f"git+https://example.org/a.git{query}").uri
        for query in ("?path=docs&ref=main", "?ref=main&path=/docs/", "/?ref=main&path=docs")
    }
    assert keys == {"git+https://example.org/a.git?ref=main&path=docs"}
