"""A sample of an index enters; what cosines mean for this model on this knowledge base leaves."""

import hashlib
import heapq
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from index.lexicon import Lexicon
from index.models import CosineScale, FloatMatrix
from index.portraits import Gallery, Key, Likeness, Portrait
from index.ports import Embedder

SAMPLE_ARTICLES = 256
SAMPLE_CHUNKS = 1_024
"""Enough for means and spreads to be within a few percent, few enough to compare every query with."""

PRIOR_ARTICLES = 16
"""How many articles' worth of weight the off-topic tickets have beside a query's own spread, for small indexes."""

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


class Background:
    """What a query is compared with to see whether an article stands out."""

    def __init__(self, sample: Gallery, off_topic: FloatMatrix) -> None:
        """Compare the sample with the off-topic tickets and with its own titles.

        Args:
            sample: Articles of the index.
            off_topic: `(n_tickets, dim) float32`, unit rows: the off-topic tickets.
        """
        self._sample = sample
        nothing = sample.compare(off_topic)
        self._prior = {
            kind: (float(cosines.mean()), float(cosines.var(axis=1).mean())) for kind, cosines in _kinds(nothing)
        }
        own = np.diagonal(sample.compare(sample.titles).best)
        unrelated = float(nothing.best.max(axis=1).mean())
        # Titles that are mere numbers are like nothing: then the spread of what is unrelated is the unit.
        least = unrelated + max(float(nothing.best.std()), _LEAST_GAP)
        self.scale = CosineScale(unrelated, max(float(own.mean()), least))

    def standings(self, queries: FloatMatrix, likeness: Likeness) -> Likeness:
        """Say how far cosines stand out among those that their query reaches on the sample.

        Args:
            queries: `(n_queries, dim) float32`, unit rows.
            likeness: How like some articles are to them.

        Returns:
            Standard deviations above the mean, in place of the cosines.
        """
        usual = self._sample.compare(queries)
        return Likeness(
            **{kind: self._standing(kind, getattr(usual, kind), cosines) for kind, cosines in _kinds(likeness)}
        )

    def _standing(self, kind: str, usual: NDArray[np.float32], cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        mean, variance = self._prior[kind]
        share = usual.shape[1] / (usual.shape[1] + PRIOR_ARTICLES)
        means = share * usual.mean(axis=1, keepdims=True) + (1 - share) * mean
        variances = share * usual.var(axis=1, keepdims=True) + (1 - share) * variance
        standing: NDArray[np.float32] = (cosines - means) / np.sqrt(variances.clip(_LEAST_VARIANCE))
        return standing


class Backgrounds:
    """The background of what each kind of reader may read, made again when its sample changes."""

    def __init__(
        self,
        portraits: Callable[[Collection[Key]], Mapping[Key, Portrait]],
        off_topic: Callable[[], FloatMatrix],
    ) -> None:
        """Connect it to what it is made of.

        Args:
            portraits: Gives portraits by article and revision.
            off_topic: Gives the vectors of the off-topic tickets.
        """
        self._portraits = portraits
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
            made = self._made[sample] = Background(Gallery(_within_room(portraits)), self._off_topic())
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


def _within_room(portraits: list[Portrait]) -> list[Portrait]:
    rows = np.cumsum([len(one.chunks) for one in portraits])
    return portraits[: max(1, int(np.searchsorted(rows, SAMPLE_CHUNKS, side="right")))]


def _kinds(likeness: Likeness) -> Iterator[tuple[str, NDArray[np.float32]]]:
    return ((field.name, getattr(likeness, field.name)) for field in fields(likeness))
