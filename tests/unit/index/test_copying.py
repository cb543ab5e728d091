"""A copy of a database is whole and of one moment, whatever is written to it meanwhile."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from index.copying import copy_database
from index.errors import CatalogError

ROWS = 20_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two columns that every transaction changes alike, in a file with much that has not been checkpointed."""
    file = tmp_path / "a #1 %41 database.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pairs (number INTEGER PRIMARY KEY, a INTEGER, b INTEGER, padding TEXT)")
        connection.executemany("INSERT INTO pairs VALUES (?, 0, 0, ?)", ((n, "x" * 200) for n in range(ROWS)))
        connection.commit()
    return file


def rows(file: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT DISTINCT a, b FROM pairs").fetchall()


def test_a_copy_is_of_one_moment_while_others_write(database, tmp_path) -> None:
    done, began = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            while not done.is_set():
                connection.execute("UPDATE pairs SET a = a + 1, b = b + 1")
                connection.commit()
                began.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert began.wait(30)
    try:
        for number in range(3):
            copy_database(database, tmp_path / f"copy{number}.sqlite")
    finally:
        done.set()
        writer.join()
    for number in range(3):
        ((a, b),) = rows(tmp_path / f"copy{number}.sqlite")
        assert a == b > 0


def test_a_copy_is_one_file(database, tmp_path) -> None:
    (tmp_path / "copies").mkdir()
    copy_database(database, tmp_path / "copies" / "copy.sqlite")
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["copy.sqlite"]


def test_what_has_not_been_checkpointed_is_in_it(database, tmp_path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE pairs SET a = 7, b = 7")
        connection.commit()
        copy_database(database, tmp_path / "copy.sqlite")
    assert rows(tmp_path / "copy.sqlite") == [(7, 7)]


@pytest.mark.parametrize("content", [None, b"Dear all,\n" * 100], ids=["missing", "foreign"])
def test_what_is_no_database_is_refused_and_left(content, tmp_path) -> None:
    file = tmp_path / "catalog.sqlite"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CatalogError, match=r"catalog\.sqlite' cannot be copied"):
        copy_database(file, tmp_path / "copy.sqlite")
    assert file.exists() == (content is not None)


def test_a_damaged_database_is_refused(database, tmp_path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(database.read_bytes())
    content[8 * 4096 : 40 * 4096] = b"\xff" * (32 * 4096)
    database.write_bytes(content)
    with pytest.raises(CatalogError, match=r"damaged|malformed"):
        copy_database(database, tmp_path / "copy.sqlite")
