"""The stages between chunks and candidates: points are stored, hits come back, candidates leave."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingest.models import ArticleMetadata, Block, Priority

FloatVector = NDArray[np.float32]
"""`(dim,) float32`, unit length."""

FloatMatrix = NDArray[np.float32]
"""`(n_texts, dim) float32`, unit rows."""

TermIds = NDArray[np.uint32]
"""`(n_terms,) uint32`, ascending and unique: the BM25 term ids of a text."""

Numerics = Literal["fp32", "int8"]

Pooling = Literal["cls", "mean", "lasttoken", "max", "unknown"]

_POINT_NAMESPACE = uuid.UUID("6f6d8f0e-6e7c-5d43-9a2b-52756e636974")
"""Changing it orphans every point of every index."""


def point_id(article_id: str, revision: str, ordinal: int) -> str:
    """Name the point of one chunk.

    Args:
        article_id: The article it is cut from.
        revision: The article's revision.
        ordinal: The chunk's place in the article, from 0.

    Returns:
        The UUIDv5 of the three, in its usual written form.
    """
    return str(uuid.uuid5(_POINT_NAMESPACE, f"{article_id}\0{revision}\0{ordinal}"))


@dataclass(frozen=True, slots=True)
class EmbeddingSpec:
    """Everything that makes two embeddings comparable. An index records it and refuses another.

    Attributes:
        model: Hub id or path, as the preset names it.
        revision: Digest or hub revision of the weights.
        dimension: Length of a vector.
        pooling: As the model ships it.
        query_prefix: Put before every query.
        passage_prefix: Put before every passage.
        max_tokens: Longest input, special tokens included.
        numerics: What the model computes in. Vectors of one kind are compared with vectors of the same.
    """

    model: str
    revision: str
    dimension: int
    pooling: Pooling
    query_prefix: str
    passage_prefix: str
    max_tokens: int
    numerics: Numerics = "fp32"


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term ids, ascending `(n_terms,) uint32`, and their weights `(n_terms,) float32`."""

    indices: NDArray[np.uint32]
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Point:
    """One chunk as the vector store keeps it; `id` is UUIDv5 of article, revision and ordinal."""

    id: str
    article_id: str
    revision: str
    ordinal: int
    start: int
    end: int
    section: tuple[str, ...]
    audience: tuple[str, ...]
    labels: tuple[str, ...]
    source: str
    dense: FloatVector
    bm25: SparseVector


@dataclass(frozen=True, slots=True)
class Hit:
    """One chunk that a vector query returned, with that query's score (cosine, or BM25)."""

    article_id: str
    revision: str
    ordinal: int
    start: int
    end: int
    section: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """An article as the catalog knows it, at its live revision.

    Attributes:
        article_id: The source's lasting name for it.
        source: Key of the source.
        title: Its title.
        url: Where a person can open it.
        version: What the source calls this state of it.
        revision: The live revision.
        metadata: What is known besides the text, as of the last sync; its status is `quarantined` while it is.
        indexed_at: When the live revision was published, UTC.
        quarantine: Why it is quarantined; empty where it is not.
    """

    article_id: str
    source: str
    title: str
    url: str | None
    version: str | None
    revision: str
    metadata: ArticleMetadata
    indexed_at: datetime
    quarantine: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """An article's text and structure at one revision; kept after the article moves on.

    Its `audience` is who could read it when it was last live: what was taken out before an article was opened to
    more readers is in its older revisions still. In the same way `quarantined` says how it was last.
    """

    article_id: str
    revision: str
    version: str | None
    title: str
    text: str
    blocks: tuple[Block, ...]
    audience: tuple[str, ...]
    published_at: datetime
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One chunk that speaks for a candidate, with its cosine and its BM25 score (0 where it shares no term)."""

    ordinal: int
    start: int
    end: int
    section: tuple[str, ...]
    similarity: float
    bm25: float


@dataclass(frozen=True, slots=True)
class CosineScale:
    """What cosines mean for one embedding model on one knowledge base.

    Attributes:
        unrelated: What tickets about other things reach at best, on average.
        related: What the articles' own titles reach, on average.
    """

    unrelated: float
    related: float

    def place(self, cosine: float) -> float:
        """Return where a cosine lies between unrelated (0) and related (1); not clipped."""
        return (cosine - self.unrelated) / (self.related - self.unrelated)

    def cosine(self, place: float) -> float:
        """Return the cosine at a place; the inverse of `place`."""
        return self.unrelated + place * (self.related - self.unrelated)


NO_SCALE = CosineScale(0.0, 1.0)
"""Of an index that holds nothing the reader may read, or cannot be searched: there is nothing to compare either."""


@dataclass(frozen=True, slots=True)
class Features:
    """What speaks for one article, in units that mean the same for any model and any knowledge base.

    Standings are standard deviations above what the query reaches on a sample of the articles; places are on the
    knowledge base's `CosineScale`; shares are of idf-weighted terms, 0 to 1.

    Attributes:
        best_standing: Of the cosine of the chunk nearest to the query.
        centre_standing: Of the mean of the article's chunks.
        title_standing: Of its title, with or without its symptoms.
        best_place: Of the same three, the place.
        centre_place: As `best_place`.
        title_place: As `best_place`.
        bm25: BM25 of the best chunk, in units of the most that the query allows.
        coverage: Share of the query that the article contains.
        title_coverage: Share of the query that its title and symptoms contain.
        title_share: Share of its title that the query contains.
        letters_standing: Of the likeness letter by letter.
        named: 1 if the query calls it by its title or file name, as an alert does, else 0.
    """

    best_standing: float
    centre_standing: float
    title_standing: float
    best_place: float
    centre_place: float
    title_place: float
    bm25: float
    coverage: float
    title_coverage: float
    title_share: float
    letters_standing: float
    named: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that may answer the query.

    Attributes:
        article: The article at its live revision.
        similarity: Cosine of its best chunk, -1 to 1.
        bm25: BM25 score of its best chunk.
        features: What speaks for it.
        fused: The ranking score; comparable within one query only.
        evidence: Its chunks, best first.
    """

    article: IndexedArticle
    similarity: float
    bm25: float
    features: Features
    fused: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class PastTicket:
    """A ticket as it was asked, and where it belonged; `None` where nobody said.

    Attributes:
        example_id: What it is called.
        text: The requester's words, scrubbed.
        category: Its category.
        classification: Its subject within that.
        priority: How urgent it was.
        team: Who took it.
        tags: What it was marked with.
    """

    example_id: str
    text: str
    category: str | None = None
    classification: str | None = None
    priority: Priority | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past ticket, and the cosine of what it says with the query."""

    past: PastTicket
    similarity: float


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a query found.

    Attributes:
        candidates: Best first.
        unknown_term_share: Share of the query's terms that no live article contains, 0 to 1.
        scale: What cosines mean here.
        index_revision: The state of the index that answered.
        neighbours: The past tickets most like the query, nearest first.
    """

    candidates: tuple[Candidate, ...]
    unknown_term_share: float
    scale: CosineScale
    index_revision: str
    neighbours: tuple[Neighbour, ...] = ()


SyncOutcome = Literal["indexed", "updated", "metadata_only", "quarantined", "unchanged", "deleted", "skipped", "failed"]

RunState = Literal["queued", "running", "done", "failed", "interrupted"]
"""`failed`: it stopped before its end, and says why; `interrupted`: somebody stopped it, or its process died."""


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """What one run did with one article, and why where that needs saying."""

    article_id: str
    outcome: SyncOutcome
    reason: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether it is worth keeping: that an article is as it was is only counted."""
        return self.outcome != "unchanged" or bool(self.reason or self.warnings)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one ingest run did.

    Attributes:
        run_id: ULID of the run.
        source: Key of the source.
        started_at: UTC.
        finished_at: UTC.
        articles: A line per article, in the order met.
        chunks_embedded: How many chunks were embedded, those whose vectors were cached included.
        error: Why the run stopped early, if it did; then nothing was removed.
        state: How it ended.
        articles_total: How many the source said it would list, where it knew.
    """

    run_id: str
    source: str
    started_at: datetime
    finished_at: datetime
    articles: tuple[ArticleReport, ...]
    chunks_embedded: int
    error: str | None = None
    state: RunState = "done"
    articles_total: int | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the catalog remembers it: going on, over, or cut off.

    Attributes:
        run_id: ULID of the run.
        source: Key of the source; as it was asked for, until it has been opened.
        state: How it stands.
        started_at: UTC; of a queued run, when it was asked for.
        finished_at: UTC; `None` while it goes on, and where it was cut off.
        articles_total: How many the source said it would list, where it knew.
        outcomes: How many articles had each outcome, those removed included.
        chunks_embedded: How many chunks went through the model.
        error: Why it stopped early, if it did.
    """

    run_id: str
    source: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    articles_total: int | None
    outcomes: Mapping[SyncOutcome, int]
    chunks_embedded: int
    error: str | None
