"""Where the time of a first ingest goes: real pages, the bundled model, every part; embedding should be nearly all."""

import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmarks.figure import Figure, eval_data
from index.catalog import Catalog
from index.embed.bundled import load_bundled
from index.store.edge import EdgeStore
from index.sync import Syncer
from ingest.chunk import Chunker
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current
from ingest.read import fingerprint, fingerprint_etag, read
from ingest.sources.git import local_source

RUNS = 3
PAGES = 60
"""Of the corpus, evenly picked: enough batches for stable shares."""

AT_MOST = 0.15
COMMAND = "`python -m benchmarks.ingest_split`"
P = ParamSpec("P")
T = TypeVar("T")
PARTS = ("read", "parse", "chunk", "tokenise", "embed", "upsert", "flush", "catalog", "rest")


class Stopwatch:
    """Adds up the time spent in each part; of a part called by another, only to the inner one."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._running = ["rest"]
        self._since = time.perf_counter()

    def switch(self, name: str | None) -> None:
        """Go into a part, or out of the innermost."""
        now = time.perf_counter()
        self.spent[self._running[-1]] += now - self._since
        self._since = now
        if name is None:
            self._running.pop()
        else:
            self._running.append(name)

    def timed(self, name: str, function: Callable[P, T]) -> Callable[P, T]:
        def call(*arguments: P.args, **named: P.kwargs) -> T:
            self.switch(name)
            try:
                return function(*arguments, **named)
            finally:
                self.switch(None)

        return call

    def watch(self, thing: object, **parts: str) -> None:
        """Count the time in some methods of an object to parts."""
        for method, part in parts.items():
            setattr(thing, method, self.timed(part, getattr(thing, method)))


class TimedSource:
    """A folder, its reading timed."""

    def __init__(self, folder: Path, watch: Stopwatch) -> None:
        self._source = local_source(folder)
        self._watch = watch

    @property
    def key(self) -> str:
        return self._source.key

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        items = iter(self._source.scan(is_current, on_total))
        step = self._watch.timed("read", lambda: next(items, None))
        while (item := step()) is not None:
            yield item


def measure() -> list[Figure]:
    """Ingest the pages into a new home, several times; the shares are of the run in the middle."""
    data = eval_data()
    folder = data and data / "govuk_alerts" / "pages"
    if folder is None or not folder.is_dir():
        print("ingest_split: no govuk_alerts here; set RUNCITE_EVAL_DATA to the corpora's folder", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as scratch:
        sample = _sample(folder, Path(scratch, "pages"))
        runs = sorted((_ingest(sample) for _ in range(RUNS)), key=_overhead)
    spent, spread = runs[len(runs) // 2], [_overhead(run) for run in runs]
    total = sum(spent.values())
    split = ", ".join(f"{part} {spent[part] / total:.1%}" for part in PARTS)
    overhead = _overhead(spent)
    return [
        Figure(
            "share of a first ingest that is not embedding, govuk_alerts",
            f"{overhead:.1%}",
            f"≤ {AT_MOST:.0%}",
            overhead <= AT_MOST,
            f"{min(spread):.1%}–{max(spread):.1%}, n={RUNS}; {split}; {total:.1f} s in all",
            COMMAND,
        )
    ]


def _sample(folder: Path, to: Path) -> Path:
    pages = sorted(path for path in folder.rglob("*") if path.is_file())
    for page in pages[:: max(1, len(pages) // PAGES)]:
        copy = to / page.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, copy)
    return to


def _overhead(spent: dict[str, float]) -> float:
    return 1 - spent["embed"] / sum(spent.values())


def _ingest(folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        embedder = load_bundled()
        embedder.embed_query("what the first pass of a model costs is start-up")
        catalog = Catalog.open(Path(scratch, "catalog.sqlite"))
        store = EdgeStore.open(Path(scratch, "vectors"), embedder.spec.dimension)
        watch = Stopwatch()
        watch.watch(embedder, embed_passages="embed", count_tokens="tokenise", count_tokens_batch="tokenise")
        chunker = Chunker(embedder.spec.max_tokens, embedder.count_tokens)
        watch.watch(store, upsert="upsert", flush="flush", revisions="rest", delete_revision="upsert")
        watch.watch(catalog, publish="catalog", standings="catalog", record_embedding="catalog")
        watch.watch(catalog.run_log, enter="catalog", write="catalog")
        syncer = Syncer(
            catalog,
            store,
            embedder,
            read=watch.timed("parse", read),
            fingerprint=watch.timed("parse", fingerprint),
            chunk=watch.timed("chunk", chunker.chunk),
            fingerprint_etag=fingerprint_etag,
        )
        watch.switch("rest")
        watch.spent.clear()
        report = syncer.run(TimedSource(folder, watch))
        watch.switch(None)
        store.close()
        catalog.close()
        if report.error or not report.chunks_embedded:
            raise RuntimeError(f"nothing was ingested from {str(folder)!r}: {report.error}")
        return watch.spent


if __name__ == "__main__":
    for figure in measure():
        print(figure)
