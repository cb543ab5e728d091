"""What a re-run of ingest over an unchanged Confluence space costs: listings alone, over real HTTP on loopback."""

import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, seconds
from index.catalog import Catalog
from index.store.memory import MemoryStore
from index.sync import Syncer
from ingest.metadata import read_metadata
from ingest.models import Article, Block, RawDocument
from ingest.read import fingerprint, fingerprint_etag
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_client import Credentials
from ingest.sources.confluence_location import Location
from tests.confluence_server import TOKEN, USER, Wiki, serving
from tests.fakes import HashedWordsEmbedder, chunk_fake

PAGES = 10_000
RUNS = 3
COMMAND = "`python -m benchmarks.confluence`"


def measure() -> list[Figure]:
    """Ingest 10,000 pages once, then time re-runs, and one with an edited page among them."""
    figures: list[Figure] = []
    for flavor, context in (("cloud", "/wiki"), ("dc", "/confluence")):
        figures += _measure(flavor, Wiki(flavor=flavor, context=context, max_limit=200))
    return figures


def _measure(flavor: str, wiki: Wiki) -> list[Figure]:
    for number in range(1, PAGES + 1):
        parent = str(number // 10) if number >= 10 else None
        wiki.add(str(number), f"Runbook {number}", parent=parent, groups=["netops"] if number % 20 == 7 else [])
    embedder = HashedWordsEmbedder(dimension=8)
    with tempfile.TemporaryDirectory() as scratch, serving(wiki) as base:
        catalog = Catalog.open(Path(scratch, "catalog.sqlite"))
        syncer = Syncer(
            catalog,
            MemoryStore(embedder.spec.dimension),
            embedder,
            read=_read,
            fingerprint=fingerprint,
            chunk=chunk_fake,
            fingerprint_etag=fingerprint_etag,
        )
        location = Location.parse(f"confluence+{base}?space=IT&label=runbook&flavor={flavor}")
        source = ConfluenceSource(location, Credentials(USER, TOKEN))
        syncer.run(source)
        wiki.bodies_served = 0
        samples = []
        for _ in range(RUNS):
            wiki.requests.clear()
            started = time.perf_counter()
            report = syncer.run(source)
            samples.append(time.perf_counter() - started)
            if report.error or len(report.articles) != PAGES:
                raise RuntimeError(f"listed {len(report.articles)} of {PAGES} pages: {report.error}")
        fetched, requests = wiki.bodies_served, len(wiki.requests)
        wiki.pages["5000"].edit("<p>Edited.</p>")
        updated = [line for line in syncer.run(source).articles if line.outcome == "updated"]
        catalog.close()
    name = {"cloud": "Confluence Cloud", "dc": "Confluence Data Center"}[flavor]
    return [
        seconds(f"re-sync of {PAGES:,} unchanged pages from a fake {name}", samples, at_most=30.0, command=COMMAND),
        Figure(
            f"bodies fetched by those {RUNS} re-syncs, {name}",
            str(fetched),
            "0",
            fetched == 0 and len(updated) == 1,
            f"{requests} requests per run; one edited page then: {len(updated)} updated",
            COMMAND,
        ),
    ]


def _read(raw: RawDocument) -> Article:
    text = raw.content.decode()
    block = Block("paragraph", 0, len(text))
    return Article(raw.article_id, raw.source, raw.name, text, (block,), read_metadata(raw.fields).metadata, f"r{text}")


if __name__ == "__main__":
    for figure in measure():
        print(figure)
