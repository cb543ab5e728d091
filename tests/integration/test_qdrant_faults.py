"""A Qdrant server that is frozen, killed, slow, empty or not one at all: tickets are handed over, and answered after."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.serving import Served, serving
from tests.qdrant.process import TIMEOUT_S, QdrantProcess

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TICKET = "The VPN drops every few minutes in the hotel"
ANSWERED = ("GUIDE_USER", None)
HANDED_OVER = ("ESCALATE_HUMAN", "index_unavailable")


@pytest.fixture(params=["rest", "grpc"])
def speaks(request) -> str:
    return request.param


@pytest.fixture
def qdrant(tmp_path):
    with QdrantProcess(tmp_path / "qdrant") as process:
        yield process


@pytest.fixture
def env(qdrant, speaks, monkeypatch) -> dict[str, str]:
    settings = qdrant.settings(prefer_grpc=speaks == "grpc")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def filled(env, runcite, home, pages):
    """The home's vectors are on the server only."""
    shutil.rmtree(home / "vectors")
    code, _, err = runcite("ingest", pages)
    assert code == 0, err
    assert not (home / "vectors").exists()
    return home


@pytest.fixture
def served(filled):
    with serving(filled) as server:
        server.until_ready()
        yield server


def all_handed_over(server: Served) -> None:
    """Many at once, so that those who need not wait for the server are among them."""
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(server.outcome, [TICKET] * 24)) == {HANDED_OVER}


def test_the_server_answers_as_the_home_does(filled, runcite, qdrant):
    code, out, err = runcite("triage", "--json", TICKET)
    assert code == 0, err
    decision = json.loads(out)
    assert decision["refusal"] is None, decision["refusal"]
    assert decision["citations"][0]["article_id"] == "network/vpn-drops"
    assert qdrant.behave()["query_points"] >= 2


def test_a_frozen_server(served, qdrant):
    assert served.outcome(TICKET) == ANSWERED
    qdrant.freeze()
    all_handed_over(served)
    status, detail = served.readiness()
    assert status == 503
    assert qdrant.url in detail
    assert served.http.get("/v1/search", params={"q": "vpn"}).status_code == 503
    assert served.http.get("/healthz").status_code == 200
    qdrant.thaw()
    served.until_ready()
    assert served.outcome(TICKET) == ANSWERED


def test_a_killed_server_that_comes_back(served, qdrant):
    qdrant.kill()
    all_handed_over(served)
    assert served.readiness()[0] == 503
    qdrant.start()
    served.until_ready()
    assert served.outcome(TICKET) == ANSWERED


def test_a_server_that_is_down_when_runcite_starts(filled, qdrant):
    qdrant.kill()
    with serving(filled) as server:
        assert server.readiness()[0] == 503
        assert server.outcome(TICKET) == HANDED_OVER
        qdrant.start()
        server.until_ready()
        assert server.outcome(TICKET) == ANSWERED


def test_a_slow_server(served, qdrant):
    qdrant.behave(delay_s=2 * TIMEOUT_S)
    all_handed_over(served)
    assert "in time" in served.until_ready(503) or "Deadline" in served.until_ready(503)
    qdrant.behave()
    served.until_ready()
    assert served.outcome(TICKET) == ANSWERED


def test_a_server_whose_every_answer_is_just_in_time(served, qdrant):
    qdrant.behave(delay_s=0.8 * TIMEOUT_S)
    assert served.outcome(TICKET) == HANDED_OVER


def test_a_server_that_lost_its_collection_is_filled_again_from_the_catalog(filled, qdrant, pages, runcite, tmp_path):
    with serving(filled) as server:
        server.until_ready()
        qdrant.kill()
        shutil.rmtree(tmp_path / "qdrant")
        qdrant.start()
        all_handed_over(server)
        assert "runcite ingest" in server.until_ready(503)
        assert runcite("ingest", pages)[0] == 0
        server.until_ready()
        assert server.outcome(TICKET) == ANSWERED


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"html": True}, "no Qdrant server"),
        ({"status": 503, "said": "overloaded"}, "tries again by itself"),
        ({"status": 500, "said": "Service internal error: No space left on device"}, "Free space"),
        ({"status": 403, "said": "Forbidden"}, "RUNCITE_QDRANT_API_KEY"),
        ({"version": "1.18.2"}, "1.19 or later"),
    ],
    ids=["html", "overloaded", "disk-full", "forbidden", "old"],
)
def test_each_command_says_what_is_wrong_and_what_to_do(filled, runcite, qdrant, pages, speaks, behaviour, said):
    if speaks == "grpc" and "html" in behaviour:
        pytest.skip("there are no pages over gRPC")
    qdrant.behave(**behaviour)
    for command in (["search", "vpn"], ["ingest", pages]):
        code, out, err = runcite(*command)
        assert (code, out) == (2, ""), command
        assert said in err
        assert "Traceback" not in err
    code, out, _ = runcite("triage", "--json", TICKET)
    decision = json.loads(out)
    assert (code, decision["outcome"], decision["refusal"]["reason"]) == (0, *HANDED_OVER)
    assert said in decision["refusal"]["detail"]
    assert [gate["passed"] for gate in decision["gates"] if gate["gate"] in ("index", "match")] == [False, False]


def test_a_batch_is_handed_over_line_by_line(filled, runcite, qdrant, tmp_path):
    qdrant.kill()
    lines = tmp_path / "in.jsonl"
    lines.write_text("".join(json.dumps({"id": f"T{number}", "text": TICKET}) + "\n" for number in range(5)))
    code, out, err = runcite("triage", "--batch", lines)
    decisions = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert [one["ticket"]["id"] for one in decisions] == [f"T{number}" for number in range(5)]
    assert {(one["outcome"], one["refusal"]["reason"]) for one in decisions} == {HANDED_OVER}
    qdrant.start()


def test_a_wrong_key(env, home, runcite, pages, tmp_path, monkeypatch):
    with QdrantProcess(api_key="right") as guarded:
        for name, value in guarded.settings(prefer_grpc=env["RUNCITE_QDRANT_PREFER_GRPC"] == "true").items():
            monkeypatch.setenv(name, value)
        for key in (None, "wr0ng-key"):
            if key is not None:
                monkeypatch.setenv("RUNCITE_QDRANT_API_KEY", key)
            code, _, err = runcite("ingest", pages)
            assert code == 2
            assert "RUNCITE_QDRANT_API_KEY" in err
            assert "wr0ng-key" not in err
        monkeypatch.setenv("RUNCITE_QDRANT_API_KEY", "right")
        assert runcite("ingest", pages)[0] == 0
        assert json.loads(runcite("triage", "--json", TICKET)[1])["outcome"] == "GUIDE_USER"


def test_another_index_is_not_served_under_the_same_name(filled, runcite, tmp_path, pages):
    other = tmp_path / "other"
    code, _, err = runcite("ingest", "--home", other, pages)
    assert code == 2
    assert "belongs to another index" in err
    assert "RUNCITE_QDRANT_COLLECTION" in err


def test_several_processes_serve_one_index_while_another_ingests(filled, runcite, tmp_path):
    with serving(filled) as one, serving(filled) as two:
        one.until_ready()
        two.until_ready()
        new = tmp_path / "new"
        new.mkdir()
        (new / "badge.md").write_text("# Badge readers\n\n1. Hold the badge still for two seconds.\n")
        assert runcite("ingest", new)[0] == 0
        for server in (one, two):
            found = server.http.get("/v1/search", params={"q": "badge reader"}).json()["results"]
            assert found[0]["article_id"] == "badge"
