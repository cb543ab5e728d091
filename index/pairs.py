"""Articles with their terms enter; pairs that say the same twice, or different things about the same, leave."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from index.catalog import Catalog
from index.lexicon import Lexicon
from index.models import TermIds
from ingest.models import Article, Block

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Chosen by reading every pair found in govuk_alerts (319 articles), prom_runbooks (108) and kb_samples (58).
SAME_TEXT = 0.6
"""Share of their runs of four words that two near-duplicates have in common."""

SAME_SUBJECT = 0.85
"""Cosine of titles and symptoms, terms weighted by idf, from which two articles are about the same thing. From 0.7 on,
7 of 8 pairs found were about different things that are called alike."""

RELATED_SUBJECT = 0.3
"""The same cosine, from which it is asked whether they share a title or symptom word for word."""

SAME_STEPS = 0.5
"""Share of their steps' words below which two articles say to do different things."""

MAX_PAIRS = 5
"""Most similar others that an article is compared with; a page that is like hundreds is a form, not a duplicate."""

_SAME_WORDS = 0.6
"""Cosine of all terms below which two texts cannot share most of their runs of words."""

_MAX_SHARE = 0.2
_COMMON = 50
"""Terms in more than this share of the articles, and in more than so many, tell none from another."""

_FEW = 100
"""Among fewer articles, terms are weighted as among so many: of two pages, every shared word would else be common."""

_ROWS_AT_ONCE = 256
_RUN = 4
_WORD = re.compile(r"\w+")

PairKind = Literal["near-duplicate", "contradiction"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles that one person should look at together.

    Attributes:
        kind: Whether they say the same, or different things about the same.
        first: Id of one, the lesser.
        second: Id of the other.
        similarity: How alike they are in what makes them a pair, 0 to 1.
    """

    kind: PairKind
    first: str
    second: str
    similarity: float

    def said_of(self, article_id: str) -> str:
        """Say it in one line of a report on one of the two."""
        other = self.second if article_id == self.first else self.first
        if self.kind == "near-duplicate":
            return f"nearly the same text as {other}"
        return f"the same symptoms as {other}, and other steps"


@dataclass(frozen=True, slots=True)
class Page:
    """What is compared of an article once it is like another."""

    text: str
    blocks: tuple[Block, ...]
    phrases: tuple[str, ...]
    """Its title and its symptoms."""


def pairs_in(catalog: Catalog, among: Collection[str] | None = None) -> tuple[Pair, ...]:
    """Find the pairs among the articles of a catalog that may be found.

    Args:
        catalog: The catalog; neither the vector store nor a model is needed.
        among: Only pairs with one of these; all where it is left out.
    """

    def read(article_id: str) -> Page | None:
        article = catalog.stored(article_id)
        return None if article is None else page_of(article)

    return find_pairs(catalog.lexicon(), read, among)


def page_of(article: Article) -> Page:
    """Take what is compared from an article."""
    return Page(article.text, article.blocks, (article.title, *article.metadata.symptoms))


def find_pairs(
    lexicon: Lexicon, read: Callable[[str], Page | None], among: Collection[str] | None = None
) -> tuple[Pair, ...]:
    """Find near-duplicates and contradictions.

    Args:
        lexicon: The terms of all articles.
        read: Gives an article's page; called for those only that are like another.
        among: Only pairs with one of these; all where it is left out.

    Returns:
        Pairs, by ids.
    """
    ids = sorted(lexicon.articles)
    wanted = [row for row, key in enumerate(ids) if among is None or key in among]
    if len(ids) < 2 or not wanted:
        return ()
    pages = _Pages(read)
    found: dict[tuple[str, str], Pair] = {}
    for first, second, _ in _alike([lexicon.articles[key].terms for key in ids], wanted, _SAME_WORDS):
        shared = pages.same_text(ids[first], ids[second])
        if shared >= SAME_TEXT:
            _add(found, "near-duplicate", ids[first], ids[second], shared)
    heads = [lexicon.articles[key].title_terms for key in ids]
    for first, second, cosine in _alike(heads, wanted, RELATED_SUBJECT):
        same = cosine >= SAME_SUBJECT or pages.share_phrase(ids[first], ids[second])
        if same and pages.steps_differ(ids[first], ids[second]):
            _add(found, "contradiction", ids[first], ids[second], cosine)
    return tuple(found[key] for key in sorted(found))


def _add(found: dict[tuple[str, str], Pair], kind: PairKind, one: str, other: str, similarity: float) -> None:
    first, second = sorted((one, other))
    found.setdefault((first, second), Pair(kind, first, second, round(similarity, 3)))


def _alike(terms: list[TermIds], wanted: list[int], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Give the most similar others of each wanted row, by the cosine of their terms weighted by idf."""
    matrix = _matrix(terms)
    transposed = matrix.T.tocsr()
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        rows = wanted[start : start + _ROWS_AT_ONCE]
        cosines = (matrix[rows] @ transposed).tocsr()
        for position, row in enumerate(rows):
            span = slice(cosines.indptr[position], cosines.indptr[position + 1])
            others, values = cosines.indices[span], cosines.data[span]
            near = np.flatnonzero((values >= threshold) & (others != row))
            best = near[np.argsort(-values[near], kind="stable")][:MAX_PAIRS]
            yield from ((row, int(others[place]), float(values[place])) for place in best)


def _matrix(terms: list[TermIds]) -> "csr_array":
    """Make `(n_articles, n_terms) float64`: rows of unit length, or empty."""
    lengths = np.array([len(own) for own in terms])
    vocabulary, columns = np.unique(np.concatenate(terms), return_inverse=True)
    frequency = np.bincount(columns, minlength=len(vocabulary))
    idf = np.log1p((max(len(terms), _FEW) - frequency + 0.5) / (frequency + 0.5))
    # What most texts have tells none from another, and is what takes the time.
    idf[frequency > max(_COMMON, int(_MAX_SHARE * len(terms)))] = 0.0
    weights = idf[columns]
    rows = np.repeat(np.arange(len(terms)), lengths)
    norms = np.sqrt(np.bincount(rows, weights=weights**2, minlength=len(terms)))
    weights = weights / np.maximum(norms[rows], 1e-12)
    from scipy.sparse import csr_array  # noqa: PLC0415  # a triage needs none of it

    matrix = csr_array((weights, columns, np.concatenate([[0], np.cumsum(lengths)])), (len(terms), len(vocabulary)))
    matrix.eliminate_zeros()
    return matrix


@dataclass(frozen=True, slots=True)
class _Apart:
    """A page taken apart."""

    runs: frozenset[int]
    steps: frozenset[str]
    phrases: frozenset[frozenset[str]]


class _Pages:
    """Reads and takes apart each page once."""

    def __init__(self, read: Callable[[str], Page | None]) -> None:
        self._read = read
        self._known: dict[str, _Apart] = {}

    def same_text(self, first: str, second: str) -> float:
        """Compute the share of their runs of words that two pages have in common."""
        return _overlap(self._apart(first).runs, self._apart(second).runs)

    def share_phrase(self, first: str, second: str) -> bool:
        """Say whether two pages have a title or symptom of the same words."""
        return not self._apart(first).phrases.isdisjoint(self._apart(second).phrases)

    def steps_differ(self, first: str, second: str) -> bool:
        """Say whether both pages have steps, and not the same ones."""
        own, other = self._apart(first).steps, self._apart(second).steps
        return bool(own) and bool(other) and _overlap(own, other) < SAME_STEPS

    def _apart(self, article_id: str) -> _Apart:
        if article_id not in self._known:
            page = self._read(article_id) or Page("", (), ())
            words = _words(page.text)
            runs = frozenset(hash(tuple(words[at : at + _RUN])) for at in range(max(1, len(words) - _RUN + 1)))
            steps = " ".join(page.text[b.start : b.end] for b in page.blocks if b.kind in {"step", "item"})
            phrases = (frozenset(_words(phrase)) for phrase in page.phrases)
            # A phrase of one word, such as "VPN", names a field and no symptom.
            apart = _Apart(runs, frozenset(_words(steps)), frozenset(words for words in phrases if len(words) > 1))
            self._known[article_id] = apart
        return self._known[article_id]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _overlap(first: frozenset[int] | frozenset[str], second: frozenset[int] | frozenset[str]) -> float:
    return len(first & second) / max(1, len(first | second))
