from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import combine, read_metadata
from ingest.models import EVERYONE, ArticleMetadata, Interval, ReviewDates


@pytest.mark.parametrize(
    ("fields", "attribute", "expected"),
    [
        ({}, "audience", (EVERYONE,)),
        ({"Owner": " netops "}, "owner", "netops"),
        ({"owner_slack": "#2ndline"}, "owner", "#2ndline"),
        ({"owners": ["ann", "bob"]}, "owner", "ann, bob"),
        ({"owner": None, "owner_slack": "#2ndline"}, "owner", "#2ndline"),
        ({"labels": "vpn, wifi", "tags": ["wifi", "net"]}, "labels", ("vpn", "wifi", "net")),
        ({"symptoms": "drops, often; never connects"}, "symptoms", ("drops, often", "never connects")),
        ({"symptoms": ["VPN drops, then reconnects"]}, "symptoms", ("VPN drops, then reconnects",)),
        ({"audience": "IT, Ops"}, "audience", ("IT", "Ops")),
        ({"audience": "Everyone"}, "audience", (EVERYONE,)),
        ({"Superseded By": "vpn-new"}, "superseded_by", "vpn-new"),
        ({"superseded_by": None}, "superseded_by", None),
        ({"status": "Archived"}, "status", "archived"),
        ({"status": "deprecated"}, "status", "archived"),
        ({"status": "Approved"}, "status", "published"),
        ({"draft": "true"}, "status", "draft"),
        ({"draft": False}, "status", "published"),
        ({"published": False}, "status", "draft"),
        ({"priority": "p1"}, "priority", "P1"),
        ({"priority": 2}, "priority", "P2"),
        ({"risk": "Destructive"}, "risk", "destructive"),
        ({"risk": None}, "risk", None),
        ({"requires-identity": "yes"}, "requires_identity", True),
        ({"requires_identity": False}, "requires_identity", False),
        ({"category": "net\u200bwork"}, "category", "network"),
    ],
)
def test_understands(fields: dict[str, object], attribute: str, expected: object) -> None:
    reading = read_metadata(fields)
    assert getattr(reading.metadata, attribute) == expected
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("fields", "attribute", "expected"),
    [
        pytest.param({"status": "someday"}, "status", "draft", id="status"),
        pytest.param({"status": None}, "status", "draft", id="empty-status"),
        pytest.param({"draft": "perhaps"}, "status", "draft", id="draft"),
        pytest.param({"audience": None}, "audience", (), id="empty-audience"),
        pytest.param({"audience": ""}, "audience", (), id="blank-audience"),
        pytest.param({"audience": []}, "audience", (), id="audience-of-nobody"),
        pytest.param({"audience": {"group": "it"}}, "audience", (), id="audience-mapping"),
        pytest.param({"audience": [["it"]]}, "audience", (), id="audience-nested"),
        pytest.param({"audience": 7}, "audience", (), id="audience-number"),
        pytest.param({"risk": "spicy"}, "risk", "high", id="risk"),
        pytest.param({"requires_identity": "maybe"}, "requires_identity", True, id="identity"),
        pytest.param({"requires_identity": None}, "requires_identity", True, id="empty-identity"),
        pytest.param({"priority": "urgent"}, "priority", None, id="priority"),
        pytest.param({"labels": 7}, "labels", (), id="labels"),
    ],
)
def test_fails_closed_and_says_so(fields: dict[str, object], attribute: str, expected: object) -> None:
    reading = read_metadata(fields)
    assert getattr(reading.metadata, attribute) == expected
    (warning,) = reading.warnings
    assert "expected" in warning


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"Last-Reviewed": "2026-10-01", "review every": "6 months"},
            ReviewDates(date(2026, 10, 1), Interval(months=6)),
            id="aliases",
        ),
        pytest.param({"expires": date(2027, 1, 1)}, ReviewDates(valid_until=date(2027, 1, 1)), id="valid-until"),
        pytest.param({"valid_until": "never"}, ReviewDates(), id="never"),
        pytest.param({"review_by": "2027-01-01"}, ReviewDates(valid_until=date(2027, 1, 1)), id="review-by-alone"),
        pytest.param(
            {"reviewed": "2026-10-01", "review_by": "2026-10-31"},
            ReviewDates(date(2026, 10, 1), Interval(days=30)),
            id="review-by-gives-the-interval",
        ),
        pytest.param(
            {"reviewed": "2026-10-01", "review_in": "1 week", "review_by": "2026-12-01"},
            ReviewDates(date(2026, 10, 1), Interval(days=7)),
            id="the-shorter-interval-counts",
        ),
    ],
)
def test_reads_dates(fields: dict[str, object], expected: ReviewDates) -> None:
    assert read_metadata(fields).metadata.dates == expected


@pytest.mark.parametrize(
    ("fields", "malformed"),
    [
        ({"last_reviewed_on": "2026-13-45"}, "last_reviewed_on: '2026-13-45'"),
        ({"reviewed": "01/02/2026"}, "last_reviewed_on: '01/02/2026'"),
        ({"review_in": "soonish"}, "review_in: 'soonish'"),
        ({"valid_until": ["2026-01-01"]}, "valid_until: \"['2026-01-01']\""),
        ({"reviewed": "2026-10-01", "review_by": "2026-09-01"}, "review_by: 2026-09-01 is not after"),
    ],
)
def test_a_date_that_cannot_be_read_is_malformed_rather_than_absent(fields: dict[str, object], malformed: str) -> None:
    (entry,) = read_metadata(fields).metadata.dates.malformed
    assert entry.startswith(malformed)


def test_two_names_for_one_thing_that_differ_are_reported() -> None:
    reading = read_metadata({"expires": "2027-01-01", "valid_until": "2028-01-01"})
    assert reading.metadata.dates.valid_until == date(2028, 1, 1)
    assert "say different things" in reading.warnings[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["audience", "risk", "review_by", *ArticleMetadata.__slots__, *ReviewDates.__slots__, "draft"])


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_no_value_breaks_the_reader_or_opens_an_article(fields: dict[str, Any]) -> None:
    metadata = read_metadata(fields).metadata
    assert isinstance(metadata, ArticleMetadata)
    if fields.get("audience", "x") is None:
        assert metadata.audience == ()


@pytest.mark.parametrize(
    ("own", "stated", "expected"),
    [
        ({}, {"audience": ["it-ops"]}, ("it-ops",)),
        ({"audience": ["it-ops"]}, {}, ("it-ops",)),
        ({"audience": ["it-ops", "hr"]}, {"audience": ["hr", "legal"]}, ("hr",)),
        ({"audience": ["it-ops"]}, {"audience": ["hr"]}, ()),
        ({}, {"audience": []}, ()),
        ({}, {}, ("*",)),
    ],
    ids=["source-restricts", "document-restricts", "both", "nobody-is-in-both", "source-unknown", "neither"],
)
def test_document_and_source_must_both_let_a_reader_in(own, stated, expected):
    assert combine(read_metadata(own).metadata, read_metadata(stated).metadata).audience == expected


def test_the_stricter_statement_of_document_and_source_holds():
    own = {"status": "published", "valid_until": "2027-01-01", "owner": "netops", "labels": ["vpn"]}
    stated = {"status": "archived", "valid_until": "2026-06-01", "owner": "wiki", "labels": ["vpn", "runbook"]}
    both = combine(read_metadata(own).metadata, read_metadata(stated).metadata)
    assert (both.status, both.dates.valid_until, both.owner) == ("archived", date(2026, 6, 1), "netops")
    assert both.labels == ("vpn", "runbook")
    garbled = combine(read_metadata({}).metadata, read_metadata({"last_reviewed_on": "soon"}).metadata)
    assert garbled.dates.malformed
