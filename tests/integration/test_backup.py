"""`runcite backup` and `runcite restore`: beside a server, into new and used homes, and killed at every step."""

import json
import multiprocessing
import os
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from api.bootstrap import CATALOG_NAME, open_runtime
from api.cli.main import run
from api.leftovers import workplace
from api.restore import Restoring, restore
from api.settings import Settings
from index.catalog import Catalog
from index.lock import HomeLock
from index.runs import RunQuery
from tests.integration.conftest import PAGES
from tests.integration.serving import serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TICKET = "The VPN drops every few minutes in the hotel"
STEPS = ("extracted", "checked", "embedded", "put_aside", "swapped", "cleared")


@pytest.fixture
def archive(runcite, tmp_path: Path) -> Path:
    file = tmp_path / "backup.zip"
    code, _, said = runcite("backup", file)
    assert code == 0, said
    assert said.startswith(f"{len(PAGES)} articles are in {file}")
    return file


def articles(home: Path) -> set[str]:
    """The articles of a home that answers."""
    with open_runtime(Settings(home=home)) as runtime:
        assert runtime.fault() is None
        found = runtime.search(TICKET, audience=frozenset(), limit=1).results
        assert found[0].article_id == "network/vpn-drops"
        return set(runtime.catalog.standings())


def remove_toner(home: Path) -> None:
    catalog = Catalog.open(home / CATALOG_NAME)
    catalog.remove("printers/toner")
    catalog.close()


@pytest.mark.parametrize("exists", [False, True], ids=["nothing-there", "empty-folder"])
def test_a_new_home_is_as_the_old_one_was(exists, home, archive, tmp_path, capsys) -> None:
    new = tmp_path / "elsewhere" / "home"
    if exists:
        new.mkdir(parents=True)
    assert run(["restore", str(archive), "--home", str(new)]) == 0
    assert f"{len(PAGES)} articles of " in capsys.readouterr().err
    assert articles(new) == articles(home)
    assert not workplace(new).exists()
    with open_runtime(Settings(home=new)) as runtime:
        assert len(runtime.history.page(RunQuery()).runs) == 1


def test_a_home_that_holds_something_is_replaced_only_when_asked_to(home, archive, runcite) -> None:
    remove_toner(home)
    code, _, said = runcite("restore", archive)
    assert code == 2
    assert "--replace" in said
    assert "printers/toner" not in articles(home)
    assert runcite("restore", archive, "--replace")[0] == 0
    assert "printers/toner" in articles(home)
    assert not workplace(home).exists()


def test_a_home_in_use_is_not_replaced(home, archive, runcite) -> None:
    with HomeLock.acquire(home, "runcite ingest"):
        code, _, said = runcite("restore", archive, "--replace")
    assert code == 3
    assert "runcite ingest" in said
    assert len(articles(home)) == len(PAGES)


def test_a_backup_is_made_while_a_server_holds_the_home_and_serves(home, runcite, tmp_path) -> None:
    outcomes = []
    with serving(home) as server:
        server.until_ready()
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                outcomes.append(server.outcome(TICKET))

        asker = threading.Thread(target=ask)
        asker.start()
        code, _, said = runcite("backup", tmp_path / "backup.zip")
        done.set()
        asker.join()
        assert code == 0, said
    assert set(outcomes) == {("GUIDE_USER", None)}
    assert run(["restore", str(tmp_path / "backup.zip"), "--home", str(tmp_path / "new")]) == 0
    assert len(articles(tmp_path / "new")) == len(PAGES)


def test_a_backup_never_overwrites(archive, runcite) -> None:
    before = archive.read_bytes()
    code, _, said = runcite("backup", archive)
    assert code == 2
    assert "is there already" in said
    assert archive.read_bytes() == before


def test_a_damaged_catalog_is_not_backed_up(home, runcite, tmp_path) -> None:
    with sqlite3.connect(home / CATALOG_NAME) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray((home / CATALOG_NAME).read_bytes())
    content[8192:12288] = b"\xff" * 4096
    (home / CATALOG_NAME).write_bytes(content)
    code, _, said = runcite("backup", tmp_path / "backup.zip")
    assert code == 2
    assert "damaged" in said or "malformed" in said
    assert not (tmp_path / "backup.zip").exists()


def test_a_damaged_archive_leaves_the_home_as_it_was(home, archive, runcite) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    before = sorted(path.name for path in home.iterdir())
    code, _, said = runcite("restore", archive, "--replace")
    assert code == 2
    assert "damaged" in said
    assert sorted(path.name for path in home.iterdir()) == before
    assert len(articles(home)) == len(PAGES)
    assert not workplace(home).exists()


def restore_until(home: Path, archive: Path, step: str) -> None:
    """Run in a child: die of SIGKILL after a step."""

    def on_step(taken: str) -> None:
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    restore(archive, Settings(home=home), Restoring(True, lambda _line: None, on_step))


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(step, home, archive) -> None:
    remove_toner(home)
    child = multiprocessing.get_context("forkserver").Process(target=restore_until, args=(home, archive, step))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    restored = step in ("swapped", "cleared")
    assert ("printers/toner" in articles(home)) == restored
    assert not any(workplace(home).glob("*/*"))
    restore(archive, Settings(home=home), Restoring(True, lambda _line: None, lambda _step: None))
    assert "printers/toner" in articles(home)
    assert not workplace(home).exists()


def test_a_restored_home_has_its_decisions_and_says_that_it_was_restored(home, runcite, tmp_path, capsys) -> None:
    decision_id = json.loads(runcite("triage", "--json", TICKET)[1])["decision_id"]
    file = tmp_path / "backup.zip"
    assert runcite("backup", file)[0] == 0
    runcite("triage", "--json", TICKET)
    later = runcite("audit", "head")[1].strip()
    assert runcite("restore", file, "--replace")[0] == 0
    listed = json.loads(runcite("decisions", "--json")[1])["decisions"]
    assert [line["decision_id"] for line in listed] == [decision_id]
    assert json.loads(runcite("audit", "export")[1].splitlines()[-1])["kind"] == "restore"
    assert runcite("audit", "verify")[0] == 0
    # What was decided after the backup is gone, and whoever kept a head from then is told.
    assert runcite("audit", "verify", "--anchor", later)[0] == 1
