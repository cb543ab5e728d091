import json
import shutil

import pytest

from api.bootstrap import CATALOG_NAME
from api.cli.main import run
from index.lock import HomeLock

pytestmark = pytest.mark.integration


def assert_one_line(said: str, *parts: str) -> None:
    lines = [line for line in said.splitlines() if line.startswith("runcite: ")]
    assert len(lines) == 1, said
    assert "Traceback" not in said
    for part in parts:
        assert part in lines[0]


def test_an_unknown_path(runcite, stored):
    before = stored()
    code, out, err = runcite("ingest", "/no/such/folder")
    assert (code, out) == (2, "")
    assert_one_line(err, "'/no/such/folder'", "expected a folder")
    assert stored() == before


def test_a_source_of_another_kind(runcite):
    code, _, err = runcite("ingest", "notion+https://wiki.example/IT")
    assert code == 2
    assert_one_line(err, "'notion+https://wiki.example/IT'", "expected a folder, a git work tree or a file")


def test_a_dangling_link_as_a_source(runcite, tmp_path):
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
    code, _, err = runcite("ingest", tmp_path / "gone.md")
    assert code == 2
    assert_one_line(err, "gone.md", "symbolic link to nothing")


def test_what_cannot_be_read_is_reported_and_the_rest_is_indexed(runcite, stored, pages, tmp_path):
    wiki = shutil.copytree(pages, tmp_path / "wiki")
    (wiki / "folder.md").mkdir()
    (wiki / "gone.md").symlink_to(wiki / "nowhere.md")
    (wiki / "outside.md").symlink_to("/etc/hostname")
    (wiki / "empty.md").write_text("")
    (wiki / "new").mkdir()
    (wiki / "new/article.md").write_text("# Badge readers\n\nHold the badge still for two seconds.\n")
    before = stored()
    code, out, _ = runcite("ingest", "--json", wiki)
    lines = {line["article_id"]: line for line in json.loads(out)["runs"][0]["articles"]}
    assert lines["new/article"]["outcome"] == "indexed"
    for name in ("gone", "outside", "empty"):
        assert lines[name]["outcome"] in ("skipped", "failed"), lines[name]
        assert lines[name]["reason"]
    assert code == 1
    assert before.items() <= stored().items()


def test_an_empty_folder(runcite, stored, tmp_path):
    before = stored()
    (tmp_path / "none").mkdir()
    code, _, err = runcite("ingest", tmp_path / "none")
    assert code == 4
    assert_one_line(err, "no article in", "none")
    assert stored() == before


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_ticket(runcite, text):
    code, out, err = runcite("triage", text)
    assert (code, out) == (4, "")
    assert_one_line(err, "empty", "expected a description")


def test_a_ticket_of_one_megabyte(runcite, tmp_path):
    (tmp_path / "big.txt").write_text("VPN drops " * 100_000)
    code, _, err = runcite("triage", "-f", tmp_path / "big.txt")
    assert code == 2
    assert_one_line(err, "big.txt", "longer than 262,144 bytes", "leave logs")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff\xfe", b"VPN\0drops", bytes(range(256))])
def test_a_binary_ticket(runcite, tmp_path, content):
    (tmp_path / "ticket").write_bytes(content)
    code, _, err = runcite("triage", "-f", tmp_path / "ticket")
    assert code == 2
    assert_one_line(err, "ticket", "expected UTF-8 text")


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_a_ticket_file_that_cannot_be_read(runcite, tmp_path, name):
    code, _, err = runcite("triage", "-f", tmp_path / name)
    assert code == 2
    assert_one_line(err, str(tmp_path / name), "expected a file of text")


def test_wrong_lines_in_a_batch(runcite, tmp_path):
    batch, answers = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch.write_text('{"id": "A", "text": "vpn drops"}\nnot json\n{"txt": "x"}\n{"id": "B", "text": "toner empty"}\n')
    code, out, err = runcite("triage", "--batch", batch, "-o", answers)
    assert (code, out) == (1, "")
    got = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [one["ticket"]["id"] if "ticket" in one else one["line"] for one in got] == ["A", 2, 3, "B"]
    assert all(one["error"]["detail"] for one in got[1:3])
    assert "line 2" in err
    assert "2 decided, 2 bad lines" in err


def test_a_batch_does_not_overwrite_itself(runcite, tmp_path):
    batch = tmp_path / "in.jsonl"
    batch.write_text('{"text": "vpn drops"}\n')
    code, _, err = runcite("triage", "--batch", batch, "-o", batch)
    assert code == 2
    assert_one_line(err, "in.jsonl", "expected another one")
    assert batch.read_text() == '{"text": "vpn drops"}\n'


def test_an_empty_batch(runcite, tmp_path):
    (tmp_path / "in.jsonl").write_text("\n\n")
    code, _, err = runcite("triage", "--batch", tmp_path / "in.jsonl")
    assert code == 4
    assert_one_line(err, "no ticket", "in.jsonl")


@pytest.mark.parametrize("command", [("search", "vpn"), ("triage", "vpn drops"), ("ingest", ".")])
def test_a_home_built_with_another_model(runcite, stored, command):
    before = stored()
    code, out, err = runcite(*command, "--embedding", "bge-small-en-v1.5")
    assert (code, out) == (2, "")
    assert_one_line(err, "all-MiniLM-L6-v2", "runcite reindex --embedding BAAI/bge-small-en-v1.5")
    assert stored() == before


@pytest.mark.parametrize("command", [("search", "vpn"), ("triage", "vpn drops"), ("ingest", ".")])
def test_a_store_held_by_another_process(runcite, stored, home, command):
    before = stored()
    with HomeLock.acquire(home, "runcite ingest"):
        code, out, err = runcite(*command)
        assert (code, out) == (3, "")
        assert_one_line(err, str(home), "(runcite ingest)", "try again")
    assert stored() == before


def test_articles_and_status_are_readable_while_the_store_is_held(runcite, home):
    with HomeLock.acquire(home, "runcite ingest"):
        assert runcite("articles")[0] == 0
        assert runcite("status")[0] == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"not a database at all" * 100,
        lambda content: content[: len(content) // 2],
        lambda content: content[:16] + b"\xff" * 84 + content[100:],
        lambda content: content[:4096] + b"\xff" * (len(content) - 4096),
    ],
    ids=["foreign", "cut", "header", "pages"],
)
@pytest.mark.parametrize(
    "command", [("articles",), ("status",), ("search", "vpn"), ("triage", "vpn drops"), ("ingest", ".")]
)
def test_a_damaged_catalog(runcite, home, command, damage):
    catalog = home / CATALOG_NAME
    for beside in home.glob(f"{CATALOG_NAME}-*"):
        beside.unlink()
    damaged = damage(catalog.read_bytes())
    catalog.write_bytes(damaged)
    vectors = sorted(path.name for path in (home / "vectors").rglob("*"))
    code, out, err = runcite(*command)
    assert (code, out) == (2, "")
    assert_one_line(err, CATALOG_NAME)
    assert catalog.read_bytes() == damaged, "a damaged catalog is left for whoever can mend it"
    assert sorted(path.name for path in (home / "vectors").rglob("*")) == vectors


@pytest.mark.parametrize("command", [("search", "vpn"), ("triage", "vpn drops"), ("articles",), ("status",)])
def test_a_home_without_an_index(capsys, tmp_path, command):
    code = run(["--home", str(tmp_path / "nothing"), *command])
    said = capsys.readouterr()
    assert (code, said.out) == (4, "")
    assert_one_line(said.err, "nothing", "runcite ingest")
    assert not (tmp_path / "nothing").exists()


def test_a_home_that_is_a_file(capsys, tmp_path, pages):
    (tmp_path / "file").write_text("mine")
    code = run(["--home", str(tmp_path / "file"), "ingest", str(pages)])
    assert code == 2
    assert_one_line(capsys.readouterr().err, str(tmp_path / "file"), "expected a folder")
    assert (tmp_path / "file").read_text() == "mine"
