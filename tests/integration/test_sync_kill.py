"""A sync killed anywhere leaves an index that opens, mixes nothing, and is whole after the next run."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from index.catalog import Catalog
from index.models import RunReport, point_id
from index.retrieve import Retriever
from index.store.edge import EdgeStore
from index.sync import RunOptions, Syncer
from ingest.models import RawDocument
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

pytestmark = pytest.mark.integration

DIMENSION = 32
RANDOM_KILLS = 30
SEED = 20261120
SOAK_KILLS = 1000
SOAK_SHARE_AT_STEPS = 0.5
GROUPS = frozenset({"hr"})

Before = [
    document("stays", "Badge lost\nask the front desk"),
    document("owner", "Monitor flickers\nswap the cable"),
    document("restricted", "Payroll closes\nwait until Monday"),
    document("opened", "Parking permit\nwrite to facilities", audience=["hr"]),
    document("gone/1", "Fax jams\ncall the vendor"),
    document("gone/2", "Pager silent\nchange the battery"),
    *(document(f"long/{n}", f"Runbook {n}\n" + "\n".join(f"old step {i}" for i in range(30))) for n in range(3)),
]
After = [
    document("stays", "Badge lost\nask the front desk"),
    document("owner", "Monitor flickers\nswap the cable", owner="desk"),
    document("restricted", "Payroll closes\nwait until Monday", audience=["hr"]),
    document("opened", "Parking permit\nwrite to facilities"),
    *(document(f"long/{n}", f"Runbook {n}\n" + "\n".join(f"new step {i}" for i in range(n, 36))) for n in range(3)),
    document("new/1", "VPN drops\nrestart the client"),
    document("broken", "BROKEN"),
]
Texts = {raw.article_id: {read_fake(raw).text} for raw in Before}
for raw in After[:-1]:
    Texts.setdefault(raw.article_id, set()).add(read_fake(raw).text)


@contextmanager
def opened(home: Path) -> Iterator[tuple[Catalog, EdgeStore, Syncer, Retriever]]:
    embedder = HashedWordsEmbedder(DIMENSION)
    catalog = Catalog.open(home / "catalog.sqlite")
    store = EdgeStore.open(home / "vectors", DIMENSION)
    syncer = Syncer(catalog, store, embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake)
    try:
        yield catalog, store, syncer, Retriever(embedder, store, catalog)
    finally:
        store.close()
        catalog.close()


def sync(home: Path, documents: list[RawDocument], options: RunOptions | None = None) -> RunReport:
    with opened(home) as (_, _, syncer, _):
        return syncer.run(FakeSource(documents), options=options)


def sync_until(home: Path, name: str, occurrence: int, ready: Connection) -> None:
    """Run in the child: die of SIGKILL at the n-th step of that name, or run through."""
    met = 0

    def on_step(step: str) -> None:
        nonlocal met
        met += step == name
        if met == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(home) as (_, _, syncer, _):
        ready.send_bytes(b"go")
        syncer.run(FakeSource(After), options=RunOptions(on_step=on_step, optimize=True))


def copy(home: Path, to: Path) -> None:
    # Not shutil: a shard's files are mostly holes, which it would write out, 186 MB for half a megabyte.
    subprocess.run(["cp", "-R", str(home), str(to)], check=True)


def state(home: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything a reader could see: live articles with text and metadata, and every point with its payload."""
    with opened(home) as (catalog, store, _, _):
        articles = {}
        for article in catalog.articles():
            revision = catalog.revision(article.article_id, article.revision)
            assert revision is not None
            articles[article.article_id] = (article.revision, article.metadata, revision.text, revision.blocks)
        return {"articles": articles, "standings": catalog.standings()}, store.payloads()


def assert_whole(home: Path, lost_before: str | None = None) -> None:
    """No live article is lost, incomplete or mixed, before anything has been mended."""
    with opened(home) as (catalog, store, _, retriever):
        stored = store.payloads()
        for article in catalog.articles():
            if article.article_id == lost_before:
                continue
            revision = catalog.revision(article.article_id, article.revision)
            assert revision is not None
            assert revision.text in Texts[article.article_id]
            lines = revision.text.split("\n")
            for ordinal in range(len(lines)):
                assert point_id(article.article_id, article.revision, ordinal) in stored
            found = retriever.retrieve(lines[0], audience=GROUPS, limit=50).candidates
            mine = [one for one in found if one.article.article_id == article.article_id]
            assert len(mine) == 1
            assert mine[0].article.revision == article.revision
            assert {revision.text[one.start : one.end] for one in mine[0].evidence} <= set(lines)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in the state before, with one orphan and one article whose points are lost."""
    home = tmp_path_factory.mktemp("before")
    sync(home, Before)
    with opened(home) as (_, store, _, _):
        orphan = store.payloads()
        lost = next(one for one in orphan.values() if one["article_id"] == "stays")
        store.delete_revision("stays", lost["revision"])
    return home


@pytest.fixture(scope="module")
def steps(before: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    home = tmp_path_factory.mktemp("steps") / "home"
    copy(before, home)
    taken: list[str] = []
    sync(home, After, RunOptions(on_step=taken.append, optimize=True))
    return taken


@pytest.fixture(scope="module")
def uninterrupted(before: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    home = tmp_path_factory.mktemp("uninterrupted") / "home"
    copy(before, home)
    sync(home, After)
    return state(home)


def start(home: Path, name: str, occurrence: int) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ready, other = context.Pipe(duplex=False)
    process = context.Process(target=sync_until, args=(home, name, occurrence, other))
    process.start()
    other.close()
    return process, ready


def assert_recovers(home: Path, expected: tuple[dict[str, Any], dict[str, Any]]) -> None:
    report = sync(home, After)
    assert report.error is None
    assert {line.article_id for line in report.articles if line.outcome == "failed"} == {"broken"}
    assert state(home) == expected
    again = sync(home, After)
    assert {line.outcome for line in again.articles} == {"unchanged", "failed"}
    assert again.chunks_embedded == 0


STEPS = (
    "restored",
    "embedded",
    "upserted",
    "flushed",
    "published",
    "old_deleted",
    "unsettled",
    "access_set",
    "access_flushed",
    "metadata_updated",
    "removed",
    "points_deleted",
    "run_flushed",
    "optimized",
)


REPEATED = ("upserted", "flushed", "published", "old_deleted", "access_set", "removed", "points_deleted")


def test_every_step_of_a_run_is_killed_at_below(steps: list[str]) -> None:
    assert set(steps) == set(STEPS)
    assert min(steps.count(name) for name in REPEATED) > 1


@pytest.mark.parametrize(
    ("name", "which"), [*((name, "first") for name in STEPS), *((name, "last") for name in REPEATED)]
)
def test_killed_at_a_step(name, which, before, steps, uninterrupted, tmp_path: Path) -> None:
    home = tmp_path / "home"
    copy(before, home)
    process, ready = start(home, name, 1 if which == "first" else steps.count(name))
    process.join(30)
    ready.close()
    assert process.exitcode == -signal.SIGKILL
    assert_whole(home, lost_before="stays" if name == "restored" else None)
    assert_recovers(home, uninterrupted)


def test_killed_at_random(before, uninterrupted, tmp_path: Path) -> None:
    dice = random.Random(20261120)
    killed, longest_s = 0, 0.05
    for trial in range(RANDOM_KILLS * 3):
        home = tmp_path / f"home{trial}"
        copy(before, home)
        process, ready = start(home, "never", 1)
        assert ready.poll(30)
        began = time.monotonic()
        process.join(dice.uniform(0, longest_s))
        process.kill()
        process.join(30)
        ready.close()
        if process.exitcode == -signal.SIGKILL:
            killed += 1
        else:
            longest_s = time.monotonic() - began
        assert_whole(home, lost_before="stays")
        assert_recovers(home, uninterrupted)
        shutil.rmtree(home)
        if killed >= RANDOM_KILLS:
            break
    assert killed >= RANDOM_KILLS
