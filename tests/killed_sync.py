"""A sync in a process of its own that is killed, and what must hold of the index it leaves."""

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from index.catalog import Catalog
from index.models import FloatMatrix, RunReport, point_id
from index.retrieve import Retriever
from index.store.edge import EdgeStore
from index.sync import RunOptions, Syncer
from ingest.models import RawDocument
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

DIMENSION = 32
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


class ToldEmbedder(HashedWordsEmbedder):
    """Tells how many chunks it is about to embed."""

    def __init__(self, tell: Callable[[int], object]) -> None:
        super().__init__(DIMENSION)
        self._tell = tell

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        self._tell(len(texts))
        return super().embed_passages(texts)


@contextmanager
def opened(home: Path, tell: Callable[[int], object] = bool) -> Iterator[tuple[Catalog, EdgeStore, Syncer, Retriever]]:
    embedder = ToldEmbedder(tell)
    catalog = Catalog.open(home / "catalog.sqlite")
    store = EdgeStore.open(home / "vectors", DIMENSION)
    syncer = Syncer(catalog, store, embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake)
    try:
        yield catalog, store, syncer, Retriever(HashedWordsEmbedder(DIMENSION), store, catalog)
    finally:
        store.close()
        catalog.close()


def sync(
    home: Path,
    documents: list[RawDocument],
    options: RunOptions | None = None,
    tell: Callable[[int], object] = bool,
) -> RunReport:
    with opened(home, tell) as (_, _, syncer, _):
        return syncer.run(FakeSource(documents), options=options)


def sync_until(home: Path, name: str, occurrence: int, told: Connection) -> None:
    """Run in the child: die of SIGKILL at the n-th step of that name, or run through. Tells 0, then each batch."""
    met = 0

    def on_step(step: str) -> None:
        nonlocal met
        met += step == name
        if met == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(home, told.send) as (_, _, syncer, _):
        told.send(0)
        syncer.run(FakeSource(After), options=RunOptions(on_step=on_step))


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


@dataclass(frozen=True)
class Expected:
    """How an uninterrupted run ends, and in which batches it embeds."""

    state: tuple[dict[str, Any], dict[str, Any]]
    batches: tuple[int, ...]


class Killed:
    """A sync in a process of its own that is to be killed.

    Attributes:
        embedded: How many chunks it went about to embed, known once it has ended.
    """

    def __init__(self, home: Path, name: str = "never", occurrence: int = 1) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._told, other = context.Pipe(duplex=False)
        self._process = context.Process(target=sync_until, args=(home, name, occurrence, other))
        self._process.start()
        other.close()
        assert self._told.poll(30)
        self._began = time.monotonic()
        self.embedded = 0

    def at_step(self) -> bool:
        """Let it run until it dies; `False` where it went through."""
        self._process.join(30)
        return self._end()

    def after(self, wait_s: float) -> bool:
        """Kill it then; `False` where it had ended."""
        self._process.join(wait_s)
        return self._end()

    def ran_s(self) -> float:
        return time.monotonic() - self._began

    def _end(self) -> bool:
        self._process.kill()
        self._process.join(30)
        try:
            while self._told.poll():
                self.embedded += self._told.recv()
        except EOFError:
            pass
        self._told.close()
        assert self._process.exitcode in {0, -signal.SIGKILL}
        return self._process.exitcode == -signal.SIGKILL


def assert_recovers(home: Path, expected: Expected, embedded: int, kills: int = 1) -> None:
    """The next run ends as if there had been no kill, and embeds no more again than each kill's batch."""
    batches: list[int] = []
    report = sync(home, After, tell=batches.append)
    assert report.error is None
    assert {line.article_id for line in report.articles if line.outcome == "failed"} == {"broken"}
    assert state(home) == expected.state
    assert embedded + sum(batches) - sum(expected.batches) <= kills * max(expected.batches)
    again = sync(home, After)
    assert {line.outcome for line in again.articles} == {"unchanged", "failed"}
    assert again.chunks_embedded == 0
