"""What a point carries besides its vectors: the same on every Qdrant, so that an index can move from one to another."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from index.models import Hit, Point, SparseVector

HIT_FIELDS = ("article_id", "revision", "ordinal", "start", "end", "section")
"""What of it a hit needs."""


def payload_of(point: Point) -> dict[str, Any]:
    """Return the payload of a point."""
    return {
        "article_id": point.article_id,
        "revision": point.revision,
        "ordinal": point.ordinal,
        "start": point.start,
        "end": point.end,
        "section": list(point.section),
        "audience": list(point.audience),
        "labels": list(point.labels),
        "source": point.source,
    }


def to_point(key: str, payload: Mapping[str, Any] | None, dense: Sequence[float], bm25: SparseVector) -> Point:
    """Put a point together again from what a store keeps of it."""
    known = payload or {}
    return Point(
        id=key,
        article_id=known["article_id"],
        revision=known["revision"],
        ordinal=known["ordinal"],
        start=known["start"],
        end=known["end"],
        section=tuple(known["section"]),
        audience=tuple(known["audience"]),
        labels=tuple(known["labels"]),
        source=known["source"],
        dense=np.asarray(dense, dtype=np.float32),
        bm25=bm25,
    )


def to_sparse(indices: Sequence[int], values: Sequence[float]) -> SparseVector:
    """Put a term vector together again; a store need not keep its terms in order."""
    terms, weights = np.asarray(indices, dtype=np.uint32), np.asarray(values, dtype=np.float32)
    order = np.argsort(terms)
    return SparseVector(terms[order], weights[order])


def to_hit(payload: Mapping[str, Any] | None, score: float) -> Hit:
    """Read a hit from a payload that holds `HIT_FIELDS`; a score that is no number counts as none."""
    known = payload or {}
    return Hit(
        article_id=known["article_id"],
        revision=known["revision"],
        ordinal=known["ordinal"],
        start=known["start"],
        end=known["end"],
        section=tuple(known["section"]),
        score=score if math.isfinite(score) else 0.0,
    )
