"""A query and one article enter; what speaks for the article, and the score it is first ranked by, leave."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.background import Background
from index.kept import Key
from index.letters import Letters
from index.lexicon import Lexicon, WeightedTerms
from index.models import Evidence, Features, FloatMatrix, IndexedArticle, TermIds
from index.naming import identifiers, names
from index.portraits import Gallery, Likeness, Portrait

# fused = standing of the best chunk + CENTRE_WEIGHT x that of the centre + TITLE_WEIGHT x that of the title
# + BM25_WEIGHT x relative BM25 + TERMS_WEIGHT x (share of the query's terms that the title has + share of the title's
# terms that the query has) + LETTERS_WEIGHT x standing of the letters + NAMED_WEIGHT if the query calls the article by
# name. Set by hand; docs/retrieval.md has what each part brings on three labelled sets.
CENTRE_WEIGHT = 0.5
TITLE_WEIGHT = 0.5
BM25_WEIGHT = 4.0
TERMS_WEIGHT = 1.5
LETTERS_WEIGHT = 0.5
NAMED_WEIGHT = 2.5

TELLING_TERMS = 8
"""So many of the heaviest terms of a query make a full share: a long ticket is not expected to be found in an article
word for word, and a short one is."""

LOOKED_AT = 16
"""How many articles are looked at word for word, twice as many as a decision looks at."""

_BM25_CEILING = 2.2
"""k + 1 with k = 1.2: what BM25 gives a term at most, in units of its idf."""

_NO_TERMS: TermIds = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as its features need it.

    Attributes:
        text: What it says.
        dense: `(1 + n_sentences, dim) float32`, unit rows: of the whole query, then of its telling sentences.
        terms: Its terms with their weights; `TELLING_TERMS` make a full share.
    """

    text: str
    dense: FloatMatrix
    terms: WeightedTerms


@dataclass(frozen=True, slots=True)
class Found:
    """An article that a query found.

    Attributes:
        article: The article.
        evidence: Its chunks that were hit, nearest first; at least one.
        portrait: Its vectors.
        title_terms: `(n_terms,) uint32`, ascending and unique: the terms of its title alone.
    """

    article: IndexedArticle
    evidence: tuple[Evidence, ...]
    portrait: Portrait
    title_terms: TermIds

    @property
    def key(self) -> Key:
        """Its id and revision."""
        return self.article.article_id, self.article.revision


def features_of(
    asked: Asked,
    found: Sequence[Found],
    lexicon: Lexicon,
    background: Background,
    letters: Callable[[Collection[Key]], Mapping[Key, Letters]],
) -> list[tuple[Found, Features]]:
    """Weigh what speaks for each article that a query found.

    Args:
        asked: The query.
        found: The articles, at least one.
        lexicon: The terms of all articles, as the reader may know them.
        background: What the query's cosines are measured against.
        letters: Gives articles letter by letter.

    Returns:
        Articles with their features: those that come first by vectors, BM25 and name, at most `LOOKED_AT`.
    """
    called = identifiers(asked.text)
    likeness = Gallery([one.portrait for one in found]).compare(asked.dense)
    standing = _whole_and_part(background.standings(asked.dense, likeness))
    cosine, scale = _whole_and_part(likeness), background.scale
    ceiling = _BM25_CEILING * asked.terms.full
    named = [not called.isdisjoint(names(one.article.article_id, one.article.title)) for one in found]
    bm25 = [min(1.0, max(hit.bm25 for hit in one.evidence) / ceiling) if ceiling else 0.0 for one in found]
    rough = standing.best + BM25_WEIGHT * np.array(bm25) + NAMED_WEIGHT * np.array(named)
    rows = [int(row) for row in np.argsort(-rough, kind="stable")[:LOOKED_AT]]
    read = letters([found[row].key for row in rows])
    by_letters = background.letter_standings(asked.text, [read[found[row].key] for row in rows])
    weighed: list[tuple[Found, Features]] = []
    for row, letter_standing in zip(rows, by_letters, strict=True):
        one = found[row]
        known = lexicon.articles.get(one.article.article_id)
        terms, head_terms = (known.terms, known.title_terms) if known else (_NO_TERMS, _NO_TERMS)
        features = Features(
            best_standing=float(standing.best[row]),
            centre_standing=float(standing.centre[row]),
            title_standing=float(standing.title[row]),
            best_place=scale.place(float(cosine.best[row])),
            centre_place=scale.place(float(cosine.centre[row])),
            title_place=scale.place(float(cosine.title[row])),
            bm25=bm25[row],
            coverage=asked.terms.coverage(terms),
            title_coverage=asked.terms.coverage(head_terms),
            title_share=lexicon.coverage(one.title_terms, asked.terms.ids),
            letters_standing=float(letter_standing),
            named=float(named[row]),
        )
        weighed.append((one, features))
    return weighed


def _whole_and_part(values: Likeness) -> Likeness:
    """Average what the whole query says with what the sentence says that says most: `(n_articles,)` each."""
    return Likeness(*map(_average, (values.best, values.centre, values.title)))


def _average(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    whole: NDArray[np.float32] = rows[0]
    return whole if len(rows) == 1 else (whole + rows[1:].max(axis=0)) / 2


def fuse(features: Features) -> float:
    """Rank an article by a sum of few parts; comparable within one query only."""
    return (
        features.best_standing
        + CENTRE_WEIGHT * features.centre_standing
        + TITLE_WEIGHT * features.title_standing
        + BM25_WEIGHT * features.bm25
        + TERMS_WEIGHT * (features.title_coverage + features.title_share)
        + LETTERS_WEIGHT * features.letters_standing
        + NAMED_WEIGHT * features.named
    )
