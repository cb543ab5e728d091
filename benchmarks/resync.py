"""What a re-run of ingest over an unchanged folder costs after start-up, and how soon one edited page is found.

All parts are the real ones but the model: a re-run embeds nothing, and one page's embedding is milliseconds.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figure import Figure, seconds
from index.catalog import Catalog
from index.models import ArticleReport
from index.retrieve import Retriever
from index.store.edge import EdgeStore
from index.sync import Syncer
from ingest.chunk import Chunker
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent, OnTotal, Source, ignore_total, never_current
from ingest.read import fingerprint, fingerprint_etag, read
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_client import Credentials
from ingest.sources.confluence_location import Location
from ingest.sources.git import local_source
from tests.confluence_server import TOKEN, USER, Wiki, serving
from tests.fakes import HashedWordsEmbedder

ARTICLES = 10_000
RUNS = 3
EDITED = (10, 5_000, 9_990)
"""Near the start of the listing, in its midst and near its end."""

LOOK_EVERY_S = 0.02
DIMENSION = 16
COMMAND = "`python -m benchmarks.resync`"


@dataclass
class Index:
    """An open index of real parts, with a model that costs little."""

    syncer: Syncer
    retriever: Retriever

    def finds(self, words: str) -> bool:
        found = self.retriever.retrieve(words, audience=frozenset(), limit=3).candidates
        return any(candidate.article.title == words for candidate in found)


@dataclass
class Watched:
    """A source that notes when a run meets the page that was edited."""

    source: Source
    wanted: str
    met_at: float = field(default=0.0)

    @property
    def key(self) -> str:
        return self.source.key

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        for item in self.source.scan(is_current, on_total):
            if item.article_id == self.wanted:
                self.met_at = time.perf_counter()
            yield item


def measure() -> list[Figure]:
    """Ingest 10,000 articles once, then time re-runs over the same folder, and edits among them."""
    return [*_folder(), *_confluence()]


def _folder() -> list[Figure]:
    with tempfile.TemporaryDirectory() as scratch, _opened(Path(scratch)) as index:
        folder = Path(scratch, "kb")
        folder.mkdir()
        for number in range(ARTICLES):
            _write(folder, number, f"Fault {number}")
        first = index.syncer.run(local_source(folder))
        samples, embedded = [], 0
        for _ in range(RUNS):
            started = time.perf_counter()
            report = index.syncer.run(local_source(folder))
            samples.append(time.perf_counter() - started)
            embedded += report.chunks_embedded
        waits = [
            _visible_after(
                index,
                Watched(local_source(folder), f"fault-{number:05}"),
                title,
                lambda number=number, title=title: _write(folder, number, title),
            )
            for number, title in ((number, f"Zeppelin {number}") for number in EDITED)
        ]
    return [
        seconds(
            f"re-sync of {ARTICLES:,} unchanged articles of a folder after start-up",
            samples,
            at_most=5.0,
            command=COMMAND,
        ),
        Figure(
            f"chunks embedded by those {RUNS} re-syncs",
            str(embedded),
            "0",
            embedded == 0,
            f"first run: {first.chunks_embedded}",
            COMMAND,
        ),
        _visibility("a folder", waits),
    ]


def _confluence() -> list[Figure]:
    wiki = Wiki(max_limit=200)
    for number in range(ARTICLES):
        wiki.add(str(number), f"Fault {number}")
    with tempfile.TemporaryDirectory() as scratch, _opened(Path(scratch)) as index, serving(wiki) as base:
        source = ConfluenceSource(Location.parse(f"confluence+{base}?space=IT&flavor=cloud"), Credentials(USER, TOKEN))
        index.syncer.run(source)
        waits = []
        for number in EDITED:
            page, title = wiki.pages[str(number)], f"Zeppelin {number}"

            def edit() -> None:
                page.title = title  # noqa: B023 - called before the next turn
                page.edit(f"<p>{title}</p>")  # noqa: B023

            waits.append(_visible_after(index, Watched(source, f"confluence/IT/{number}"), title, edit))
    return [_visibility("a fake Confluence Cloud", waits)]


def _visible_after(index: Index, source: Watched, title: str, edit: Callable[[], object]) -> float:
    """Edit a page and sync, while another thread searches for it; seconds from meeting it to finding it."""
    edit()
    if index.finds(title):
        raise RuntimeError(f"{title!r} is found before it was synced")
    reports: list[list[ArticleReport]] = []
    run = threading.Thread(target=lambda: reports.append(list(index.syncer.run(source).articles)))
    run.start()
    while not index.finds(title):
        if not run.is_alive() and not index.finds(title):
            raise RuntimeError(f"{title!r} is not found after the run")
        time.sleep(LOOK_EVERY_S)
    found_at = time.perf_counter()
    run.join()
    if [line.outcome for line in reports[0] if line.article_id == source.wanted] != ["updated"]:
        raise RuntimeError(f"{title!r} was not updated")
    return found_at - source.met_at


def _visibility(what: str, waits: list[float]) -> Figure:
    return seconds(
        f"one edited page among {ARTICLES:,} of {what}: from being met to being found",
        waits,
        at_most=2.0,
        command=COMMAND,
    )


@contextmanager
def _opened(scratch: Path) -> Iterator[Index]:
    embedder = HashedWordsEmbedder(DIMENSION)
    catalog = Catalog.open(scratch / "catalog.sqlite")
    store = EdgeStore.open(scratch / "vectors", DIMENSION)
    chunker = Chunker(embedder.spec.max_tokens, embedder.count_tokens)
    syncer = Syncer(
        catalog,
        store,
        embedder,
        read=read,
        fingerprint=fingerprint,
        chunk=chunker.chunk,
        fingerprint_etag=fingerprint_etag,
    )
    try:
        yield Index(syncer, Retriever(embedder, store, catalog))
    finally:
        store.close()
        catalog.close()


def _write(folder: Path, number: int, title: str) -> None:
    steps = "\n".join(f"{n}. Check part {n} of system {number} and note what it says." for n in range(1, 9))
    body = f"## Symptoms\n\nSystem {number} reports fault {number * 7}.\n\n## Resolution\n\n{steps}\n"
    head = f"---\ntitle: {title}\nlast_reviewed_on: 2026-10-01\nreview_in: 6 months\n---\n"
    (folder / f"fault-{number:05}.md").write_text(head + body, encoding="utf-8")


if __name__ == "__main__":
    for figure in measure():
        print(figure)
