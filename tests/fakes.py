"""Doubles that implement the project's own seams, for tests that must be quick and repeatable."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field

import numpy as np

from index.models import EmbeddingSpec, FloatMatrix, FloatVector
from ingest.errors import ParseError, SourceError
from ingest.models import EVERYONE, Article, ArticleMetadata, Block, Chunk, RawDocument, Rejected, Unchanged
from ingest.ports import IsCurrent, OnTotal, ignore_total, never_current

_WORD = re.compile(r"\w+")


class HashedWordsEmbedder:
    """An `Embedder` whose vectors are sums of one fixed random direction per word: equal words, near vectors."""

    def __init__(self, dimension: int = 64, model: str = "test/hashed-words", revision: str = "1") -> None:
        self._spec = EmbeddingSpec(model, revision, dimension, "mean", "", "", 256)
        self.embedded: list[str] = []

    @property
    def spec(self) -> EmbeddingSpec:
        return self._spec

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        self.embedded.extend(texts)
        if not texts:
            return np.zeros((0, self._spec.dimension), dtype=np.float32)
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> FloatVector:
        vector = np.full(self._spec.dimension, 1e-3, dtype=np.float64)
        for word in _WORD.findall(text.casefold()):
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            vector += np.random.default_rng(seed).standard_normal(self._spec.dimension)
        unit: FloatVector = (vector / np.linalg.norm(vector)).astype(np.float32)
        return unit

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        return np.stack([self.embed_query(text) for text in texts])

    def count_tokens(self, text: str) -> int:
        return len(_WORD.findall(text))

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        return [self.count_tokens(text) for text in texts]


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours may take it for an error and go on."""


def killed_after(step: str, times: int) -> Callable[[str], None]:
    """Make an `OnStep` that ends the run just after the so-many-th of a step."""
    seen = 0

    def count(taken: str) -> None:
        nonlocal seen
        seen += taken == step
        if seen == times:
            raise Killed

    return count


@dataclass
class FakeSource:
    """A `Source` over a list; `fails_after` breaks the listing behind that many documents."""

    documents: Iterable[RawDocument | Rejected] = ()
    key: str = "fake:wiki"
    fails_after: int | None = None
    scans: int = field(default=0)

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        self.scans += 1
        if isinstance(self.documents, Sized):
            on_total(len(self.documents))
        for position, document in enumerate(self.documents):
            if position == self.fails_after:
                break
            etag = document.etag if isinstance(document, RawDocument) else None
            if etag is not None and is_current(document.article_id, etag):
                yield Unchanged(document.article_id)
            else:
                yield document
        if self.fails_after is not None:
            raise SourceError(f"The listing broke off after {self.fails_after!r} documents.")


def document(
    article_id: str, text: str, *, audience: Sequence[str] = (EVERYONE,), owner: str = "", source: str = "fake:wiki"
) -> RawDocument:
    """Make a document for `read_fake`: a line of groups, a line with the owner, then title and text."""
    content = f"{','.join(audience)}\n{owner}\n{text}"
    return RawDocument(article_id, source, "text/plain", content.encode(), name=article_id)


def read_fake(raw: RawDocument) -> Article:
    """Read what `document` made; the first line of its text is the title."""
    audience, owner, text = raw.content.decode().split("\n", 2)
    if text.startswith("BROKEN"):
        raise ParseError(f"{raw.name!r} cannot be parsed: expected anything but BROKEN. Mend it.")
    return Article(
        article_id=raw.article_id,
        source=raw.source,
        title=text.partition("\n")[0],
        text=text,
        blocks=(Block("paragraph", 0, len(text)),) if text else (),
        metadata=ArticleMetadata(owner=owner or None, audience=tuple(filter(None, audience.split(",")))),
        revision=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        url=raw.url,
        version=raw.version,
    )


def fingerprint_fake(raw: RawDocument) -> str:
    """Digest of the whole document, metadata included; its etag where it has one."""
    if raw.etag is not None:
        return raw.etag
    return hashlib.sha256(raw.content).hexdigest()


def chunk_fake(article: Article) -> tuple[Chunk, ...]:
    """Cut an article at its line ends; empty lines are left out."""
    chunks = []
    start = 0
    for line in article.text.split("\n"):
        end = start + len(line)
        if line.strip():
            chunks.append(
                Chunk(article.article_id, article.revision, len(chunks), start, end, line, (article.title,), line)
            )
        start = end + 1
    return tuple(chunks)
