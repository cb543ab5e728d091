import asyncio
import json

import pytest

from api.events import Pace, position_of, watch
from api.runs import LINES_PER_GLIMPSE, Glimpse
from api.schemas import ArticleReportV1, IngestRunV1
from tests.unit.api.doubles import WHEN

FAST = Pace(look_s=0.0, heartbeat_s=1e9)


def a_glimpse(state="running", lines=(), met=0, latest=None) -> Glimpse:
    run = IngestRunV1(
        id="R1", state=state, source="folder:/kb", started_at=WHEN, finished_at=None, articles_met=met,
        articles_total=9, outcomes={"indexed": met} if met else {}, chunks_embedded=met, error=None,
    )  # fmt: skip
    return Glimpse(run, tuple((number, a_line(number)) for number in lines), latest)


def a_line(number) -> ArticleReportV1:
    return ArticleReportV1(article_id=f"a{number}", outcome="indexed", reason="", warnings=())


def collect(glimpses, after=0, pace=FAST, until=None):
    """Watch a run that stands as these glimpses tell; returns (event, id, data) of each, and positions asked for."""
    asked = []
    left = iter(glimpses)

    async def look(position):
        asked.append(position)
        return next(left)

    async def should_end():
        return until is not None and len(asked) >= until

    async def run():
        return b"".join([part async for part in watch(look, after, should_end, pace)]).decode()

    said = asyncio.run(run())
    return [parse(block) for block in said.split("\n\n") if block], asked


def parse(block):
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    return fields.get("event"), fields.get("id"), json.loads(fields["data"]) if "data" in fields else block


def test_a_run_is_told_from_its_begin_to_its_end():
    events, asked = collect(
        [
            a_glimpse("queued"),
            a_glimpse(lines=(1, 2), met=2, latest="a2"),
            a_glimpse(met=2, latest="a2"),
            a_glimpse("done", lines=(3,), met=5),
        ]
    )
    assert [(name, event_id) for name, event_id, _ in events] == [
        (None, None),
        ("state", "0"), ("progress", "0"),
        ("state", "0"), ("article", "1"), ("article", "2"), ("progress", "2"),
        ("state", "2"), ("article", "3"), ("progress", "3"), ("done", "done"),
    ]  # fmt: skip
    assert asked == [0, 0, 2, 2]
    assert events[6][2] == {"articles_met": 2, "articles_total": 9, "outcomes": {"indexed": 2}, "latest_article": "a2"}
    assert (events[-1][2]["state"], events[-1][2]["outcomes"]) == ("done", {"indexed": 5})


def test_who_comes_back_gets_what_was_missed():
    events, asked = collect([a_glimpse("done", lines=(4, 5), met=5)], after=3)
    assert asked == [3]
    assert [event_id for name, event_id, _ in events if name == "article"] == ["4", "5"]


def test_the_end_waits_for_the_last_line():
    full = range(1, LINES_PER_GLIMPSE + 1)
    events, _ = collect([a_glimpse("done", lines=full), a_glimpse("done", lines=(501,)), a_glimpse("done")])
    names = [name for name, _, _ in events]
    assert (names.count("article"), names[-1], names.count("done")) == (501, "done", 1)


def test_silence_is_broken_by_a_comment():
    events, _ = collect([a_glimpse()] * 8, pace=Pace(look_s=0.001, heartbeat_s=0.003), until=7)
    assert [block for _, _, block in events if block == ": ping"] == [": ping", ": ping"]


def test_a_stream_that_nobody_listens_to_ends_without_an_end():
    events, asked = collect([a_glimpse()] * 3, until=2)
    assert len(asked) == 2
    assert "done" not in [name for name, _, _ in events]


@pytest.mark.parametrize(
    ("sent", "position"),
    [(None, 0), ("", 0), ("0", 0), (" 12 ", 12), ("done", 0), ("-1", 0), ("1e3", 0), ("9" * 50, 0), ("²", 0)],
)
def test_an_id_that_is_not_ours_means_from_the_begin(sent, position):
    assert position_of(sent) == position
