"""Real articles enter; as many synthetic ones as wanted leave, whose vectors and words are spread as the real ones are.

A synthetic chunk is made of two real ones: each of its lines comes from the one or the other, and its vector is their
mean in the same proportion, moved along the difference of two further real vectors. So vectors stay where this model
puts real text and crowd as real text does, and a term is as frequent as in the real chunks: posting lists grow with
the corpus. A tenth of the words that only one real article has are made the synthetic article's own, as host names and
ticket numbers are, so that the vocabulary grows too.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import eval_data
from index.models import FloatMatrix, Point, point_id
from index.ports import Embedder
from index.store.bm25 import TermEncoder
from ingest.chunk import Chunker
from ingest.errors import ParseError
from ingest.models import EVERYONE, Article, ArticleMetadata, Chunk, RawDocument
from ingest.read import read
from ingest.sources.git import local_source

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ("govuk_alerts", "prom_runbooks")

TEAM = "team"
FEW = "few"
SHARES = {EVERYONE: 0.70, TEAM: 0.29, FEW: 0.01}
"""Share of the articles that each audience may read; `FEW` is the filter that leaves least."""

_LEAST_OF_FIRST = 0.5
_STEP = 0.25
_OWN_WORDS = 0.1
_WORD = re.compile(r"[a-z]{4,}")


@dataclass(frozen=True)
class Seeds:
    """Real articles, cut and embedded.

    Attributes:
        titles: A title per article.
        texts: What was embedded of each chunk.
        vectors: `(n_chunks, dim) float32`, unit rows.
        starts: `(n_articles + 1,) int64`: the chunks of article i are `starts[i]:starts[i + 1]`.
        queries: Real tickets.
    """

    titles: list[str]
    texts: list[str]
    vectors: FloatMatrix
    starts: NDArray[np.int64]
    queries: list[str]


@dataclass(frozen=True)
class Grown:
    """One synthetic article: its chunks as the index takes them, and the vectors that belong to them."""

    article: Article
    chunks: tuple[Chunk, ...]
    vectors: FloatMatrix


def read_seeds(embedder: Embedder) -> Seeds:
    """Cut and embed the labelled corpora that this machine has, and the samples.

    Args:
        embedder: Whose vectors are to be grown.
    """
    data = eval_data()
    folders = [data / name for name in CORPORA if data and (data / name).is_dir()]
    chunker = Chunker(embedder.spec.max_tokens, embedder.count_tokens)
    titles: list[str] = []
    texts: list[str] = []
    starts = [0]
    for pages in [*(folder / "pages" for folder in folders), ROOT / "kb_samples"]:
        for article in _articles(pages):
            chunks = chunker.chunk(article)
            if chunks:
                titles.append(article.title)
                texts += [chunk.embed_text for chunk in chunks]
                starts.append(len(texts))
    files = [folder / "queries.jsonl" for folder in folders] or [ROOT / "kb_samples" / "tickets.jsonl"]
    queries = [text for file in files for text in _queries(file)]
    return Seeds(titles, texts, embedder.embed_passages(texts), np.array(starts), queries)


class Growth:
    """Makes synthetic articles; the same number always makes the same article."""

    def __init__(self, seeds: Seeds) -> None:
        self._seeds = seeds
        self._terms = TermEncoder()
        counts: dict[str, int] = {}
        for text in seeds.texts:
            for word in set(_WORD.findall(text)):
                counts[word] = counts.get(word, 0) + 1
        self._rare = frozenset(word for word, count in counts.items() if count == 1)

    def article(self, number: int) -> Grown:
        """Make one article.

        Args:
            number: Which one, from 0.
        """
        seeds, chance = self._seeds, np.random.default_rng([20261120, number])
        base = int(chance.integers(len(seeds.titles)))
        rows = np.arange(seeds.starts[base], seeds.starts[base + 1])
        others, plus, minus = chance.integers(len(seeds.texts), size=(3, len(rows)))
        share = chance.uniform(_LEAST_OF_FIRST, 0.9, size=len(rows)).astype(np.float32)[:, None]
        vectors = share * seeds.vectors[rows] + (1 - share) * seeds.vectors[others]
        vectors += _STEP * (seeds.vectors[plus] - seeds.vectors[minus])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts = [
            self._mixed(seeds.texts[row], seeds.texts[other], float(part), number, chance)
            for row, other, part in zip(rows, others, share[:, 0], strict=True)
        ]
        audience = str(chance.choice(list(SHARES), p=list(SHARES.values())))
        return _grown(number, f"{seeds.titles[base]} {number}", texts, audience, vectors)

    def points(self, chunks: int) -> Iterator[list[Point]]:
        """Make points, in batches.

        Args:
            chunks: How many in all.
        """
        made, number, batch = 0, 0, list[Point]()
        while made < chunks:
            points = self._points(self.article(number))[: chunks - made]
            batch += points
            made, number = made + len(points), number + 1
            if len(batch) >= 2_000 or made == chunks:
                yield batch
                batch = []

    def _points(self, grown: Grown) -> list[Point]:
        article = grown.article
        return [
            Point(
                id=point_id(article.article_id, article.revision, chunk.ordinal),
                article_id=article.article_id,
                revision=article.revision,
                ordinal=chunk.ordinal,
                start=chunk.start,
                end=chunk.end,
                section=chunk.section,
                audience=article.metadata.audience,
                labels=(),
                source=article.source,
                dense=vector,
                bm25=self._terms.document(chunk.embed_text),
            )
            for chunk, vector in zip(grown.chunks, grown.vectors, strict=True)
        ]

    def _mixed(self, first: str, second: str, share: float, number: int, chance: np.random.Generator) -> str:
        lines, others = first.split("\n"), second.split("\n")
        kept = chance.random(len(lines)) < share
        foreign = iter(others * (1 + len(lines) // len(others)))
        mixed = "\n".join(line if keep else next(foreign) for line, keep in zip(lines, kept, strict=True))
        own = {word for word in _WORD.findall(mixed) if word in self._rare and chance.random() < _OWN_WORDS}
        return _WORD.sub(lambda found: f"{found[0]}{number}" if found[0] in own else found[0], mixed)


def _grown(number: int, title: str, texts: list[str], audience: str, vectors: FloatMatrix) -> Grown:
    article_id, revision = f"synthetic/{number:07}", f"sha256:{number:064x}"
    chunks, at = [], 0
    for ordinal, text in enumerate(texts):
        chunks.append(Chunk(article_id, revision, ordinal, at, at + len(text), text, ("Resolution",), text))
        at += len(text) + 2
    article = Article(
        article_id=article_id,
        source="synthetic",
        title=title,
        text="\n\n".join(texts),
        blocks=(),
        metadata=ArticleMetadata(audience=(audience,)),
        revision=revision,
    )
    return Grown(article, tuple(chunks), vectors)


def _articles(pages: Path) -> Iterator[Article]:
    for item in local_source(pages).scan():
        if isinstance(item, RawDocument):
            try:
                yield read(item)
            except ParseError:
                continue


def _queries(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row.get("text") or row["body"]
