"""Term ids of the live articles enter, document frequencies and coverage as one reader may know them leave."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from index.models import TermIds
from ingest.models import EVERYONE

_MAX_VIEWS = 32
"""Readers differ by the groups they are in; each kind of reader costs as much memory as the lexicon itself."""

_NO_TERMS: TermIds = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class ArticleTerms:
    """The terms of one article at one revision, those of its title and symptoms alone, and who may read it."""

    article_id: str
    revision: str
    terms: TermIds
    title_terms: TermIds
    audience: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightedTerms:
    """Terms and what they weigh.

    Attributes:
        ids: `(n_terms,) uint32`, ascending and unique.
        idf: `(n_terms,) float64`: the weight of each.
        full: The weight that makes a full share.
    """

    ids: TermIds
    idf: NDArray[np.float64]
    full: float

    def coverage(self, terms: TermIds) -> float:
        """Compute the idf-weighted share of these terms that are among others.

        Args:
            terms: The others: `(n_others,) uint32`, ascending and unique.

        Returns:
            0 to 1; 0 where either side has no terms.
        """
        if not len(self.ids) or not len(terms):
            return 0.0
        where = terms.searchsorted(self.ids)
        where[where == len(terms)] = 0
        return min(1.0, float(self.idf @ (terms[where] == self.ids)) / self.full)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Which terms the live articles use, and in how many of them. Immutable; `changed` makes the next one.

    Attributes:
        sequence: The catalog's change sequence it belongs to.
        articles: Terms by article id.
        vocabulary: `(n_terms,) uint32`, ascending and unique.
        frequency: `(n_terms,) int64`, articles that contain each.
        restricted: The articles that not everyone may read, by who may: few kinds, of many articles each.
    """

    sequence: int = -1
    articles: Mapping[str, ArticleTerms] = field(default_factory=dict)
    vocabulary: TermIds = field(default_factory=lambda: _NO_TERMS)
    frequency: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    restricted: Mapping[frozenset[str], Sequence[str]] = field(default_factory=dict)
    _seen: dict[tuple[frozenset[str], ...], "Lexicon"] = field(default_factory=dict, compare=False, repr=False)

    def seen_by(self, audience: frozenset[str]) -> "Lexicon":
        """Leave out what a reader may not see: else the weight of a word would tell that a hidden article has it.

        Args:
            audience: Groups and users the reader counts as.

        Returns:
            The lexicon over the articles that the reader may read.
        """
        hidden = tuple(groups for groups in self.restricted if groups.isdisjoint(audience))
        if not hidden:
            return self
        seen = self._seen.get(hidden)
        if seen is None:
            if len(self._seen) >= _MAX_VIEWS:
                self._seen.clear()
            gone = [article_id for groups in hidden for article_id in self.restricted[groups]]
            seen = self._seen[hidden] = self.changed(self.sequence, (), gone)
        return seen

    def changed(self, sequence: int, now: Iterable[ArticleTerms], gone: Iterable[str]) -> "Lexicon":
        """Make the lexicon that follows this one.

        Args:
            sequence: The change sequence it belongs to.
            now: Articles added or changed, as they are now.
            gone: Ids of articles no longer live.

        Returns:
            The next lexicon; this one stays as it is.
        """
        articles = dict(self.articles)
        added: list[TermIds] = []
        dropped: list[TermIds] = []
        for article_id in gone:
            old = articles.pop(article_id, None)
            if old is not None:
                dropped.append(old.terms)
        for new in now:
            old = articles.get(new.article_id)
            if old is not None:
                dropped.append(old.terms)
            articles[new.article_id] = new
            added.append(new.terms)
        vocabulary, frequency = self._recount(added, dropped)
        restricted: dict[frozenset[str], list[str]] = {}
        for article_id, article in articles.items():
            if EVERYONE not in article.audience:
                restricted.setdefault(frozenset(article.audience), []).append(article_id)
        return Lexicon(sequence, articles, vocabulary, frequency, restricted)

    def idf(self, terms: TermIds) -> NDArray[np.float64]:
        """Weigh terms by how few articles use them.

        Args:
            terms: `(n_terms,) uint32`.

        Returns:
            `(n_terms,) float64`, `ln(1 + (N - df + 0.5) / (df + 0.5))`; greatest for terms nobody uses.
        """
        df = self._document_frequency(terms)
        total = len(self.articles)
        return np.log1p((total - df + 0.5) / (df + 0.5))

    def weigh(self, terms: TermIds, heaviest: int | None = None) -> WeightedTerms:
        """Weigh the terms of a query or a title once, to compare them with many articles.

        Args:
            terms: `(n_terms,) uint32`, ascending and unique.
            heaviest: How many of the heaviest terms make a full share; all of them if left out.
        """
        idf = self.idf(terms)
        counted = idf if heaviest is None or len(idf) <= heaviest else np.partition(idf, -heaviest)[-heaviest:]
        return WeightedTerms(terms, idf, float(counted.sum()))

    def coverage(self, query: TermIds, terms: TermIds) -> float:
        """Compute the idf-weighted share of a query's terms that are among `terms`.

        Args:
            query: `(n_query,) uint32`, ascending and unique.
            terms: `(n_terms,) uint32`, ascending and unique.

        Returns:
            0 to 1; 0 for a query without terms.
        """
        return self.weigh(query).coverage(terms)

    def known_mass(self, terms: TermIds) -> float:
        """Sum the idf of those terms that some article uses.

        Args:
            terms: `(n_terms,) uint32`.
        """
        return float(self.idf(terms[self._document_frequency(terms) > 0]).sum())

    def unknown_share(self, query: TermIds) -> float:
        """Compute the share of a query's terms that no article uses.

        Args:
            query: `(n_query,) uint32`, ascending and unique.

        Returns:
            0 to 1; 1 for a query without terms.
        """
        if not len(query):
            return 1.0
        return float(np.mean(self._document_frequency(query) == 0))

    def _document_frequency(self, terms: TermIds) -> NDArray[np.int64]:
        if not len(self.vocabulary):
            return np.zeros(len(terms), dtype=np.int64)
        where = np.minimum(self.vocabulary.searchsorted(terms), len(self.vocabulary) - 1)
        return np.where(self.vocabulary[where] == terms, self.frequency[where], 0)

    def _recount(self, added: list[TermIds], dropped: list[TermIds]) -> tuple[TermIds, NDArray[np.int64]]:
        terms = np.concatenate([self.vocabulary, *added, *dropped])
        change = np.concatenate(
            [
                self.frequency,
                np.ones(sum(map(len, added)), dtype=np.int64),
                -np.ones(sum(map(len, dropped)), dtype=np.int64),
            ]
        )
        vocabulary, where = np.unique(terms, return_inverse=True)
        frequency = np.bincount(where, weights=change, minlength=len(vocabulary)).astype(np.int64)
        used = frequency > 0
        return vocabulary[used].astype(np.uint32), frequency[used]
