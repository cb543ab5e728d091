"""A query enters; the articles that may answer it leave, best first, each with its passages and scores."""

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.background import Background, Backgrounds, embed_off_topic, off_topic_digest
from index.catalog import Catalog
from index.errors import StoreError
from index.features import TELLING_TERMS, Asked, Found, features_of, fuse
from index.generations import FIRST
from index.kept import Kept, Key
from index.letters import Letters, letters_of
from index.lexicon import Lexicon
from index.models import (
    NO_SCALE,
    Candidate,
    Evidence,
    FloatMatrix,
    Hit,
    Retrieval,
    SparseVector,
    point_id,
)
from index.neighbours import Neighbours
from index.ports import Embedder, VectorStore
from index.sentences import telling_sentences
from index.store.bm25 import TermEncoder
from ingest.models import EVERYONE

POOL = 50
"""Chunks taken from each of the two queries."""

ATTEMPTS = 3
"""How often a search is run again because an article it found was published anew meanwhile."""

PORTRAIT_BYTES = 64_000_000
"""Memory for the vectors of articles; with all-MiniLM-L6-v2 that is about 40,000 chunks, the ones asked for last."""

LETTER_BYTES = 64_000_000
"""Memory for the letters of articles: about 12,000 chunks."""

_TITLES_KEPT = 4_096
"""Titles whose terms are kept in memory; finding them takes longer than all else."""


@dataclass(frozen=True, slots=True)
class _Query:
    """A query in every form the index needs, and who asks; `dense` is that of `features.Asked`."""

    text: str
    dense: FloatMatrix
    bm25: SparseVector
    audience: frozenset[str]
    give_up_at: float


class Retriever:
    """Finds articles by meaning and by words. Safe to call from several threads."""

    def __init__(
        self,
        embedder: Embedder,
        store: VectorStore,
        catalog: Catalog,
        *,
        generation: int = FIRST,
        pool: int = POOL,
        budget_s: float = math.inf,
    ) -> None:
        """Connect the parts.

        Args:
            embedder: Embeds queries.
            store: Holds the chunks.
            catalog: Holds the articles.
            generation: Which one it is that the store holds.
            pool: Chunks taken from each of the two queries.
            budget_s: After this long the store is asked nothing more: each of its answers may be in time, and all of
                them together too late for the ticket.
        """
        self._pool = pool
        self._budget_s = budget_s
        self._embedder = embedder
        self._store = store
        self._catalog = catalog
        self._terms = TermEncoder()
        self._title_terms = lru_cache(maxsize=_TITLES_KEPT)(self._terms.terms)
        self._vectors = catalog.vectors(generation)
        self._portraits = Kept(self._vectors.portraits, PORTRAIT_BYTES)
        self._letters = Kept(self._read_letters, LETTER_BYTES)
        self._backgrounds = Backgrounds(self._portraits.get, self._letters.get, self._off_topic)
        self._neighbours = Neighbours(catalog.past_tickets, embedder)

    def retrieve(self, query: str, *, audience: frozenset[str], limit: int = 8) -> Retrieval:
        """Find the articles that may answer a query.

        Args:
            query: The text of a ticket or a search.
            audience: Groups and users the requester counts as; everyone's articles are always included.
            limit: At most so many candidates.

        Returns:
            Candidates, best first. Only live revisions that both the store and the catalog let the requester read,
            and none in quarantine.
        """
        readers = audience | {EVERYONE}
        lexicon = self._catalog.lexicon().seen_by(readers)
        asked = self._ask(query, readers, lexicon)
        for attempt in range(ATTEMPTS):
            if attempt:
                self._require_time(asked)
                lexicon = self._catalog.lexicon().seen_by(readers)
            index_revision = self._catalog.index_revision()
            hits = self._hits(asked, self._catalog.quarantined())
            found = self._live(hits, asked.audience)
            # An article published between the search and the look into the catalog was found as it no longer is.
            complete = sum(len(one.evidence) for one in found) == len(hits)
            if complete or self._catalog.index_revision() == index_revision:
                break
        background = self._backgrounds.of(lexicon)
        candidates = _rank(asked, found, lexicon, background, self._letters.get) if found and background else []
        return Retrieval(
            candidates=tuple(candidates[:limit]),
            unknown_term_share=lexicon.unknown_share(asked.bm25.indices),
            scale=background.scale if background else NO_SCALE,
            index_revision=index_revision,
            neighbours=self._neighbours.nearest(asked.dense[0]),
        )

    def _hits(self, asked: _Query, barred: frozenset[str]) -> dict[tuple[str, str, int], Evidence]:
        """Run both queries, and ask each for the chunks that only the other returned, so that every score is real."""
        audience, pool = asked.audience, self._pool
        dense = {_key(hit): hit for hit in self._store.search_dense(asked.dense[0], pool, audience, barred=barred)}
        self._require_time(asked)
        bm25 = {_key(hit): hit for hit in self._store.search_bm25(asked.bm25, pool, audience, barred=barred)}
        missing = [point_id(*key) for key in bm25.keys() - dense.keys()]
        if missing:
            self._require_time(asked)
            more = self._store.search_dense(asked.dense[0], len(missing), audience, missing, barred)
            dense.update({_key(hit): hit for hit in more})
        missing = [point_id(*key) for key in dense.keys() - bm25.keys()]
        if missing:
            self._require_time(asked)
            more = self._store.search_bm25(asked.bm25, len(missing), audience, missing, barred)
            bm25.update({_key(hit): hit for hit in more})
        return {key: _evidence(dense.get(key), bm25.get(key)) for key in dense.keys() | bm25.keys()}

    def _require_time(self, asked: _Query) -> None:
        if time.monotonic() > asked.give_up_at:
            raise StoreError(
                f"The vector store took more than {self._budget_s} s over one search, expected less. Check what it is "
                "busy with; Runcite tries again by itself."
            )

    def _live(self, hits: dict[tuple[str, str, int], Evidence], audience: frozenset[str]) -> list[Found]:
        """Gather the hits by article, of live revisions that the reader may read."""
        grouped: dict[tuple[str, str], list[Evidence]] = {}
        for (article_id, revision, _), evidence in hits.items():
            grouped.setdefault((article_id, revision), []).append(evidence)
        articles = self._catalog.live({article_id for article_id, _ in grouped})
        readable = {
            (key, article.revision): article
            for key, article in articles.items()
            if (key, article.revision) in grouped
            and audience.intersection(article.metadata.audience)
            and not article.quarantine
        }
        portraits = self._portraits.get(sorted(readable))
        return [
            Found(
                article=readable[key],
                evidence=tuple(sorted(grouped[key], key=lambda one: (-one.similarity, one.ordinal))),
                portrait=portraits[key],
                title_terms=self._title_terms(readable[key].title),
            )
            for key in sorted(portraits)
        ]

    def _ask(self, query: str, audience: frozenset[str], lexicon: Lexicon) -> _Query:
        """Weigh a query's terms, and embed it with its telling sentences in one pass of the model."""
        terms = self._terms.terms(query)
        return _Query(
            text=query,
            dense=self._embedder.embed_queries([query, *telling_sentences(query, lexicon, self._terms.terms)]),
            # Weighed here and not by the store: no weight tells of an article that the reader may not read, all shards
            # of a server score alike, and at a million chunks a search takes 5 ms instead of 140.
            bm25=SparseVector(terms, lexicon.idf(terms).astype(np.float32)),
            audience=audience,
            give_up_at=time.monotonic() + self._budget_s,
        )

    def _read_letters(self, wanted: Collection[Key]) -> dict[Key, Letters]:
        return {key: letters_of(key[0], title, text) for key, (title, text) in self._catalog.texts(wanted).items()}

    def _off_topic(self) -> FloatMatrix:
        recorded = self._vectors.off_topic(off_topic_digest())
        return embed_off_topic(self._embedder) if recorded is None else recorded


def _rank(
    asked: _Query,
    found: list[Found],
    lexicon: Lexicon,
    background: Background,
    letters: Callable[[Collection[Key]], Mapping[Key, Letters]],
) -> list[Candidate]:
    """Weigh what speaks for each article; best first."""
    weighed = Asked(asked.text, asked.dense, lexicon.weigh(asked.bm25.indices, TELLING_TERMS))
    candidates = [
        Candidate(
            article=one.article,
            similarity=one.evidence[0].similarity,
            bm25=max(hit.bm25 for hit in one.evidence),
            features=features,
            fused=fuse(features),
            evidence=one.evidence,
        )
        for one, features in features_of(weighed, found, lexicon, background, letters)
    ]
    return sorted(candidates, key=lambda one: (-one.fused, one.article.article_id))


def _key(hit: Hit) -> tuple[str, str, int]:
    return hit.article_id, hit.revision, hit.ordinal


def _evidence(dense: Hit | None, bm25: Hit | None) -> Evidence:
    hit = dense or bm25
    if hit is None:
        raise ValueError("Evidence needs a hit of at least one query, got none.")
    return Evidence(
        ordinal=hit.ordinal,
        start=hit.start,
        end=hit.end,
        section=hit.section,
        similarity=dense.score if dense else 0.0,
        bm25=bm25.score if bm25 else 0.0,
    )
