"""`runcite ingest --every`: real runs, one after the other, whatever becomes of each."""

import json
import shutil
import signal
import subprocess
import threading

import pytest

from api.bootstrap import open_runtime
from api.cli.every import repeat
from api.cli.options import Session
from api.cli.sync import Job
from api.cli.terminal import open_terminal
from api.cli.watcher import RunWatcher
from api.errors import UsageError
from api.settings import Settings
from index.lock import HomeLock, is_held
from tests.integration.conftest import PAGES
from tests.integration.test_http_server import COMMAND

pytestmark = pytest.mark.integration


@pytest.fixture
def beats(home, capsys):
    """Repeat an ingest for so many beats; returns the JSON line of each, and what was said besides."""

    def run(*sources, times, between=lambda _number: None):
        seen = []

        def should_stop() -> bool:
            # Asked again and again; what counts is how many lines have been written.
            written = capsys.readouterr().out
            for line in written.splitlines():
                seen.append(json.loads(line))
                between(len(seen))
            return len(seen) >= times

        session = Session(Settings(home=home, embedding="bundled"), open_terminal())
        job = Job(tuple(map(str, sources)), allow_mass_delete=False, should_stop=should_stop)
        repeat(session, job, RunWatcher(session.terminal, lists=False), 0.05, as_json=True)
        return seen

    return run


def test_one_line_of_json_per_beat_and_the_home_is_free_in_between(beats, pages, home):
    held = []

    def look(_number):
        held.append(is_held(home))
        HomeLock.acquire(home, "test").release()

    reports = beats(pages, times=2, between=look)
    assert [[run["outcomes"] for run in report["runs"]] for report in reports] == [[{"unchanged": len(PAGES)}]] * 2
    assert held == [False, False]
    assert [report["errors"] for report in reports] == [[], []]


def test_a_source_that_fails_ends_neither_the_beat_nor_the_loop(beats, pages, tmp_path):
    wiki = shutil.copytree(pages, tmp_path / "wiki")
    other = tmp_path / "other"
    other.mkdir()
    (other / "badge.md").write_text("# Badge readers\n\nHold the badge still.\n")

    def between(number):
        if number == 1:
            shutil.rmtree(wiki)
        if number == 2:
            shutil.copytree(pages, wiki)

    for name in PAGES:
        # Ids of the other source, which this home knows already, would be refused.
        (wiki / name).rename((wiki / name).with_stem("copy-" + (wiki / name).stem))
    reports = beats(wiki, other, times=3, between=between)
    assert [len(report["runs"]) for report in reports] == [2, 1, 2]
    assert [[error["source"] for error in report["errors"]] for report in reports] == [[], [str(wiki)], []]
    assert "does not exist" in reports[1]["errors"][0]["error"]
    assert reports[1]["runs"][0]["outcomes"] == {"unchanged": 1}


def test_a_beat_that_finds_the_home_held_is_left_out(beats, pages, home):
    locks = []

    def between(number):
        if number == 1:
            locks.append(HomeLock.acquire(home, "runcite search"))
        if number == 2:
            locks.pop().release()

    reports = beats(pages, times=3, between=between)
    assert [len(report["runs"]) for report in reports] == [1, 0, 1]
    assert "runcite search" in reports[1]["errors"][0]["error"]
    assert reports[1]["errors"][0]["source"] is None


def test_what_can_never_succeed_ends_it_at_once(beats, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        beats(tmp_path / "nothing", times=1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_schedule_with_success(home, pages, number):
    command = [*COMMAND, "--home", home, "ingest", pages, "--every", "1h", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("Next run at"):
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert err.endswith("Stopped.\n")
    assert [len(json.loads(line)["runs"]) for line in out.splitlines()] == [1]


def test_a_signal_in_a_run_ends_it_after_the_articles_in_hand(home, tmp_path):
    wiki = tmp_path / "long"
    wiki.mkdir()
    for number in range(60):
        steps = "\n".join(f"{n}. Check part {n} of system {number} and note it." for n in range(1, 60))
        (wiki / f"system-{number:03}.md").write_text(f"# System {number}\n\n{steps}\n")
    command = [*COMMAND, "--home", home, "ingest", wiki, "--every", "1h"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("indexed")
    # Read on, or a full pipe would stop the run.
    reader = threading.Thread(target=process.stdout.read)
    reader.start()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    reader.join(10)
    process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    with open_runtime(Settings(home=home)) as runtime:
        indexed = sum(article.source.endswith("/long") for article in runtime.catalog.articles())
        report = runtime.ingest(str(wiki))
    assert 0 < indexed < 60
    assert report.outcomes == {"indexed": 60 - indexed, "unchanged": indexed}


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--every", "soon"], "30m"), (["--every", "1s"], "10s"), (["--every", "1h", "--allow-mass-delete"], "one run")],
)
def test_a_schedule_that_cannot_be_is_refused(runcite, pages, options, said):
    code, _, err = runcite("ingest", pages, *options)
    assert (code, said in err) == (2, True), err


def test_runs_are_listed_and_each_can_be_opened(runcite, tmp_path):
    wiki = tmp_path / "wiki"
    wiki.mkdir()
    (wiki / "badge.md").write_text("# Badge readers\n\nHold the badge still.\n")
    (wiki / "empty.md").write_text("")
    assert runcite("ingest", wiki)[0] == 0
    code, out, _ = runcite("runs", "--source", str(wiki), "--json")
    (run,) = json.loads(out)["runs"]
    assert (code, run["state"], run["outcomes"]) == (0, "done", {"indexed": 1, "skipped": 1})

    code, out, _ = runcite("runs")
    assert (code, run["id"] in out, "1 indexed" in out) == (0, True, True)
    code, out, _ = runcite("runs", run["id"], "--outcome", "skipped")
    assert (code, "skipped       empty: is empty" in out, "badge" in out) == (0, True, False)
    for wrong in (["nope"], ["--outcome", "skipped"], [run["id"], "--outcome", "odd"], [run["id"], "--source", "x"]):
        assert runcite("runs", *wrong)[0] == 2
    assert runcite("runs", "--source", "nowhere")[0] == 4
