from pathlib import Path

import pytest

from index import runs
from index.catalog import Catalog
from index.errors import StoreError
from index.journal import LINES_PER_WRITE, STOPPED, Journal, recorded
from index.models import ArticleReport
from index.runs import CUT_OFF, RunLog, RunQuery

WIKI = "fake:wiki"


@pytest.fixture
def catalog(tmp_path: Path):
    made = Catalog.open(tmp_path / "catalog.sqlite")
    yield made
    made.close()


@pytest.fixture
def log(catalog: Catalog) -> RunLog:
    return catalog.run_log


def run(log: RunLog, run_id: str, *lines: ArticleReport, source: str = WIKI) -> None:
    with recorded(log, run_id, source) as journal:
        for line in lines:
            journal.note(line)
        journal.write("done")


def ids(log: RunLog, **query) -> list[str]:
    return [record.run_id for record in log.latest(RunQuery(**query))]


def outcomes(log: RunLog, run_id: str, **query) -> list[tuple[int, str]]:
    return [(position, line.article_id) for position, line in log.lines(run_id, **query)]


def test_a_run_is_there_from_its_begin_on(log: RunLog) -> None:
    log.enter("R1", "/srv/kb", "queued")
    assert (log.get("R1").state, log.get("R1").finished_at) == ("queued", None)
    with recorded(log, "R1", WIKI) as journal:
        assert (log.get("R1").state, log.get("R1").source) == ("running", WIKI)
        journal.articles_total = 3
        journal.note(ArticleReport("a", "indexed"))
        journal.write()
        assert (log.get("R1").outcomes, log.get("R1").articles_total) == ({"indexed": 1}, 3)
        journal.note(ArticleReport("b", "failed", "broken", ("odd",)))
        journal.write("done")
    record = log.get("R1")
    assert (record.state, record.outcomes) == ("done", {"indexed": 1, "failed": 1})
    assert record.finished_at >= record.started_at
    assert log.lines("R1") == [
        (1, ArticleReport("a", "indexed")),
        (2, ArticleReport("b", "failed", "broken", ("odd",))),
    ]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (StoreError("the disk is full"), "failed", "the disk is full"),
        (ZeroDivisionError("secret"), "failed", "It ended by an unexpected ZeroDivisionError."),
        (KeyboardInterrupt(), "interrupted", STOPPED),
    ],
    ids=["ours", "a-bug", "ctrl-c"],
)
def test_an_error_ends_the_record_too_and_keeps_what_was_done(log: RunLog, error, state, said) -> None:
    def work() -> None:
        with recorded(log, "R1", WIKI) as journal:
            journal.note(ArticleReport("a", "indexed"))
            raise error

    with pytest.raises(type(error)):
        work()
    assert (log.get("R1").state, log.get("R1").error) == (state, said)
    assert outcomes(log, "R1") == [(1, "a")]


def test_what_a_dead_process_left_open_is_interrupted(log: RunLog) -> None:
    log.enter("R1", "/srv/kb", "queued")
    log.enter("R2", WIKI, "running")
    run(log, "R3")
    log.close_open()
    assert [(one.state, one.error) for one in log.latest(RunQuery())] == [
        ("done", None),
        ("interrupted", CUT_OFF),
        ("interrupted", CUT_OFF),
    ]


def test_what_is_unchanged_is_only_counted_unless_it_says_something(log: RunLog) -> None:
    run(log, "R1", ArticleReport("a", "unchanged"), ArticleReport("b", "unchanged", "", ("odd",)))
    assert log.get("R1").outcomes == {"unchanged": 2}
    assert outcomes(log, "R1") == [(1, "b")]


def test_lines_come_page_by_page_and_by_outcome(log: RunLog) -> None:
    run(log, "R1", *(ArticleReport(f"{n}", "failed" if n % 2 else "indexed") for n in range(10)))
    assert outcomes(log, "R1", limit=2) == [(1, "0"), (2, "1")]
    assert outcomes(log, "R1", after=2, limit=2) == [(3, "2"), (4, "3")]
    assert outcomes(log, "R1", after=4, outcome="failed") == [(6, "5"), (8, "7"), (10, "9")]
    assert outcomes(log, "nope") == []


def test_runs_are_found_by_source_state_and_age(log: RunLog) -> None:
    run(log, "R1", source="folder:/kb/50%_off")
    run(log, "R2", source="folder:/kb/other")
    log.enter("R3", "/gone", "failed", "not there")
    assert ids(log) == ["R3", "R2", "R1"]
    assert ids(log, source="kb") == ["R2", "R1"]
    assert ids(log, source="%_") == ["R1"]
    assert ids(log, states=("failed",)) == ["R3"]
    assert ids(log, before="R3", limit=1) == ["R2"]


def test_many_lines_do_not_wait_for_the_next_batch(log: RunLog) -> None:
    log.enter("R1", WIKI, "running")
    journal = Journal(log, "R1", WIKI)
    for number in range(LINES_PER_WRITE + 1):
        journal.note(ArticleReport(f"{number}", "skipped", "too large"))
    assert len(log.lines("R1", limit=10_000)) == LINES_PER_WRITE


def test_history_does_not_grow_for_ever(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUNS_KEPT", 20)
    monkeypatch.setattr(runs, "RUNS_WITH_LINES", 5)
    log = catalog.run_log
    run(log, "0-other", ArticleReport("x", "indexed"), source="fake:other")
    for number in range(100):
        said = [ArticleReport("a", "failed", "broken")] if number % 2 else [ArticleReport("a", "unchanged")]
        run(log, f"R{number:03}", *said)
    log.enter("R100", WIKI, "running")
    assert ids(log, limit=1_000) == [*(f"R{number:03}" for number in range(100, 80, -1)), "0-other"]
    assert [one for one in ids(log, limit=1_000) if log.lines(one)] == [
        "R099",
        "R097",
        "R095",
        "R093",
        "R091",
        "0-other",
    ]
    assert log.get("R081").outcomes == {"failed": 1}


def test_hundreds_of_quiet_runs_over_a_large_source_cost_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog.open(path)
    unchanged = [ArticleReport(f"{n}", "unchanged") for n in range(1_000)]
    for number in range(300):
        run(catalog.run_log, f"R{number:03}", *unchanged)
    catalog.close()
    assert path.stat().st_size < 400_000
