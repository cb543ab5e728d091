"""A Qdrant server that is frozen, killed, slow or empty: tickets are handed over meanwhile, and answered after."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.bootstrap import open_runtime
from api.settings import Settings
from index.lock import HomeLock
from tests.integration.serving import Served, serving
from tests.qdrant.process import TIMEOUT_S, QdrantProcess

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TICKET = "The VPN drops every few minutes in the hotel"
ANSWERED = ("GUIDE_USER", None)
HANDED_OVER = ("ESCALATE_HUMAN", "index_unavailable")


@pytest.fixture(scope="module")
def _filled(_indexed, pages, tmp_path_factory):
    """A home whose vectors are on a server only, and that server's folder."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(_indexed, folder / "home", ignore=shutil.ignore_patterns("vectors"))
    with QdrantProcess(folder / "qdrant", api_key="right") as qdrant:
        settings = Settings(
            home=folder / "home", qdrant_url=qdrant.url, qdrant_grpc_port=qdrant.grpc_port, qdrant_api_key="right",
            qdrant_timeout_s=TIMEOUT_S,
        )  # fmt: skip
        with open_runtime(settings) as runtime:
            assert "runcite ingest" in runtime.fault()
            runtime.ingest(str(pages))
            assert runtime.fault() is None
    return folder


@pytest.fixture
def home(_filled, tmp_path):
    return shutil.copytree(_filled / "home", tmp_path / "home")


@pytest.fixture
def qdrant(_filled, tmp_path):
    with QdrantProcess(shutil.copytree(_filled / "qdrant", tmp_path / "qdrant")) as process:
        yield process


@pytest.fixture(params=["rest", "grpc"])
def uses(request, qdrant, monkeypatch) -> None:
    for name, value in qdrant.settings(prefer_grpc=request.param == "grpc").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def uses_rest(qdrant, monkeypatch) -> None:
    for name, value in qdrant.settings(prefer_grpc=False).items():
        monkeypatch.setenv(name, value)


def assert_all_handed_over(server: Served) -> None:
    """Many at once, so that those who need not wait for the server are among them."""
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(server.outcome, [TICKET] * 24)) == {HANDED_OVER}


def assert_recovers(server: Served) -> None:
    server.until_ready()
    assert server.outcome(TICKET) == ANSWERED


@pytest.mark.usefixtures("uses")
def test_tickets_are_handed_over_while_the_server_fails_and_answered_after(home, qdrant):
    with serving(home) as server:
        assert_recovers(server)

        qdrant.freeze()
        assert_all_handed_over(server)
        status, detail = server.readiness()
        assert status == 503
        assert qdrant.url in detail
        assert server.http.get("/v1/search", params={"q": "vpn"}).status_code == 503
        assert server.http.get("/healthz").status_code == 200
        qdrant.thaw()
        assert_recovers(server)

        qdrant.kill()
        assert_all_handed_over(server)
        assert server.readiness()[0] == 503
        qdrant.start()
        assert_recovers(server)

        qdrant.behave(delay_s=2 * TIMEOUT_S)
        assert_all_handed_over(server)
        qdrant.behave()
        assert_recovers(server)


@pytest.mark.usefixtures("uses")
def test_a_server_that_comes_up_late_and_empty_is_filled_from_the_catalog(home, qdrant, pages, runcite, tmp_path):
    qdrant.kill()
    with serving(home) as server:
        assert server.readiness()[0] == 503
        assert server.outcome(TICKET) == HANDED_OVER
        shutil.rmtree(tmp_path / "qdrant")
        qdrant.start()
        while "no collection" not in server.until_ready(503):
            time.sleep(0.05)
        assert_all_handed_over(server)
        code, _, err = runcite("ingest", pages)
        assert code == 0, err
        assert_recovers(server)


@pytest.mark.usefixtures("uses_rest")
def test_the_command_line_hands_over_too_and_says_what_is_wrong(home, runcite, qdrant, pages, tmp_path):
    with HomeLock.acquire(home, "runcite ingest"):
        code, _, err = runcite("ingest", pages)
        assert (code, "(runcite ingest)" in err) == (3, True)
        assert json.loads(runcite("triage", "--json", TICKET)[1])["outcome"] == "GUIDE_USER"
    qdrant.kill()
    for command in (["search", "vpn"], ["ingest", pages]):
        code, out, err = runcite(*command)
        assert (code, out) == (2, ""), command
        assert "RUNCITE_QDRANT_URL" in err
        assert "Traceback" not in err
    lines = tmp_path / "in.jsonl"
    lines.write_text("".join(json.dumps({"id": f"T{number}", "text": TICKET}) + "\n" for number in range(5)))
    code, out, err = runcite("triage", "--batch", lines)
    decisions = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert [one["ticket"]["id"] for one in decisions] == [f"T{number}" for number in range(5)]
    assert {(one["outcome"], one["refusal"]["reason"]) for one in decisions} == {HANDED_OVER}
    for one in decisions:
        assert qdrant.url in one["refusal"]["detail"]
        assert qdrant.url not in one["user_message"]
        assert [gate["passed"] for gate in one["gates"] if gate["gate"] in ("index", "match")] == [False, False]
    qdrant.start()


@pytest.mark.usefixtures("uses_rest")
def test_several_processes_serve_one_index_while_another_ingests(home, runcite, tmp_path):
    with serving(home) as one, serving(home) as two:
        new = tmp_path / "new"
        new.mkdir()
        (new / "badge.md").write_text("# Badge readers\n\n1. Hold the badge still for two seconds.\n")
        code, _, err = runcite("ingest", new)
        assert code == 0, err
        for server in (one, two):
            server.until_ready()
            found = server.http.get("/v1/search", params={"q": "badge reader"}).json()["results"]
            assert found[0]["article_id"] == "badge"
