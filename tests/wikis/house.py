"""An index that sources are synced into, and a network that remembers what was asked."""

from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from index.catalog import Catalog
from index.models import IndexedArticle, RunReport
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from ingest.ports import Source
from ingest.read import fingerprint, fingerprint_etag, read
from tests.fakes import HashedWordsEmbedder, Killed, chunk_fake, killed_after


class House:
    """An index over the memory store and the real reader."""

    def __init__(self, folder: Path) -> None:
        self.total: int | None = None
        embedder = HashedWordsEmbedder()
        self.catalog = Catalog.open(folder / "catalog.sqlite")
        self.store = MemoryStore(embedder.spec.dimension)
        self._syncer = Syncer(
            self.catalog,
            self.store,
            embedder,
            read=read,
            fingerprint=fingerprint,
            chunk=chunk_fake,
            fingerprint_etag=fingerprint_etag,
        )

    def sync(self, source: Source) -> dict[str, str]:
        """Sync a source; gives each article's outcome."""
        report = self._syncer.run(source)
        assert report.error is None, report.error
        self.total = report.articles_total
        return {line.article_id: line.outcome for line in report.articles}

    def killed(self, source: Source, *, published: int) -> int:
        """Sync a source until so many articles are published, then die; gives how many are indexed."""
        with pytest.raises(Killed):
            self._syncer.run(source, options=RunOptions(on_step=killed_after("published", published)))
        return len(self.catalog.articles())

    def report(self, source: Source) -> RunReport:
        return self._syncer.run(source)

    def error(self, source: Source) -> str | None:
        """Sync a source; gives what broke the run off."""
        return self._syncer.run(source).error

    def warnings(self, source: Source) -> list[str]:
        return [warning for line in self._syncer.run(source).articles for warning in line.warnings]

    def article(self, article_id: str) -> IndexedArticle:
        found = self.catalog.article(article_id)
        assert found is not None
        return found

    def text(self, article_id: str) -> str:
        revision = self.catalog.revision(article_id, self.article(article_id).revision)
        assert revision is not None
        return revision.text

    def texts(self) -> dict[str, str]:
        return {article.title: self.text(article.article_id) for article in self.catalog.articles()}


class Watched(httpx.BaseTransport):
    """The network; `asked` lists each request's action or method."""

    def __init__(self) -> None:
        self._real = httpx.HTTPTransport()
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.url.query.decode())
        method = request.content.decode().partition("<methodName>")[2].partition("<")[0]
        self.asked.append(method or query.get("action", ["?"])[0])
        return self._real.handle_request(request)

    def close(self) -> None:
        """Stay open for the next scan."""


class Inflating(Watched):
    """The network, in which some words have become six megabytes."""

    def __init__(self, words: bytes) -> None:
        super().__init__()
        self._words = words

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        content = answer.read().replace(self._words, b"x" * 6_000_000)
        kept = [(name, value) for name, value in answer.headers.multi_items() if not name.startswith("content-length")]
        return httpx.Response(answer.status_code, headers=kept, content=content)
