"""A query enters; the articles that may answer it leave, best first, each with its passages and scores."""

from dataclasses import dataclass, replace

import numpy as np

from index.catalog import Catalog
from index.lexicon import Lexicon
from index.models import Candidate, Evidence, FloatVector, Hit, IndexedArticle, Retrieval, SparseVector, point_id
from index.ports import Embedder, VectorStore
from index.store.bm25 import TermEncoder
from ingest.models import EVERYONE

POOL = 50
"""Chunks taken from each of the two queries."""

_NO_TERMS = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class _Query:
    """A query in every form the index needs, and who asks."""

    dense: FloatVector
    bm25: SparseVector
    audience: frozenset[str]


class Retriever:
    """Finds articles by meaning and by words. Safe to call from several threads."""

    def __init__(self, embedder: Embedder, store: VectorStore, catalog: Catalog) -> None:
        self._embedder = embedder
        self._store = store
        self._catalog = catalog
        self._terms = TermEncoder()

    def retrieve(self, query: str, *, audience: frozenset[str], limit: int = 8) -> Retrieval:
        """Find the articles that may answer a query.

        Args:
            query: The text of a ticket or a search.
            audience: Groups and users the requester counts as; everyone's articles are always included.
            limit: At most so many candidates.

        Returns:
            Candidates, best first. Only live revisions that both the store and the catalog let the requester read.
        """
        asked = _Query(
            dense=self._embedder.embed_query(query),
            bm25=self._terms.query(query),
            audience=audience | {EVERYONE},
        )
        index_revision = self._catalog.index_revision()
        found = self._find(asked)
        articles = self._readable({article_id for article_id, _, _ in found}, asked.audience)
        lexicon = self._catalog.lexicon()
        grouped: dict[str, list[Evidence]] = {}
        for (article_id, revision, _), evidence in found.items():
            if article_id in articles and articles[article_id].revision == revision:
                grouped.setdefault(article_id, []).append(evidence)
        candidates = [_candidate(articles[key], grouped[key], asked.bm25, lexicon) for key in sorted(grouped)]
        return Retrieval(
            candidates=tuple(fuse(candidates)[:limit]),
            unknown_term_share=lexicon.unknown_share(asked.bm25.indices),
            index_revision=index_revision,
        )

    def _find(self, asked: _Query) -> dict[tuple[str, str, int], Evidence]:
        """Run both queries, and ask each for the chunks that only the other returned, so that every score is real."""
        dense = {_key(hit): hit for hit in self._store.search_dense(asked.dense, POOL, asked.audience)}
        bm25 = {_key(hit): hit for hit in self._store.search_bm25(asked.bm25, POOL, asked.audience)}
        missing = [point_id(*key) for key in bm25.keys() - dense.keys()]
        if missing:
            more = self._store.search_dense(asked.dense, len(missing), asked.audience, only=missing)
            dense.update({_key(hit): hit for hit in more})
        missing = [point_id(*key) for key in dense.keys() - bm25.keys()]
        if missing:
            more = self._store.search_bm25(asked.bm25, len(missing), asked.audience, only=missing)
            bm25.update({_key(hit): hit for hit in more})
        return {key: _evidence(dense.get(key), bm25.get(key)) for key in dense.keys() | bm25.keys()}

    def _readable(self, ids: set[str], audience: frozenset[str]) -> dict[str, IndexedArticle]:
        live = self._catalog.live(ids)
        return {key: article for key, article in live.items() if audience.intersection(article.metadata.audience)}


def fuse(candidates: list[Candidate]) -> list[Candidate]:
    """Give every candidate its ranking score.

    Args:
        candidates: What one query found, unranked.

    Returns:
        The candidates with `fused` set, best first; ties by article id.
    """
    ranked = [replace(one, fused=one.similarity + one.coverage) for one in candidates]
    return sorted(ranked, key=lambda one: (-one.fused, one.article.article_id))


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


def _candidate(article: IndexedArticle, evidence: list[Evidence], bm25: SparseVector, lexicon: Lexicon) -> Candidate:
    known = lexicon.articles.get(article.article_id)
    terms, title_terms = (known.terms, known.title_terms) if known else (_NO_TERMS, _NO_TERMS)
    evidence.sort(key=lambda one: (-one.similarity, one.ordinal))
    return Candidate(
        article=article,
        similarity=evidence[0].similarity,
        bm25=max(one.bm25 for one in evidence),
        coverage=lexicon.coverage(bm25.indices, terms),
        title_coverage=lexicon.coverage(bm25.indices, title_terms),
        fused=0.0,
        evidence=tuple(evidence),
    )
