"""The points of one store are in another afterwards, whatever was there before and wherever an attempt ended."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from index.carry import POINTS_PER_PAGE, Carrying, carry
from index.errors import StoreError
from index.generations import Built
from index.models import IndexedArticle, Point, point_id
from index.store.bm25 import TermEncoder
from index.store.memory import MemoryStore
from ingest.models import ArticleMetadata
from tests.fakes import HashedWordsEmbedder, Killed, killed_after

EMBEDDER = HashedWordsEmbedder(16)
TERMS = TermEncoder()
ARTICLES, CHUNKS = 400, 3
TOTAL = ARTICLES * CHUNKS
PAGES = 3

assert (PAGES - 1) * POINTS_PER_PAGE < TOTAL <= PAGES * POINTS_PER_PAGE


class CountingStore(MemoryStore):
    """A store that counts what is written to it."""

    written = 0

    def upsert(self, points):
        self.written += len(points)
        super().upsert(points)


def article(number: int, revision: str = "r1", chunks: int = CHUNKS) -> list[Point]:
    key = f"kb/{number}"
    return [
        Point(
            id=point_id(key, revision, ordinal),
            article_id=key,
            revision=revision,
            ordinal=ordinal,
            start=ordinal,
            end=ordinal + 1,
            section=("Resolution",),
            audience=("*",),
            labels=("it",),
            source="fake:wiki",
            dense=EMBEDDER.embed_query(f"step {ordinal} of {number}"),
            bm25=TERMS.document(f"step {ordinal} of {number}"),
        )
        for ordinal in range(chunks)
    ]


POINTS = [point for number in range(ARTICLES) for point in article(number)]
WANTED = {f"kb/{number}": Built("r1", 1, CHUNKS) for number in range(ARTICLES)}


def live(ids, audience=("*",), labels=("it",)) -> dict[str, IndexedArticle]:
    """Say what a catalog says: articles with these readers and labels."""
    known = {
        "title": "T",
        "url": None,
        "version": None,
        "revision": "r1",
        "indexed_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    metadata = ArticleMetadata(audience=audience, labels=labels)
    return {key: IndexedArticle(article_id=key, source="fake:wiki", metadata=metadata, **known) for key in ids}


def filled(points: list[Point]) -> CountingStore:
    store = CountingStore(16)
    store.upsert(points)
    store.written = 0
    return store


def contents(store: MemoryStore) -> dict[str, tuple[object, ...]]:
    return {
        point.id: (
            replace(point, dense=None, bm25=None),
            point.dense.tobytes(),
            point.bm25.indices.tobytes(),
            point.bm25.values.tobytes(),
        )
        for point in store.points()
    }


@pytest.fixture(scope="module")
def source() -> MemoryStore:
    store = MemoryStore(16)
    store.upsert(POINTS)
    return store


def test_all_points_are_carried_as_they_are(source) -> None:
    target, counts = filled([]), []
    done = carry(source, target, WANTED, live, Carrying(on_count=counts.append))
    assert (done.points, done.sent, done.done) == (TOTAL, TOTAL, True)
    assert contents(target) == contents(source)
    assert counts == [POINTS_PER_PAGE, 2 * POINTS_PER_PAGE, TOTAL]


def test_what_is_there_already_is_not_written_again(source) -> None:
    target = filled(POINTS)
    done = carry(source, target, WANTED, live, Carrying())
    assert (done.sent, target.written, done.done) == (0, 0, True)


def off_by_nothing(point: Point) -> Point:
    return replace(point, dense=(point.dense * np.float32(1 + 1e-7)).astype(np.float32))


OTHERWISE = {
    "vector": lambda point: replace(point, dense=EMBEDDER.embed_query("by another model")),
    "terms": lambda point: replace(point, bm25=TERMS.document("other words")),
    "term weights": lambda point: replace(point, bm25=replace(point.bm25, values=point.bm25.values * 2)),
    "readers": lambda point: replace(point, audience=("hr",)),
    "labels": lambda point: replace(point, labels=()),
    "place": lambda point: replace(point, end=9),
    "section": lambda point: replace(point, section=()),
}


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_a_point_that_differs_in_anything_is_written_over(source, change) -> None:
    target = filled([change(POINTS[0]), *POINTS[1:]])
    assert carry(source, target, WANTED, live, Carrying()).sent == target.written == 1
    assert contents(target) == contents(source)


def for_hr(ids):
    return live(ids, audience=("hr",), labels=("payroll",))


def test_who_may_read_is_said_by_the_catalog_and_not_by_a_source_that_was_left_behind(source) -> None:
    target = filled([])
    carry(source, target, WANTED, live, Carrying())
    for key in WANTED:
        target.set_access(key, ("hr",), ("payroll",))
    target.written = 0
    assert carry(source, target, WANTED, for_hr, Carrying()).sent == target.written == 0
    assert {(point.audience, point.labels) for point in target.points()} == {(("hr",), ("payroll",))}


def test_access_that_the_target_has_missed_is_brought_over(source) -> None:
    target = filled(POINTS)
    assert carry(source, target, WANTED, for_hr, Carrying()).sent == TOTAL
    assert {(point.audience, point.labels) for point in target.points()} == {(("hr",), ("payroll",))}


def test_a_rounding_is_no_difference(source) -> None:
    target = filled([off_by_nothing(point) for point in POINTS])
    assert carry(source, target, WANTED, live, Carrying()).sent == 0


def test_what_is_not_wanted_is_neither_carried_nor_kept() -> None:
    source = filled([*article(1), *article(1, "r0"), *article(2)])
    target = filled([*article(1, "r0"), *article(3), *article(1, chunks=CHUNKS + 1)])
    done = carry(source, target, {"kb/1": Built("r1", 1, CHUNKS)}, live, Carrying())
    assert (done.points, done.done) == (CHUNKS, True)
    assert target.revisions() == {("kb/1", "r1"): CHUNKS}


@pytest.mark.parametrize("page", range(1, PAGES + 1))
def test_a_killed_attempt_is_gone_on_with(source, page) -> None:
    target = filled([])
    with pytest.raises(Killed):
        carry(source, target, WANTED, live, Carrying(on_step=killed_after("page_written", page)))
    there = target.count()
    assert there == min(page * POINTS_PER_PAGE, TOTAL)
    assert carry(source, target, WANTED, live, Carrying()).sent == TOTAL - there
    assert contents(target) == contents(source)


def test_a_stopped_attempt_is_not_done(source) -> None:
    target, taken = filled([]), []
    how = Carrying(should_stop=lambda: taken.count("page_written") == 1, on_step=taken.append)
    done = carry(source, target, WANTED, live, how)
    assert (done.points, done.sent, done.done) == (TOTAL, POINTS_PER_PAGE, False)
    assert "counted" not in taken


def test_what_the_source_lacks_is_said_before_anything_is_written() -> None:
    source, target = filled([*article(1), *article(2, chunks=2)]), filled([])
    wanted = {"kb/1": Built("r1", 1, CHUNKS), "kb/2": Built("r1", 1, CHUNKS)}
    with pytest.raises(StoreError, match=r"vectors of 1 of 2 articles .*'kb/2'.*`runcite ingest SOURCE`"):
        carry(source, target, wanted, live, Carrying())
    assert target.written == 0


class LosingStore(CountingStore):
    """Takes all that it is sent, and has not kept one article when it is asked."""

    def flush(self):
        self.delete_revision("kb/7", "r1")
        super().flush()


def test_what_the_target_has_lost_is_noticed_before_it_is_said_to_be_done(source) -> None:
    taken = Counter()
    target = LosingStore(16)
    with pytest.raises(StoreError, match=rf"{TOTAL - CHUNKS} points are there, expected {TOTAL}; 'kb/7'"):
        carry(source, target, WANTED, live, Carrying(on_step=lambda step: taken.update([step])))
    assert taken["counted"] == 0


def test_room_is_asked_for_before_each_page_that_is_written(source) -> None:
    taken = []
    target = filled(POINTS[: POINTS_PER_PAGE // 2])
    carry(source, target, WANTED, live, Carrying(on_step=taken.append, require_room=lambda: taken.append("room")))
    assert [step for step in taken if step in ("room", "page_written")] == ["room", "page_written"] * PAGES
