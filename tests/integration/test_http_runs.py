"""Runs of a real server on loopback: watched, resumed, abandoned, cut off, and remembered."""

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from api.announce import FILE_NAME
from api.cli.every import repeat
from api.cli.options import Session
from api.cli.sync import Job
from api.cli.terminal import open_terminal
from api.cli.watcher import RunWatcher
from api.schemas import ArticleReportPageV1, IngestRunPageV1, IngestRunV1
from api.settings import Settings
from tests.integration.test_http_server import COMMAND, START_TIMEOUT_S

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

ENDED = ("done", "failed", "interrupted")
ARTICLES = 48
WATCHERS = 100
UNLIMITED = httpx.Limits(max_connections=None)


@contextmanager
def serving(home, *options):
    command = [*COMMAND, "--home", home, "serve", "--port", "0", *map(str, options)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    announcement = home / FILE_NAME
    deadline = time.monotonic() + START_TIMEOUT_S
    while not announcement.exists() or json.loads(announcement.read_text())["pid"] != process.pid:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    url = json.loads(announcement.read_text())["url"]
    try:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            yield SimpleNamespace(process=process, http=client, url=url)
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def server(home):
    with serving(home) as made:
        yield made


@pytest.fixture(scope="module")
def long_wiki(tmp_path_factory):
    """A folder that takes seconds to index: several batches, and a file that cannot be."""
    folder = tmp_path_factory.mktemp("long")
    for number in range(ARTICLES):
        steps = "\n".join(f"{n}. Check part {n} of system {number} and note what it says." for n in range(1, 60))
        (folder / f"system-{number:03}.md").write_text(f"# System {number}\n\n{steps}\n", encoding="utf-8")
    (folder / "zz-empty.md").write_text("")
    return folder


def start(server, source) -> str:
    answer = server.http.post("/v1/ingest-runs", json={"source": str(source)})
    assert answer.status_code == 202, answer.text
    return IngestRunV1.model_validate_json(answer.content).id


def events(lines):
    """Read events off the wire: (event, id, data), and `None` for a comment."""
    fields = {}
    for line in lines:
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields.get("event"), fields.get("id"), json.loads(fields["data"])
            fields = {}
        else:
            fields = {}


@contextmanager
def watching(server, run_id, last_event_id=None):
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with server.http.stream("GET", f"/v1/ingest-runs/{run_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
        yield events(answer.iter_lines())


def ended(server, run_id) -> IngestRunV1:
    deadline = time.monotonic() + 300
    while True:
        run = IngestRunV1.model_validate_json(server.http.get(f"/v1/ingest-runs/{run_id}").content)
        if run.state in ENDED:
            return run
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_run_is_watched_lost_and_found_again(server, long_wiki):
    run_id = start(server, long_wiki)
    seen = []
    with watching(server, run_id) as told:
        for name, event_id, data in told:
            if name == "article":
                seen.append((event_id, data["article_id"], data["outcome"]))
                break
    assert server.http.get(f"/v1/ingest-runs/{run_id}").json()["state"] == "running"

    names, totals = [], set()
    with watching(server, run_id, last_event_id=seen[-1][0]) as told:
        for name, event_id, data in told:
            names.append(name)
            if name == "article":
                seen.append((event_id, data["article_id"], data["outcome"]))
            if name == "progress":
                totals.add(data["articles_total"])
            if name == "done":
                assert (event_id, data["state"]) == ("done", "done")
                assert data["outcomes"] == {"indexed": ARTICLES, "skipped": 1}
    # Nothing twice, nothing missing, and what was told is what is kept.
    assert [event_id for event_id, _, _ in seen] == [str(n) for n in range(1, ARTICLES + 2)]
    assert sorted(article for _, article, _ in seen) == sorted(path.stem for path in long_wiki.iterdir())
    assert (names[0], names[-1], totals) == ("state", "done", {ARTICLES + 1})
    assert names.count("progress") > 2
    page = server.http.get(f"/v1/ingest-runs/{run_id}/articles", params={"limit": 500})
    kept = ArticleReportPageV1.model_validate_json(page.content)
    assert [(line.article_id, line.outcome) for line in kept.articles] == [one[1:] for one in seen]
    skipped = server.http.get(f"/v1/ingest-runs/{run_id}/articles", params={"outcome": "skipped"}).json()["articles"]
    assert [line["reason"] for line in skipped] == ["is empty"]

    # Who comes when all is over is told all the same; who has seen the end is told not to come again.
    with watching(server, run_id) as told:
        after = [name for name, _, _ in told]
    assert (after.count("article"), after[-1]) == (ARTICLES + 1, "done")
    again = server.http.get(f"/v1/ingest-runs/{run_id}/events", headers={"Last-Event-ID": "done"})
    assert (again.status_code, again.content) == (204, b"")
    assert server.http.get("/v1/ingest-runs/nope/events").status_code == 404


def test_clients_that_go_away_or_do_not_read_hold_nothing_up(server, long_wiki):
    run_id = start(server, long_wiki)

    def threads() -> int:
        return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))

    with watching(server, run_id) as told:
        next(told)
        busy = threads()
    with ExitStack() as opened:
        client = opened.enter_context(httpx.Client(base_url=server.url, timeout=30, trust_env=False, limits=UNLIMITED))
        silent = [
            opened.enter_context(client.stream("GET", f"/v1/ingest-runs/{run_id}/events")) for _ in range(WATCHERS)
        ]
        assert ended(server, run_id).state == "done"
        for answer in silent[: WATCHERS // 2]:
            answer.close()
        # A pool of a fixed size, 40, looks at runs for all of them; nobody has a thread of their own.
        assert threads() - busy < WATCHERS / 2
        for answer in silent[WATCHERS // 2 :]:
            assert list(events(answer.iter_lines()))[-1][0] == "done"


def test_a_server_that_is_told_to_stop_leaves_its_watchers_and_the_next_one_goes_on(home, long_wiki):
    with serving(home) as server:
        run_id = start(server, long_wiki)
        told = []
        listening = threading.Event()

        def listen() -> None:
            with watching(server, run_id) as stream:
                for event in stream:
                    told.append(event)
                    if event and event[0] == "article":
                        listening.set()

        listener = threading.Thread(target=listen)
        listener.start()
        assert listening.wait(60)
        os.kill(server.process.pid, signal.SIGTERM)
        _, said = server.process.communicate(timeout=60)
        listener.join(10)
    assert (server.process.returncode, "Traceback" in said) == (0, False), said
    assert "done" not in [event[0] for event in told if event]
    last_id = [event[1] for event in told if event][-1]

    with serving(home) as server:
        # The same run, in another process: the rest of its lines, and how it ended.
        with watching(server, run_id, last_event_id=last_id) as stream:
            rest = [event for event in stream if event]
        assert rest[-1][2]["state"] == "interrupted"
        indexed = rest[-1][2]["outcomes"]["indexed"]
        assert 0 < indexed < ARTICLES
        lines = [int(event[1]) for event in [*told, *rest] if event and event[0] == "article"]
        assert lines == list(range(1, indexed + 1))

        again = ended(server, start(server, long_wiki))
        assert again.outcomes == {"indexed": ARTICLES - indexed, "unchanged": indexed, "skipped": 1}
        listed = IngestRunPageV1.model_validate_json(
            server.http.get("/v1/ingest-runs", params={"source": str(long_wiki), "limit": 1}).content
        )
        assert [run.id for run in listed.runs] == [again.id]
        before = server.http.get("/v1/ingest-runs", params={"cursor": listed.next_cursor, "state": "interrupted"})
        assert [run["id"] for run in before.json()["runs"]] == [run_id]


def test_a_killed_run_is_interrupted_and_gone_on_with(home, long_wiki, runcite):
    with serving(home) as server:
        run_id = start(server, long_wiki)
        with watching(server, run_id) as told:
            next(event for event in told if event and event[0] == "article")
        server.process.kill()
        server.process.wait(10)
    # Seen at once, before any other process has opened the home.
    code, out, err = runcite("runs", run_id, "--json")
    killed = json.loads(out)
    assert (code, killed["state"], killed["finished_at"]) == (0, "interrupted", None), err
    indexed = killed["outcomes"]["indexed"]
    assert len(killed["articles"]) == indexed > 0

    code, out, _ = runcite("ingest", "--json", long_wiki)
    (run,) = json.loads(out)["runs"]
    # Of the batch in hand, some articles may be indexed and not in the dead run's record.
    assert code == 0
    assert run["outcomes"]["unchanged"] >= indexed
    assert run["outcomes"]["unchanged"] + run["outcomes"]["indexed"] == ARTICLES


def test_a_schedule_beside_a_server_hands_each_job_over(server, home, pages, capsys):
    written = []

    def should_stop() -> bool:
        written.extend(capsys.readouterr().out.splitlines())
        return len(written) >= 2

    session = Session(Settings(home=home), open_terminal())
    job = Job((str(pages),), allow_mass_delete=False, should_stop=should_stop)
    repeat(session, job, RunWatcher(session.terminal, lists=False), 0.05, as_json=True)
    handed_over = [json.loads(line)["runs"][0]["id"] for line in written]
    listed = server.http.get("/v1/ingest-runs", params={"limit": 2}).json()["runs"]
    assert [run["id"] for run in listed] == handed_over[::-1]


def test_a_server_keeps_to_its_own_schedule(home, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / f"{folder.name}.md").write_text(f"# {folder.name}\n\nHow to restart {folder.name}.\n")
    with serving(home, "--ingest", one, "--ingest", two, "--every", "10s") as server:
        deadline = time.monotonic() + 60
        while True:
            params = {"source": str(tmp_path), "state": "done"}
            runs = server.http.get("/v1/ingest-runs", params=params).json()["runs"]
            if len(runs) >= 4:
                break
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert [run["outcomes"] for run in runs[-4:]] == [
        {"unchanged": 1},
        {"unchanged": 1},
        {"indexed": 1},
        {"indexed": 1},
    ]
    assert [run["source"].rpartition("/")[2] for run in runs[-4:]] == ["two", "one", "two", "one"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--every", "30m"], "--ingest SOURCE"),
        (["--ingest", ".", "--every", "soon"], "30m"),
        (["--ingest", "/nonexistent"], "does not exist"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_at_once(runcite, options, said):
    code, _, err = runcite("serve", "--port", "0", *options)
    assert (code, said in err) == (2, True), err
