"""`runcite reindex` by another model: here, by a server under load, and killed at every step."""

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient

from api.bootstrap import open_rebuilder, open_runtime
from api.settings import Settings
from index.sync import RunOptions
from tests.integration.conftest import PAGES
from tests.integration.serving import serving
from tests.qdrant.process import QdrantProcess
from tests.small_models import make_model

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TICKET = "The VPN drops every few minutes in the hotel"
BUNDLED = "sentence-transformers/all-MiniLM-L6-v2"
OTHER = "BAAI/bge-small-en-v1.5"
STEPS = (
    "begun",
    "embedded",
    "upserted",
    "flushed",
    "recorded",
    "optimized",
    "made_live",
    "settled",
)


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> str:
    """Another model, of random weights, which stands for one that is better."""
    return f"bge-small-en-v1.5@{make_model(tmp_path_factory.mktemp('other'), 'cls')}"


def model_of(home: Path) -> str | None:
    with open_runtime(Settings(home=home, embedding="auto")) as runtime:
        assert runtime.fault() is None
        assert runtime.search("vpn drops", audience=frozenset(), limit=3).results
        return runtime.catalog.embedding().model


def folders(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("vectors*"))


def test_the_index_is_by_the_other_model_afterwards(home, runcite, other, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    code, _, said = runcite("reindex", "--embedding", other)
    assert (code, folders(home)) == (0, ["vectors-2"]), said
    assert f"{len(PAGES)} articles are indexed anew" in said
    assert model_of(home) == OTHER
    code, out, _ = runcite("runs")
    assert code == 0
    assert "reindex:" in out


def test_the_same_model_needs_no_pass_of_it(home, runcite, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    assert runcite("reindex", "--json")[0] == 0
    assert folders(home) == ["vectors-2"]
    assert model_of(home) == BUNDLED


def test_the_error_of_another_model_names_the_command_that_helps(home, runcite) -> None:
    code, _, said = runcite("ingest", home, "--embedding", "e5-small-v2")
    assert code == 2
    assert "`runcite reindex --embedding intfloat/e5-small-v2`" in said


def test_a_server_switches_under_load_and_no_request_fails(home, other, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    decided: list[tuple[int, str]] = []
    done = threading.Event()
    with serving(home) as server:
        server.until_ready()

        def ask() -> None:
            with httpx.Client(base_url=server.http.base_url, timeout=60, trust_env=False) as client:
                while not done.is_set():
                    answer = client.post("/v1/triage", json={"text": TICKET})
                    decided.append((answer.status_code, answer.json()["provenance"]["embedding"]))

        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        started = server.http.post("/v1/reindex-runs", json={"embedding": other})
        assert started.status_code == 202
        while (run := server.http.get(started.headers["location"]).json())["state"] in ("queued", "running"):
            pass
        after = len(decided)
        while len(decided) < after + 10:
            pass
        done.set()
        for asker in askers:
            asker.join()
        assert run["state"] == "done", run
        assert server.readiness()[0] == 200
    assert {status for status, _ in decided} == {200}
    assert decided[0][1] == BUNDLED
    assert decided[-1][1] == OTHER
    assert folders(home) == ["vectors-2"]


def test_the_command_hands_the_job_to_the_server_that_holds_the_home(home, runcite, other, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    with serving(home) as server:
        server.until_ready()
        code, _, said = runcite("reindex", "--embedding", other)
        assert code == 0, said
        assert "takes the job over" in said
        assert server.http.post("/v1/triage", json={"text": TICKET}).json()["provenance"]["embedding"] == OTHER


def rebuild_until(home: Path, embedding: str, step: str) -> None:
    """Run in a child: die of SIGKILL after a step."""

    def on_step(taken: str) -> None:
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_rebuilder(Settings(home=home, embedding=embedding)) as rebuilder:
        rebuilder.rebuild(None, lambda _line: None, RunOptions(on_step=on_step))


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(home, other, step, monkeypatch) -> None:
    monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
    child = multiprocessing.get_context("forkserver").Process(target=rebuild_until, args=(home, other, step))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    is_live = step in ("made_live", "settled")
    assert model_of(home) == (OTHER if is_live else BUNDLED)
    assert folders(home) == (["vectors-2"] if is_live else ["vectors", *(["vectors-2"] if step != "begun" else [])])
    with open_rebuilder(Settings(home=home, embedding=other)) as rebuilder:
        steps: list[str] = []
        report = rebuilder.rebuild(None, lambda _line: None, RunOptions(on_step=steps.append))
        rebuilder.stores.tidy()
    assert report.state == "done"
    assert set(steps) <= {*STEPS, "orphan_deleted", "past_tickets_embedded"}
    assert model_of(home) == OTHER
    assert folders(home) == ["vectors-3" if is_live else "vectors-2"]


def test_on_a_qdrant_server_every_process_switches_and_the_old_collection_outlives_its_readers(
    home, pages, other, tmp_path, monkeypatch
) -> None:
    with QdrantProcess(tmp_path / "qdrant") as qdrant:
        settings = Settings(
            home=home, embedding="auto", qdrant_url=qdrant.url, qdrant_grpc_port=qdrant.grpc_port, qdrant_timeout_s=10
        )
        for name, value in qdrant.settings(prefer_grpc=True).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("RUNCITE_EMBEDDING", "auto")
        with open_runtime(settings) as runtime:
            runtime.ingest(str(pages))
        with serving(home) as server:
            server.until_ready()
            with open_runtime(settings) as runtime:
                assert runtime.reindex(other).state == "done"
                assert collections(qdrant) == {1, 2}
                deadline = time.monotonic() + 60
                while (by := server.http.post("/v1/triage", json={"text": TICKET}).json()) and by["provenance"][
                    "embedding"
                ] != OTHER:
                    assert by["refusal"] is None
                    assert time.monotonic() < deadline
                assert server.readiness()[0] == 200
        monkeypatch.setattr("api.stores.GRACE_S", 0.0)
        with open_runtime(settings) as runtime:
            runtime.ingest(str(pages))
            assert runtime.fault() is None
        assert collections(qdrant) == {2}


def collections(qdrant: QdrantProcess) -> set[int]:
    """The generations that the server holds."""
    client = QdrantClient(url=qdrant.url, check_compatibility=False, trust_env=False)
    index = next(one.collection_name for one in client.get_aliases().aliases).rpartition("-")[0]
    held = {number for number in range(1, 5) if client.collection_exists(f"{index}-{number}")}
    client.close()
    return held
