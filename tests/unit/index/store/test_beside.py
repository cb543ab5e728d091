"""Graphs are built by another process; what the store holds is the same before, meanwhile and after, killed or not."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from index.errors import StoreError
from index.models import Point, SparseVector, point_id
from index.store import beside, edge
from index.store.edge import EdgeStore

DIMENSION = 8
POINTS = 10_600
"""More than Edge leaves without a graph."""


def points(count: int, first: int = 0) -> list[Point]:
    rng = np.random.default_rng(first)
    vectors = rng.normal(size=(count, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = SparseVector(np.array([1, 2], dtype=np.uint32), np.array([1, 2], dtype=np.float32))
    return [
        Point(point_id(f"a{n}", "r", 0), f"a{n}", "r", 0, 0, 1, (), ("*",), (), "test", vector, words)
        for n, vector in enumerate(vectors, start=first)
    ]


@pytest.fixture(scope="module")
def _filled(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "vectors"
    store = EdgeStore.open(folder, DIMENSION)
    store.upsert(points(POINTS))
    store.close()
    return folder


@pytest.fixture
def folder(_filled, tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(edge, "WORTH_OPTIMISING", POINTS)
    return Path(shutil.copytree(_filled, tmp_path / "home" / "vectors"))


@pytest.fixture
def store(folder):
    store = EdgeStore.open(folder, DIMENSION)
    yield store
    store.close()


def nearest(store: EdgeStore) -> list[str]:
    return [hit.article_id for hit in store.search_dense(points(1)[0].dense, 5, ["*"])]


def inode(folder: Path) -> int:
    return folder.stat().st_ino


def test_the_copy_takes_the_folder_s_place_and_holds_the_same(store, folder):
    before, was = nearest(store), inode(folder)
    store.optimize()
    assert inode(folder) != was
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert (store.count(), nearest(store)) == (POINTS, before)
    store.upsert(points(1, first=POINTS))
    store.delete_revision("a1", "r")
    store.close()
    again = EdgeStore.open(folder, DIMENSION)
    assert again.count() == POINTS
    again.close()


def test_nothing_is_done_where_there_is_nothing_to_do(store, folder):
    store.optimize()
    was = inode(folder)
    store.upsert(points(500, first=POINTS))
    store.optimize()
    assert inode(folder) == was


def test_searches_go_on_meanwhile(store):
    before = nearest(store)
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(nearest(store))

    reader = threading.Thread(target=ask)
    reader.start()
    store.optimize()
    over.set()
    reader.join()
    assert len(answers) > 1
    assert all(answer == before for answer in answers)


@pytest.mark.parametrize("looks", [0, 1], ids=["before", "while it is built"])
def test_a_stopped_run_leaves_all_as_it_was(store, folder, looks):
    was, asked = inode(folder), []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) > looks

    store.optimize(should_stop)
    assert inode(folder) == was
    assert store.count() == POINTS
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_failure_leaves_all_as_it_was_and_says_why(store, folder, monkeypatch):
    was = inode(folder)
    # A program that fails in place of the one that optimises.
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    with pytest.raises(StoreError, match=r"could not be optimised .exit code 1.*only slower"):
        store.optimize()
    assert inode(folder) == was
    assert store.count() == POINTS


@pytest.mark.parametrize("step", ["copied", "moved away", "exchanged"])
def test_killed_at_any_step_the_next_open_has_everything(folder, step):
    copy, former = beside.copy_of(folder), folder.with_name("vectors.former")
    assert beside.build(folder, DIMENSION, bool)
    if step == "moved away":
        folder.rename(former)
    elif step == "exchanged":
        beside.exchange(folder)
    store = EdgeStore.open(folder, DIMENSION)
    assert store.count() == POINTS
    assert not copy.exists()
    assert not former.exists()
    store.close()


def test_a_copy_that_lost_points_is_not_used(store, folder, monkeypatch):
    build = beside.build

    def lossy(folder, dimension, should_stop):
        built = build(folder, dimension, should_stop)
        other = EdgeStore.open(beside.copy_of(folder), dimension)
        other.delete_revision("a1", "r")
        other.close()
        return built

    monkeypatch.setattr(beside, "build", lossy)
    was = inode(folder)
    with pytest.raises(StoreError, match="holds 10599 points, expected 10600"):
        store.optimize()
    assert inode(folder) == was
    assert store.count() == POINTS
