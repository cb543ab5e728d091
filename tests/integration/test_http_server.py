"""One real server on loopback, as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import httpx
import pytest

from api.announce import FILE_NAME
from api.schemas import ArticleV1, DecisionV1, RevisionV1, SearchV1, StatusV1
from tests.integration.serving import serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

START_TIMEOUT_S = 60
COMMAND = [sys.executable, "-c", "from api.cli.main import main; main()"]


@pytest.fixture
def server(home):
    process = subprocess.Popen(
        [*COMMAND, "--home", home, "serve", "--port", "0"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    announcement = home / FILE_NAME
    deadline = time.monotonic() + START_TIMEOUT_S
    while not announcement.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    url = json.loads(announcement.read_text())["url"]
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield SimpleNamespace(process=process, url=url, http=client, port=int(url.rpartition(":")[2]))
    process.kill()
    process.communicate(timeout=10)


def test_the_whole_way_over_http(server, runcite, home, pages, tmp_path):
    http = server.http
    assert http.get("/healthz").json()["status"] == "ok"
    assert http.get("/readyz").status_code == 200

    decision = DecisionV1.model_validate_json(http.post("/v1/triage", json={"text": "vpn drops in the hotel"}).content)
    citation = decision.citations[0]
    revision = http.get(f"/v1/articles/{citation.article_id}/revisions/{citation.revision}")
    text = RevisionV1.model_validate_json(revision.content).text
    assert text[citation.start : citation.end] == citation.quote
    assert ArticleV1.model_validate_json(http.get("/v1/articles/network/vpn-drops").content).text == text
    assert http.get("/v1/articles/finance/ledger").status_code == 404
    assert http.get("/v1/articles/finance/ledger", params={"groups": "finance"}).status_code == 200

    # While the server holds the home, the command line asks it.
    code, out, err = runcite("search", "--json", "toner")
    assert (code, SearchV1.model_validate_json(out).results[0].article_id) == (0, "printers/toner"), err
    code, out, err = runcite("triage", "--json", "vpn drops in the hotel")
    assert (code, DecisionV1.model_validate_json(out).citations[0].article_id) == (0, "network/vpn-drops"), err
    assert runcite("triage", "--as-of", "2026-11-20", "vpn drops")[0] == 2
    code, out, err = runcite("status", "--json")
    assert StatusV1.model_validate_json(out).server == server.url

    new = tmp_path / "new"
    new.mkdir()
    (new / "badge.md").write_text("# Badge readers\n\nHold the badge still for two seconds.\n")
    code, out, err = runcite("ingest", new)
    assert code == 0, err
    assert "indexed       badge" in out
    assert server.url in err
    assert http.get("/v1/search", params={"q": "badge reader"}).json()["results"][0]["article_id"] == "badge"

    code, _, err = runcite("serve", "--port", "0")
    assert code == 3
    assert "(runcite serve)" in err

    # A body whose length is a lie, and one that never says its length.
    assert http.post("/v1/triage", content=(b"x" * 65536 for _ in range(5))).status_code == 413
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"POST /v1/triage HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 413")

    os.kill(server.process.pid, signal.SIGTERM)
    _, said = server.process.communicate(timeout=30)
    assert server.process.returncode == 0, said
    assert "Traceback" not in said
    assert not (home / FILE_NAME).exists()
    assert runcite("search", "badge reader")[0] == 0


def test_no_other_machine_is_served(runcite):
    code, _, err = runcite("serve", "--host", "192.0.2.1")
    assert code == 2
    assert "expected 127.0.0.1" in err


def test_a_trusted_network_is_bound_and_answered_only_as_this_machine(home):
    with serving(home, arguments=["--host", "0.0.0.0", "--trust-network"]) as server:  # noqa: S104
        assert server.http.base_url.host == "127.0.0.1"
        assert server.http.get("/healthz").status_code == 200
        assert server.http.get("/healthz", headers={"Host": "api:8321"}).status_code == 403


def test_a_port_that_is_taken_is_named(runcite):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = runcite("serve", "--port", port)
    assert code == 2
    assert f"127.0.0.1:{port}" in err
