import time

import pytest

from api.errors import BusyError, NotFoundError, UsageError
from api.runs import LINES_IN_MEMORY, LINES_PER_GLIMPSE, MAX_WAITING, RunQueue
from api.schemas import IngestRunIn, ReindexRunIn
from index.errors import StoreError
from index.models import ArticleReport
from index.runs import RunQuery


@pytest.fixture
def runs(runtime):
    queue = RunQueue(runtime)
    queue.start()
    yield queue
    runtime.may_finish.set()
    queue.stop()


def finished(runs, run_id):
    deadline = time.monotonic() + 5
    while (run := runs.get(run_id)).state in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return run


def test_a_run_ends_with_its_report(runs, tmp_path):
    run = finished(runs, runs.submit(IngestRunIn(source=str(tmp_path))).id)
    assert (run.state, run.articles_met, run.articles_total) == ("done", 1, 1)
    assert run.source == f"folder:{tmp_path}"
    assert runs.glimpse(run.id, after=0).lines[0][1].article_id == "network/vpn"


def test_runs_work_one_at_a_time_in_their_order(runs, runtime, tmp_path):
    runtime.may_finish.clear()
    first, second = (runs.submit(IngestRunIn(source=str(tmp_path))) for _ in range(2))
    while not runtime.ingested:
        time.sleep(0.005)
    assert runs.get(second.id).state == "queued"
    runtime.may_finish.set()
    assert finished(runs, second.id).state == finished(runs, first.id).state == "done"


def test_our_error_is_told_and_another_is_not(runs, runtime, tmp_path, caplog):
    runtime.fails_with = StoreError("the disk is full")
    assert finished(runs, runs.submit(IngestRunIn(source=str(tmp_path))).id).error == "the disk is full"
    runtime.fails_with = ZeroDivisionError("secret detail")
    run = finished(runs, runs.submit(IngestRunIn(source=str(tmp_path))).id)
    assert "secret detail" not in (run.error or "")
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("source", ["relative/path", "/nonexistent/folder", "confluence+https://x"])
def test_a_source_that_cannot_be_is_refused_at_once(runs, source):
    with pytest.raises(UsageError, match="expected"):
        runs.submit(IngestRunIn(source=source))


def test_too_many_waiting_are_refused(runs, runtime, tmp_path):
    runtime.may_finish.clear()
    job = IngestRunIn(source=str(tmp_path))
    runs.submit(job)
    while not runtime.ingested:
        time.sleep(0.005)
    for _ in range(MAX_WAITING):
        runs.submit(job)
    with pytest.raises(BusyError):
        runs.submit(job)


def test_an_unknown_run_is_not_found(runs):
    with pytest.raises(NotFoundError):
        runs.get("nope")


def test_a_run_is_known_by_the_id_that_was_handed_out(runs, runtime, tmp_path):
    run = finished(runs, runs.submit(IngestRunIn(source=str(tmp_path))).id)
    assert [one.id for one in runtime.history.page(RunQuery()).runs] == [run.id]


def test_a_watcher_misses_no_line_however_far_behind(runs, runtime, tmp_path):
    runtime.lines = tuple(ArticleReport(f"{number}", "indexed") for number in range(LINES_IN_MEMORY + 700))
    runtime.may_finish.clear()
    run_id = runs.submit(IngestRunIn(source=str(tmp_path))).id
    while len(runtime.ingested) < len(runtime.lines):
        time.sleep(0.005)
    seen = []
    while glimpse := runs.glimpse(run_id, len(seen)).lines:
        assert len(glimpse) <= LINES_PER_GLIMPSE
        seen += glimpse
    assert runs.get(run_id).articles_met == len(runtime.lines)
    runtime.may_finish.set()
    finished(runs, run_id)
    assert [position for position, _ in seen] == list(range(1, len(runtime.lines) + 1))
    assert [line.article_id for _, line in seen] == [line.article_id for line in runtime.lines]
    # Over, it is read from the catalog alone, in the same order under the same positions.
    assert runs.glimpse(run_id, len(seen) - 3).lines == tuple(seen[-3:])


def test_no_run_is_left_open_when_the_queue_stops(runtime, tmp_path):
    runs = RunQueue(runtime)
    runs.start()
    runtime.may_finish.clear()
    ids = [runs.submit(IngestRunIn(source=str(tmp_path))).id for _ in range(2)]
    while not runtime.ingested:
        time.sleep(0.005)
    runs.stop_when(lambda: True)
    runtime.may_finish.set()
    runs.stop()
    assert [runtime.history.get(run_id).state for run_id in ids] == ["interrupted", "interrupted"]


@pytest.mark.parametrize(("embedding", "source"), [("e5-small-v2", "reindex:e5-small-v2"), (None, "reindex:auto")])
def test_building_the_index_anew_is_a_run_that_waits_its_turn(runs, runtime, tmp_path, embedding, source):
    runtime.may_finish.clear()
    before = runs.submit(IngestRunIn(source=str(tmp_path)))
    run = runs.submit_reindex(ReindexRunIn(embedding=embedding))
    assert (run.state, run.source) == ("queued", source)
    assert runtime.reindexed == []
    runtime.may_finish.set()
    assert finished(runs, run.id).state == finished(runs, before.id).state == "done"
    assert runtime.reindexed == [embedding]


def test_a_run_is_over_once_what_it_made_answers_and_not_before(runs, runtime, tmp_path):
    runtime.may_return.clear()
    run_id = runs.submit(IngestRunIn(source=str(tmp_path))).id
    deadline = time.monotonic() + 5
    while runtime.history.get(run_id).state != "done":
        assert time.monotonic() < deadline
        time.sleep(0.005)
    run = runs.get(run_id)
    assert (run.state, run.finished_at) == ("running", None)
    assert not runs.glimpse(run_id, after=0).is_last
    runtime.may_return.set()
    assert finished(runs, run_id).state == "done"
