"""What is put into an archive comes out of it as it was, and nothing else comes out of one."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from api.archive import MANIFEST_NAME, Archive, Manifest, describe, members_of, now, write_archive
from api.errors import ArchiveError

CONTENT = {"catalog.sqlite": b"articles" * 5000, "policy.yml": b"version: 1\n", "models/minilm/graph.onnx": b"\0" * 99}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    for name, content in CONTENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def archive(home: Path, tmp_path: Path) -> Path:
    file = tmp_path / "backup.zip"
    manifest = Manifest(
        created_at=now(), runcite="1", index_id="01J", schema_version=1, articles=3, embedding=None,
        members=describe(home, members_of(home)),
    )  # fmt: skip
    write_archive(file, home, manifest)
    return file


def take_out(file: Path, folder: Path) -> dict[str, bytes]:
    archive = Archive.open(file)
    try:
        archive.extract(folder)
    finally:
        archive.close()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewrite(file: Path, members: list[tuple[str, bytes]], manifest: dict) -> None:
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(MANIFEST_NAME, json.dumps(manifest))
        for name, content in members:
            made.writestr(name, content)


def manifest_of(file: Path) -> dict:
    with zipfile.ZipFile(file) as made:
        return json.loads(made.read(MANIFEST_NAME))


def with_member(file: Path, name: str, content: bytes = b"x") -> None:
    """Add a member that the manifest lists with its true size and digest."""
    manifest = manifest_of(file)
    entry = {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest["members"].append(entry)
    rewrite(file, [*CONTENT.items(), (name, content)], manifest)


def test_what_was_put_in_comes_out(archive, tmp_path) -> None:
    assert take_out(archive, tmp_path / "out") == CONTENT
    assert archive.stat().st_mode & 0o777 == 0o600


def test_an_archive_in_the_way_is_not_overwritten(archive, home) -> None:
    before = archive.read_bytes()
    with pytest.raises(FileExistsError):
        write_archive(archive, home, Archive.open(archive).manifest)
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "name", ["vectors/segments/a", "writer.lock", "server.json", ".env", "keys.txt", "models/.cache/token"]
)
def test_what_does_not_belong_in_an_archive_stays_out(name, home) -> None:
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text("secret")
    assert members_of(home) == sorted(CONTENT, key=lambda one: ("/" in one, one))


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "/etc/escaped",
        "models/../../escaped",
        "models/a/../../../escaped",
        "models\\..\\escaped",
        "C:\\escaped",
        "server.json",
        "writer.lock",
        "vectors/segments/x",
        "models/.hidden",
        "models//x",
        "catalog.sqlite-wal",
        "Catalog.sqlite",
        "models/a\nb",
    ],
)
def test_a_member_that_no_home_has_is_refused_before_anything_is_written(name, archive, tmp_path) -> None:
    with_member(archive, name)
    with pytest.raises(ArchiveError, match=r"which no home has|does not hold what"):
        take_out(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.parent.rglob("escaped"))


def test_a_file_that_is_a_folder_too_is_refused(archive, tmp_path) -> None:
    with_member(archive, "models/minilm/graph.onnx/more")
    with pytest.raises(ArchiveError, match=r"damaged at 'models/minilm/graph\.onnx/more'"):
        take_out(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda m: m["members"].pop(), "does not hold what its manifest lists", id="not-listed"),
        pytest.param(lambda m: m["members"].append(m["members"][0]), "does not hold what", id="listed-twice"),
        pytest.param(lambda m: m["members"][0].update(sha256="0" * 64), "is not the file", id="other-digest"),
        pytest.param(lambda m: m["members"][0].update(size=7), "is not the file", id="smaller"),
        pytest.param(lambda m: m["members"][0].update(size=10**9), "is not the file", id="larger"),
        pytest.param(lambda m: m["members"][0].update(size=-1), r"no manifest\.json that", id="negative"),
        pytest.param(lambda m: m.update(format="tarball"), "no manifest.json that", id="foreign"),
        pytest.param(lambda m: m.update(version=2), "no manifest.json that", id="later-version"),
        pytest.param(lambda m: m.update(extra=1), "no manifest.json that", id="unknown-field"),
        pytest.param(lambda m: m.clear(), "no manifest.json that", id="empty"),
    ],
)
def test_a_manifest_that_does_not_hold_is_refused(change, message, archive, tmp_path) -> None:
    manifest = manifest_of(archive)
    change(manifest)
    rewrite(archive, list(CONTENT.items()), manifest)
    with pytest.raises(ArchiveError, match=message):
        take_out(archive, tmp_path / "out")


def test_a_changed_member_is_refused(archive, tmp_path) -> None:
    changed = {**CONTENT, "policy.yml": b"version: 2\n"}
    rewrite(archive, list(changed.items()), manifest_of(archive))
    with pytest.raises(ArchiveError, match=r"'policy\.yml' is not the file"):
        take_out(archive, tmp_path / "out")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_was_cut_short_is_refused(share, archive, tmp_path) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ArchiveError, match="runcite backup"):
        take_out(archive, tmp_path / "out")


def test_an_archive_with_any_byte_changed_is_refused_or_comes_out_as_it_was(archive, tmp_path) -> None:
    content = archive.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 150)):
        archive.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            assert take_out(archive, tmp_path / f"out{at}") == CONTENT
        except ArchiveError:
            continue


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b\x08 a tarball", b"Dear all,"])
def test_what_is_no_archive_is_refused(content, tmp_path) -> None:
    file = tmp_path / "backup.zip"
    file.write_bytes(content)
    with pytest.raises(ArchiveError, match="Expected a whole file made by `runcite backup`"):
        Archive.open(file)


def test_a_missing_archive_is_an_error(tmp_path) -> None:
    with pytest.raises(ArchiveError, match="No such file"):
        Archive.open(tmp_path / "backup.zip")
