"""A real engine with senseless weights: llama.cpp, its grammar and its dialect, behind the guarantees."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from agent.decide.chat import ChatEndpoint, OpenAiChat
from agent.decide.llm import LlmDecider, Models
from agent.models import ACTING, Ticket, step_downs
from agent.triage import Triager
from tests.cases import rules
from tests.model_cases import LIBRARY, PRINTER, FixedSearcher, found

pytestmark = [
    pytest.mark.soak,
    pytest.mark.integration,
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

ROOT = Path(__file__).resolve().parent.parent.parent
TICKETS = int(os.environ.get("RUNCITE_LLAMA_TICKETS", "1000"))
START_S = 60.0
SUBJECTS = ("VPN drops on Wi-Fi", "VPN is slow", "the VPN asks again", "VPN: no route", "cannot reach the VPN")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    python = os.environ.get("RUNCITE_LLAMA_PYTHON")
    if not python:
        pytest.skip("RUNCITE_LLAMA_PYTHON names no Python that has llama-cpp-python[server] and gguf")
    folder = tmp_path_factory.mktemp("llama")
    subprocess.run([python, ROOT / "tests" / "gguf_model.py", folder / "tiny.gguf"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--model", folder / "tiny.gguf", "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "16384"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([python, "-m", "llama_cpp.server", *arguments], stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}/v1"
        try:
            _wait_until_ready(url, server)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _wait_until_ready(url, server):
    ends = time.monotonic() + START_S
    while time.monotonic() < ends and server.poll() is None:
        try:
            if httpx.get(f"{url}/models", timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail("llama.cpp did not start")


def test_senseless_selections_of_a_real_engine_break_no_guarantee(engine):
    model = OpenAiChat(ChatEndpoint(engine, "tiny"))
    searcher = FixedSearcher(found(), found(PRINTER, similarity=0.2))
    triager = Triager(searcher, LIBRARY, LlmDecider(Models(model), searcher, str), rules, "none")
    heard = 0
    for number in range(TICKETS):
        subject = SUBJECTS[number % len(SUBJECTS)]
        decision = triager.triage(Ticket(f"T-{number}", f"{subject} since {number} minutes"))
        heard += decision.provenance.turns
        assert decision.outcome in step_downs("RESOLVE")
        assert bool(decision.steps) == (decision.outcome in ACTING)
        for citation in decision.citations:
            text = LIBRARY.revision(citation.article_id, citation.revision).text
            assert citation.quote == text[citation.start : citation.end]
        print(number, decision.outcome, decision.provenance.decider, decision.provenance.degraded, file=sys.stderr)
    model.close()
    # It really spoke, in the shape that its grammar was given.
    assert heard > 0
