"""A sample of an index enters; what cosines mean for this model on this knowledge base leaves."""

import hashlib
import heapq
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from index.kept import Key
from index.letters import Float64s, Letters, LetterScale
from index.lexicon import Lexicon
from index.models import CosineScale, FloatMatrix
from index.portraits import Gallery, Likeness, Portrait, cosines
from index.ports import Embedder
from index.vectors import VectorRows

SAMPLE_ARTICLES = 192
SAMPLE_CHUNKS = 256
"""Enough for means and spreads to be within a few percent, few enough to compare every query with."""

LETTERS_SAMPLED = 64
"""Articles of the sample that are read letter by letter as well: the first query waits for that."""

PRIOR_TICKETS = 24
"""Off-topic tickets that are compared letter by letter with them, evenly taken."""

PRIOR_ROWS = 16
"""How many rows' worth of weight the off-topic tickets have beside a query's own spread, for small indexes."""

_LEAST_GAP = 1e-6
_LEAST_VARIANCE = 1e-12
"""A model that tells nothing apart is not to divide by nothing."""

_MAX_VIEWS = 8

_AT_ONCE = 16
"""Off-topic tickets embedded together: a remote endpoint has to answer about as fast as for a query."""


@cache
def off_topic_digest() -> str:
    """Return the digest of the off-topic tickets, by which an index knows whether its vectors are of these."""
    return hashlib.sha256("\n".join(off_topic_tickets()).encode()).hexdigest()


def embed_off_topic(embedder: Embedder) -> FloatMatrix:
    """Embed the off-topic tickets: `(n_tickets, dim) float32`, unit rows."""
    tickets = off_topic_tickets()
    slices = [tickets[start : start + _AT_ONCE] for start in range(0, len(tickets), _AT_ONCE)]
    return np.concatenate([embedder.embed_queries(some) for some in slices])


@cache
def off_topic_tickets() -> tuple[str, ...]:
    """Return the bundled tickets that no knowledge base of a service desk answers."""
    lines = files("index").joinpath("off_topic.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def record_off_topic(vectors: VectorRows, embedder: Embedder) -> None:
    """Embed the off-topic tickets for a generation, where it has not their vectors yet.

    Args:
        vectors: Those of the generation.
        embedder: Its model.

    Raises:
        EmbeddingError: The model failed.
    """
    digest = off_topic_digest()
    if vectors.off_topic(digest) is None:
        vectors.record_off_topic(digest, embed_off_topic(embedder))


class Background:
    """What a query is compared with to see whether an article stands out."""

    def __init__(self, sample: Sequence[Portrait], letters: Sequence[Letters], off_topic: FloatMatrix) -> None:
        """Compare the sample with the off-topic tickets and with its own titles.

        Args:
            sample: Articles of the index, at least one.
            letters: Some of them letter by letter, at least one.
            off_topic: `(n_tickets, dim) float32`, unit rows: the off-topic tickets.
        """
        chunks = np.concatenate([one.chunks for one in sample])
        # Evenly spread over the articles, which are in no order that means anything.
        chosen = np.linspace(0, len(chunks) - 1, min(len(chunks), SAMPLE_CHUNKS)).astype(np.intp)
        kinds = {
            "best": chunks[chosen],
            "centre": np.stack([one.rows[0] for one in sample]),
            "title": np.stack([one.rows[1] for one in sample]),
        }
        self._rows = np.concatenate(list(kinds.values()))
        ends = np.cumsum([len(rows) for rows in kinds.values()])
        self._span = {kind: slice(end - len(rows), end) for (kind, rows), end in zip(kinds.items(), ends, strict=True)}
        nothing = cosines(off_topic, self._rows)
        self._prior = {
            # The spread over tickets too: a reader of one article has a sample of one row, which has none of its own.
            kind: (float(nothing[:, span].mean()), float(nothing[:, span].var()))
            for kind, span in self._span.items()
        }
        gallery = Gallery(sample)
        nearest = gallery.compare(off_topic).best.max(axis=1)
        own = np.diagonal(gallery.compare(gallery.titles).best)
        unrelated = float(nearest.mean())
        # Titles that are mere numbers are like nothing: then the spread of what is unrelated is the unit.
        least = unrelated + max(float(nearest.std()), _LEAST_GAP)
        self.scale = CosineScale(unrelated, max(float(own.mean()), least))
        self._letters = LetterScale(letters)
        self._sample = self._letters.weigh(letters)
        tickets = off_topic_tickets()[:: max(1, len(off_topic_tickets()) // PRIOR_TICKETS)]
        reached = np.stack([self._letters.likeness(ticket, self._sample)[0] for ticket in tickets])
        self._letters_prior = float(reached.mean()), float(reached.var())

    def letter_standings(self, query: str, articles: Sequence[Letters]) -> Float64s:
        """Say how far articles stand out by their letters among what the query reaches on the sample.

        Args:
            query: The text of a ticket or a search.
            articles: At least one.

        Returns:
            Standard deviations above the mean: `(n_articles,) float64`.
        """
        found, usual = self._letters.likeness(query, self._letters.weigh(articles), self._sample)
        mean, variance = self._letters_prior
        share = len(usual) / (len(usual) + PRIOR_ROWS)
        mean = share * float(usual.mean()) + (1 - share) * mean
        variance = share * float(usual.var()) + (1 - share) * variance
        standing: Float64s = (found - mean) / np.sqrt(max(variance, _LEAST_VARIANCE))
        return standing

    def standings(self, queries: FloatMatrix, likeness: Likeness) -> Likeness:
        """Say how far cosines stand out among those that their query reaches on the sample.

        Args:
            queries: `(n_queries, dim) float32`, unit rows.
            likeness: How like some articles are to them.

        Returns:
            Standard deviations above the mean, in place of the cosines.
        """
        usual = cosines(queries, self._rows)
        return Likeness(
            best=self._standing("best", usual, likeness.best),
            centre=self._standing("centre", usual, likeness.centre),
            title=self._standing("title", usual, likeness.title),
        )

    def _standing(self, kind: str, usual: NDArray[np.float32], reached: NDArray[np.float32]) -> NDArray[np.float32]:
        usual = usual[:, self._span[kind]]
        mean, variance = self._prior[kind]
        share = usual.shape[1] / (usual.shape[1] + PRIOR_ROWS)
        means = share * usual.mean(axis=1, keepdims=True) + (1 - share) * mean
        variances = share * usual.var(axis=1, keepdims=True) + (1 - share) * variance
        standing: NDArray[np.float32] = (reached - means) / np.sqrt(variances.clip(_LEAST_VARIANCE))
        return standing


class Backgrounds:
    """The background of what each kind of reader may read, made again when its sample changes."""

    def __init__(
        self,
        portraits: Callable[[Collection[Key]], Mapping[Key, Portrait]],
        letters: Callable[[Collection[Key]], Mapping[Key, Letters]],
        off_topic: Callable[[], FloatMatrix],
    ) -> None:
        """Connect it to what it is made of.

        Args:
            portraits: Gives portraits by article and revision.
            letters: Gives their letters.
            off_topic: Gives the vectors of the off-topic tickets.
        """
        self._portraits = portraits
        self._letters = letters
        self._off_topic = off_topic
        self._made: dict[tuple[Key, ...], Background] = {}
        self._samples: dict[int, tuple[Lexicon, tuple[Key, ...]]] = {}

    def of(self, lexicon: Lexicon) -> Background | None:
        """Return the background of the articles in a lexicon; `None` where it has none.

        Args:
            lexicon: As one kind of reader sees it: what they may not read must not show in their figures.
        """
        sample = self._sample(lexicon)
        made = self._made.get(sample)
        if made is None:
            found = self._portraits(sample)
            portraits = [found[key] for key in sample if key in found]
            if not portraits:
                return None
            if len(self._made) >= _MAX_VIEWS:
                self._made.clear()
            letters = self._letters(sample[:LETTERS_SAMPLED])
            read = [letters[key] for key in sample if key in letters]
            made = self._made[sample] = Background(portraits, read, self._off_topic())
        return made

    def _sample(self, lexicon: Lexicon) -> tuple[Key, ...]:
        known = self._samples.get(id(lexicon))
        if known is None or known[0] is not lexicon:
            # By hash of the id: the same articles every time, and one more article seldom changes the sample.
            ids = heapq.nsmallest(SAMPLE_ARTICLES, lexicon.articles, key=lambda one: (zlib.crc32(one.encode()), one))
            if len(self._samples) >= _MAX_VIEWS:
                self._samples.clear()
            known = (lexicon, tuple((one, lexicon.articles[one].revision) for one in ids))
            self._samples[id(lexicon)] = known
        return known[1]
