import time

import pytest

from api.errors import BusyError, NotFoundError, UsageError
from api.runs import MAX_WAITING, RunQueue
from api.schemas import IngestRunIn
from index.errors import StoreError


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
