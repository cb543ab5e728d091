"""What a point carries besides its vectors: the same on every Qdrant, so that an index can move from one to another."""

import math
from collections.abc import Mapping
from typing import Any

from index.models import Hit, Point

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
