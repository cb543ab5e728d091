"""`runcite ingest` killed at random moments, on real parts, leaves an index that a re-run brings to the same end."""

import multiprocessing
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from api.bootstrap import CATALOG_NAME
from api.cli.main import run
from api.stores import VECTORS_NAME
from index.catalog import Catalog
from index.embed.bundled import load_bundled
from index.ports import Embedder
from index.retrieve import Retriever
from index.store.edge import EdgeStore

pytestmark = pytest.mark.integration

KILLS = 30
TRIALS = 60
"""How many runs may be started for that many to be met still going."""
SEED = 20261120
KEPT = 6
CHANGED = 10
GONE = 4
NEW = 10

State = tuple[dict[str, object], dict[str, object]]


def write(folder: Path, name: str, words: str) -> None:
    steps = "\n".join(f"{n}. {words} part {n}, then write down what {name} shows." for n in range(1, 9))
    text = f"---\ntitle: {name}\nlast_reviewed_on: 2026-10-01\nreview_in: 6 months\n---\n## Resolution\n\n{steps}\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")


def kept(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(KEPT):
        write(folder, f"kept-{number}", "Inspect")


def make_before(folder: Path) -> None:
    kept(folder)
    for number in range(CHANGED):
        write(folder, f"changed-{number}", "Unplug")
    for number in range(GONE):
        write(folder, f"gone-{number}", "Dust")


def make_after(folder: Path) -> None:
    kept(folder)
    for number in range(CHANGED):
        write(folder, f"changed-{number}", "Replace")
    for number in range(NEW):
        write(folder, f"new-{number}", "Polish")


def start_ingest(folder: Path, home: Path) -> BaseProcess:
    """Start the command in a process of its own, forked where the model's libraries are loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.killable"])
    arguments = ["--home", str(home), "ingest", str(folder), "--embedding", "bundled", "--json"]
    process = context.Process(target=run, args=(arguments,))
    process.start()
    return process


def finish(process: BaseProcess) -> None:
    process.join(120)
    assert process.exitcode == 0


@contextmanager
def opened(home: Path) -> Iterator[tuple[Catalog, EdgeStore]]:
    catalog = Catalog.open(home / CATALOG_NAME)
    embedding = catalog.embedding()
    assert embedding is not None
    store = EdgeStore.open(home / VECTORS_NAME, embedding.dimension)
    try:
        yield catalog, store
    finally:
        store.close()
        catalog.close()


def state(home: Path) -> State:
    """Everything a reader could see: live revisions with their texts, and every point's payload."""
    with opened(home) as (catalog, store):
        articles: dict[str, object] = {}
        for article in catalog.articles():
            revision = catalog.revision(article.article_id, article.revision)
            assert revision is not None
            articles[article.article_id] = (article.revision, article.metadata, revision.text)
        return articles, dict(store.payloads())


def assert_searchable(home: Path, embedder: Embedder) -> None:
    """Every live article is found by its own words, at its live revision, and quotes only that revision's text."""
    with opened(home) as (catalog, store):
        retriever = Retriever(embedder, store, catalog)
        for article in catalog.articles():
            revision = catalog.revision(article.article_id, article.revision)
            assert revision is not None
            found = retriever.retrieve(f"{article.title} {revision.text[:200]}", audience=frozenset(), limit=50)
            mine = [c for c in found.candidates if c.article.article_id == article.article_id]
            assert [c.article.revision for c in mine] == [article.revision]
            assert mine[0].evidence
            assert all(0 <= e.start < e.end <= len(revision.text) for e in mine[0].evidence)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("before")
    make_before(scratch / "kb")
    finish(start_ingest(scratch / "kb", scratch / "home"))
    return scratch


def stage(before: Path, scratch: Path) -> tuple[Path, Path]:
    """Lay out a home in the state before and a folder in the state after, under the path the home knows."""
    folder, home = before / "kb", scratch / "home"
    shutil.rmtree(folder)
    make_after(folder)
    # A shard's files are mostly holes, which `cp` keeps and shutil would write out.
    subprocess.run(["cp", "-R", str(before / "home"), str(home)], check=True)
    return folder, home


def test_a_killed_ingest_ends_as_an_uninterrupted_one(before: Path, tmp_path: Path) -> None:
    folder, home = stage(before, tmp_path)
    started = time.monotonic()
    finish(start_ingest(folder, home))
    duration_s = time.monotonic() - started
    expected = state(home)
    assert len(expected[0]) == KEPT + CHANGED + NEW

    embedder = load_bundled()
    moments = random.Random(SEED)
    killed = trials = 0
    while killed < KILLS:
        trials += 1
        assert trials <= TRIALS, f"only {killed} of {TRIALS} runs were still going when they were to be killed"
        (scratch := tmp_path / str(trials)).mkdir()
        folder, home = stage(before, scratch)
        process = start_ingest(folder, home)
        process.join(moments.uniform(0.05, 0.9) * duration_s)
        killed += process.is_alive()
        process.kill()
        process.join()
        assert_searchable(home, embedder)
        finish(start_ingest(folder, home))
        assert state(home) == expected
        shutil.rmtree(scratch)
