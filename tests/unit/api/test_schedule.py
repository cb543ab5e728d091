import time
from types import SimpleNamespace

import pytest

from api.errors import UsageError
from api.runs import RunQueue
from api.schedule import Beat, Schedule, parse_interval
from index.runs import RunQuery


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("1h30m", 5400), ("10s", 10), ("1d", 86400), ("1d2h3m4s", 93784), (" 2H ", 7200), ("90m", 5400)],
)
def test_an_interval_is_read(text, seconds):
    assert parse_interval(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "m",
        "30 m",
        "30m1h",
        "1.5h",
        "-30m",
        "30m30m",
        "half an hour",
        "٣m",
        "0m",
        "9s",
        "367d",
        "9" * 40 + "m",
    ],
)
def test_what_is_no_interval_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="30m") as caught:
        parse_interval(text)
    assert repr(text) in str(caught.value)


def test_beats_lie_on_a_grid_however_long_the_work_takes():
    clock = SimpleNamespace(now=1000.0)
    beat = Beat(60, lambda: clock.now)
    starts = []
    for work_s in (0.5, 59.9, 61.0, 0.0, 200.0, 30.0):
        starts.append(clock.now - 1000)
        clock.now += work_s
        wait_s = beat.wait_s()
        assert 0 < wait_s <= 60
        clock.now += wait_s
    assert starts == pytest.approx([0, 60, 120, 240, 300, 540])


@pytest.fixture
def runs(runtime):
    queue = RunQueue(runtime)
    queue.start()
    yield queue
    runtime.may_finish.set()
    queue.stop()


@pytest.fixture
def schedule(runs, runtime):
    made = []

    def start(sources, every_s):
        made.append(Schedule(runs, runtime.history, sources, every_s))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_source_has_its_turn_at_every_beat(schedule, runtime, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    sources = [str(tmp_path / "a"), str(tmp_path / "b")]
    schedule(sources, 0.05)
    until(lambda: all(runtime.ingested.count(source) >= 3 for source in sources))
    assert runtime.ingested[:2] == sources


def test_a_source_whose_run_goes_on_is_left_out(schedule, runtime, runs, tmp_path):
    runtime.may_finish.clear()
    schedule([str(tmp_path)], 0.01)
    until(lambda: runtime.ingested)
    time.sleep(0.1)
    assert len(runtime.history.page(RunQuery()).runs) == 1


def test_without_an_interval_it_is_done_once(schedule, runtime, tmp_path):
    schedule([str(tmp_path)], None)
    until(lambda: runtime.ingested)
    time.sleep(0.05)
    assert len(runtime.ingested) == 1


def test_a_source_that_is_gone_is_remembered_and_ends_nothing(schedule, runtime, tmp_path):
    gone = tmp_path / "gone"
    schedule([str(gone)], 0.02)
    until(lambda: len(runtime.history.page(RunQuery(states=("failed",))).runs) >= 2)
    gone.mkdir()
    until(lambda: runtime.ingested)
    assert "does not exist" in runtime.history.page(RunQuery(states=("failed",))).runs[0].error
