"""The points of one store enter another, as they are: nothing is embedded, and what is there already is not sent again.

Points are named by their text and compared whole, so whatever an earlier attempt left is either right, and stays, or is
written over. The store they come from is only read, and not believed as to who may read what: it may be one that has
not been written to since the other one serves, so the catalog says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from index.errors import StoreError
from index.generations import Built
from index.models import IndexedArticle, Point
from index.ports import VectorStore
from index.publish import OnStep

POINTS_PER_PAGE = 512

_TOLERANCE = 1e-5
"""Stores normalise what they are given once more; vectors of two models differ by a thousand times as much."""

Live = Callable[[Iterable[str]], Mapping[str, IndexedArticle]]
"""Article ids enter, the live ones among them leave as the catalog has them: its `live`."""

_Revisions = dict[tuple[str, str], int]


def _ignore(_news: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Carrying:
    """How to go about it.

    Attributes:
        should_stop: Asked between pages; once true, what has been sent stays, and the next attempt goes on.
        on_count: Told how many points have been seen to.
        on_step: Told each step just taken; tests kill the process there.
        require_room: Raises where there is too little room to write more.
    """

    should_stop: Callable[[], bool] = bool
    on_count: Callable[[int], None] = _ignore
    on_step: OnStep = _ignore
    require_room: Callable[[], object] = bool


@dataclass(frozen=True, slots=True)
class Carried:
    """What was done.

    Attributes:
        points: How many points there are to carry.
        sent: How many were written, the others having been there.
        done: Whether the store holds all of them now, and nothing else.
    """

    points: int
    sent: int
    done: bool


def carry(source: VectorStore, target: VectorStore, wanted: Mapping[str, Built], live: Live, how: Carrying) -> Carried:
    """Bring a store in line with another one.

    Args:
        source: Holds the points.
        target: Is to hold those of the articles that are wanted, and no others.
        wanted: By article id, the revision that is live.
        live: Who may read an article, and its labels.
        how: How to go about it.

    Returns:
        What was done.

    Raises:
        StoreError: The source does not hold all that is wanted, the target does not hold all that it was sent, or
            either failed.
    """
    expected = _expected(source, wanted)
    total = sum(expected.values())
    target.prepare()
    how.on_step("prepared")
    for (article_id, revision), count in sorted(target.revisions().items()):
        if count > expected.get((article_id, revision), 0):
            target.delete_revision(article_id, revision)
            how.on_step("orphan_deleted")
    seen = sent = 0
    for page in _pages(source.points()):
        if how.should_stop():
            return Carried(total, sent, done=False)
        chosen = _ruled([point for point in page if (point.article_id, point.revision) in expected], live)
        held = target.read([point.id for point in chosen])
        missing = [point for point in chosen if point.id not in held or not _same(point, held[point.id])]
        if missing:
            how.require_room()
            target.upsert(missing)
        sent += len(missing)
        seen += len(chosen)
        how.on_count(seen)
        how.on_step("page_written")
    target.flush()
    how.on_step("flushed")
    _require(target.revisions(), expected)
    target.optimize(how.should_stop)
    how.on_step("counted")
    return Carried(total, sent, done=True)


def _expected(source: VectorStore, wanted: Mapping[str, Built]) -> _Revisions:
    stored = source.revisions()
    expected = {(key, one.revision): stored.get((key, one.revision), 0) for key, one in wanted.items()}
    lacking = sorted(key for key, one in wanted.items() if expected[key, one.revision] < one.chunks)
    if lacking:
        raise StoreError(
            f"The vectors of {len(lacking)} of {len(wanted)} articles are not there to be copied, such as those of "
            f"{lacking[0]!r}; expected all of them. Run `runcite ingest SOURCE` with any source of this index first: "
            "what is missing is made again from the catalog."
        )
    return {key: count for key, count in expected.items() if count}


def _ruled(points: Sequence[Point], live: Live) -> list[Point]:
    """Give points the access rights and labels that their articles have now."""
    articles = live({point.article_id for point in points})
    ruled = []
    for point in points:
        metadata = articles[point.article_id].metadata
        ruled.append(replace(point, audience=metadata.audience, labels=metadata.labels))
    return ruled


def _require(found: _Revisions, expected: _Revisions) -> None:
    if found != expected:
        differing = sorted(key[0] for key in found.keys() | expected.keys() if found.get(key) != expected.get(key))
        raise StoreError(
            f"After the copy {sum(found.values())} points are there, expected {sum(expected.values())}; "
            f"{differing[0]!r} is among the articles that differ. The index that answered before still does; run it "
            "again, and see that nothing else writes there meanwhile."
        )


def _same(one: Point, other: Point) -> bool:
    """Compare two points of the same id in everything that may differ."""
    return (
        (one.audience, one.labels, one.source) == (other.audience, other.labels, other.source)
        and (one.start, one.end, one.section) == (other.start, other.end, other.section)
        and one.dense.shape == other.dense.shape
        and np.allclose(one.dense, other.dense, rtol=0, atol=_TOLERANCE)
        and np.array_equal(one.bm25.indices, other.bm25.indices)
        and np.allclose(one.bm25.values, other.bm25.values, rtol=0, atol=_TOLERANCE)
    )


def _pages(points: Iterable[Point]) -> Iterator[list[Point]]:
    left = iter(points)
    while page := list(islice(left, POINTS_PER_PAGE)):
        yield page
