from datetime import UTC, date, datetime

import pytest

from ingest.attachments import attachment_id, below, inherit, media_type_of, too_large
from ingest.models import ArticleMetadata, Interval, ReviewDates

REVIEWED = ReviewDates(last_reviewed_on=date(2026, 10, 1), review_in=Interval(months=6))


def at(day: int, month: int = 9, **more: object) -> ReviewDates:
    return ReviewDates(last_modified=datetime(2026, month, day, 12, tzinfo=UTC), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "reviewed"),
    [
        (at(15), date(2026, 10, 1)),
        (at(1, 10), date(2026, 10, 1)),
        (at(2, 10), None),
        (ReviewDates(), None),
        (at(15, last_reviewed_on=date(2026, 3, 1)), date(2026, 3, 1)),
        (at(15, last_reviewed_on=date(2026, 11, 1)), date(2026, 10, 1)),
        (at(2, 10, last_reviewed_on=date(2026, 11, 1)), date(2026, 11, 1)),
    ],
    ids=["before", "same day", "uploaded after the review", "unknown day", "own earlier", "own later", "own alone"],
)
def test_a_review_of_the_page_covers_the_files_that_were_there(own, reviewed):
    joined = inherit(ArticleMetadata(dates=own), ArticleMetadata(dates=REVIEWED)).dates
    assert joined.last_reviewed_on == reviewed
    assert joined.last_modified == own.last_modified


@pytest.mark.parametrize(
    ("own", "page", "shorter"),
    [
        (None, Interval(months=6), Interval(months=6)),
        (Interval(days=30), Interval(months=6), Interval(days=30)),
        (Interval(months=12), Interval(months=6), Interval(months=6)),
        (None, None, None),
    ],
)
def test_the_shorter_interval_counts(own, page, shorter):
    joined = inherit(
        ArticleMetadata(dates=ReviewDates(review_in=own)), ArticleMetadata(dates=ReviewDates(review_in=page))
    )
    assert joined.dates.review_in == shorter


def test_symptoms_stay_the_file_s_own_for_they_are_embedded():
    joined = inherit(ArticleMetadata(symptoms=("a",), attached_to="p"), ArticleMetadata(symptoms=("b",)))
    assert (joined.symptoms, joined.attached_to) == (("a",), "p")


@pytest.mark.parametrize(
    ("name", "known"), [("a.PDF", True), ("a.docx", True), ("a.md", True), ("a.png", False), ("a", False), ("", False)]
)
def test_only_what_can_be_read_is_an_article(name, known):
    assert (media_type_of(name) is not None) is known


def test_text_may_be_smaller_than_what_holds_pictures():
    assert too_large("a.pdf", 6_000_000) is None
    assert "the limit is 20,971,520" in str(too_large("a.pdf", 21_000_000))
    assert "the limit is 5,242,880" in str(too_large("a.txt", 6_000_000))


def test_ids_lie_below_the_page():
    assert attachment_id("confluence/IT/1", "att7").startswith(below("confluence/IT/1"))
