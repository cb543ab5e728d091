"""A query enters; the articles that may answer it leave, best first, each with its passages and scores."""

import math
import time
from dataclasses import dataclass

import numpy as np

from index.catalog import Catalog
from index.errors import StoreError
from index.lexicon import Lexicon, WeightedTerms
from index.models import Candidate, Evidence, FloatVector, Hit, IndexedArticle, Retrieval, SparseVector, point_id
from index.naming import identifiers, names
from index.neighbours import Neighbours
from index.ports import Embedder, VectorStore
from index.store.bm25 import TermEncoder
from ingest.models import EVERYONE

POOL = 50
"""Chunks taken from each of the two queries."""

ATTEMPTS = 3
"""How often a search is run again because an article it found was published anew meanwhile."""

# fused = similarity + BM25_WEIGHT x BM25 / the greatest BM25 the query allows + TITLE_WEIGHT x (share of the query's
# terms that the title has + share of the title's terms that the query has) + NAMED_WEIGHT if the query calls the
# article by name; terms weighted by idf. A hand-set sum of few parts, chosen with all-MiniLM-L6-v2 on three labelled
# sets; hit@1 on prom_runbooks / govuk_alerts / clinc150_intents (900 sampled): this 0.96 / 0.63 / 0.79, without the
# name 0.94 / 0.64 / 0.79, dense alone 0.86 / 0.54 / 0.77, BM25 alone 0.85 / 0.54 / 0.69. Halving or doubling a weight
# moves none by more than 0.06.
BM25_WEIGHT = 0.5
TITLE_WEIGHT = 0.2
NAMED_WEIGHT = 0.3

_BM25_CEILING = 2.2
"""k + 1 with k = 1.2: what BM25 gives a term at most, in units of its idf."""

_NO_TERMS = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class _Query:
    """A query in every form the index needs, and who asks."""

    dense: FloatVector
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
        pool: int = POOL,
        budget_s: float = math.inf,
    ) -> None:
        """Connect the parts.

        Args:
            embedder: Embeds queries.
            store: Holds the chunks.
            catalog: Holds the articles.
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
        asked = _Query(
            dense=self._embedder.embed_query(query),
            bm25=self._terms.query(query),
            audience=audience | {EVERYONE},
            give_up_at=time.monotonic() + self._budget_s,
        )
        for attempt in range(ATTEMPTS):
            if attempt:
                self._require_time(asked)
            index_revision = self._catalog.index_revision()
            found = self._find(asked, self._catalog.quarantined())
            articles = self._readable({article_id for article_id, _, _ in found}, asked.audience)
            grouped: dict[str, list[Evidence]] = {}
            for (article_id, revision, _), evidence in found.items():
                if article_id in articles and articles[article_id].revision == revision:
                    grouped.setdefault(article_id, []).append(evidence)
            # An article published between the search and the look into the catalog was found as it no longer is.
            if articles.keys() == grouped.keys() or self._catalog.index_revision() == index_revision:
                break
        lexicon = self._catalog.lexicon().seen_by(asked.audience)
        weighted = lexicon.weigh(asked.bm25.indices)
        called = identifiers(query)
        candidates = [self._candidate(articles[key], grouped[key], (weighted, called), lexicon) for key in grouped]
        candidates.sort(key=lambda one: (-one.fused, one.article.article_id))
        return Retrieval(
            candidates=tuple(candidates[:limit]),
            unknown_term_share=lexicon.unknown_share(asked.bm25.indices),
            index_revision=index_revision,
            neighbours=self._neighbours.nearest(asked.dense),
        )

    def _find(self, asked: _Query, barred: frozenset[str]) -> dict[tuple[str, str, int], Evidence]:
        """Run both queries, and ask each for the chunks that only the other returned, so that every score is real."""
        audience, pool = asked.audience, self._pool
        dense = {_key(hit): hit for hit in self._store.search_dense(asked.dense, pool, audience, barred=barred)}
        self._require_time(asked)
        bm25 = {_key(hit): hit for hit in self._store.search_bm25(asked.bm25, pool, audience, barred=barred)}
        missing = [point_id(*key) for key in bm25.keys() - dense.keys()]
        if missing:
            self._require_time(asked)
            more = self._store.search_dense(asked.dense, len(missing), audience, missing, barred)
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

    def _candidate(
        self,
        article: IndexedArticle,
        evidence: list[Evidence],
        asked: tuple[WeightedTerms, frozenset[str]],
        lexicon: Lexicon,
    ) -> Candidate:
        query, called = asked
        named = not called.isdisjoint(names(article.article_id, article.title))
        known = lexicon.articles.get(article.article_id)
        terms, title_terms = (known.terms, known.title_terms) if known else (_NO_TERMS, _NO_TERMS)
        similarity = max(one.similarity for one in evidence)
        bm25 = max(one.bm25 for one in evidence)
        title_coverage = query.coverage(title_terms)
        title_share = lexicon.coverage(self._terms.terms(article.title), query.ids)
        ceiling = _BM25_CEILING * query.mass
        relative_bm25 = bm25 / ceiling if ceiling else 0.0
        return Candidate(
            article=article,
            similarity=similarity,
            bm25=bm25,
            coverage=query.coverage(terms),
            title_coverage=title_coverage,
            named=named,
            fused=similarity
            + BM25_WEIGHT * relative_bm25
            + TITLE_WEIGHT * (title_coverage + title_share)
            + NAMED_WEIGHT * named,
            evidence=tuple(sorted(evidence, key=lambda one: (-one.similarity, one.ordinal))),
        )

    def _readable(self, ids: set[str], audience: frozenset[str]) -> dict[str, IndexedArticle]:
        live = self._catalog.live(ids)
        return {
            key: article
            for key, article in live.items()
            if audience.intersection(article.metadata.audience) and not article.quarantine
        }


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
