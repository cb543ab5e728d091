import pytest

from api.errors import NotFoundError, UsageError
from index import runs as bounds
from index.journal import recorded
from index.models import ArticleReport
from index.runs import RunQuery


def run(runtime, run_id, *lines, state="done"):
    with recorded(runtime.catalog.run_log, run_id, "folder:/kb") as journal:
        for line in lines:
            journal.note(line)
        journal.write(state)


def test_every_run_is_on_one_page(runtime):
    for number in range(7):
        run(runtime, f"R{number}")
    seen, cursor = [], None
    while True:
        page = runtime.history.page(RunQuery(limit=3, before=cursor))
        seen.append([one.id for one in page.runs])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [["R6", "R5", "R4"], ["R3", "R2", "R1"], ["R0"]]


def test_every_line_is_on_one_page(runtime):
    lines = [ArticleReport(f"{n}", "failed" if n % 3 == 0 else "indexed") for n in range(10)]
    run(runtime, "R1", *lines)
    for outcome, expected in ((None, lines), ("failed", lines[::3])):
        seen, cursor = [], None
        while True:
            page = runtime.history.articles("R1", outcome=outcome, cursor=cursor, limit=2)
            assert page.kept
            seen += [line.article_id for line in page.articles]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [line.article_id for line in expected]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.0", "²", "9" * 30])
def test_a_cursor_that_is_none_is_refused(runtime, cursor):
    run(runtime, "R1")
    with pytest.raises(UsageError, match="next_cursor"):
        runtime.history.articles("R1", cursor=cursor)


def test_an_unknown_run_is_not_found(runtime):
    for ask in (runtime.history.get, runtime.history.articles):
        with pytest.raises(NotFoundError, match="'nope'"):
            ask("nope")


def test_what_is_only_counted_any_more_says_so(runtime, monkeypatch):
    monkeypatch.setattr(bounds, "RUNS_WITH_LINES", 1)
    run(runtime, "R0", ArticleReport("a", "unchanged"))
    run(runtime, "R1", ArticleReport("a", "failed", "broken"))
    run(runtime, "R2", ArticleReport("a", "failed", "broken"))
    run(runtime, "R3", ArticleReport("a", "unchanged"))
    assert [runtime.history.articles(f"R{n}").kept for n in range(4)] == [True, False, True, True]
    assert runtime.history.get("R1").outcomes == {"failed": 1}


def test_a_run_seems_to_go_on_only_while_its_process_holds_the_home(runtime):
    runtime.history.queue("R1", "/kb")
    assert runtime.history.get("R1").state == "queued"
    runtime.lock.release()
    seen = runtime.history.get("R1")
    assert (seen.state, seen.finished_at) == ("interrupted", None)
    assert "process ended" in seen.error
