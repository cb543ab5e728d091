"""A real engine with senseless weights: llama.cpp, its grammar and its dialect, behind the guarantees."""

import socket
import subprocess
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from agent.decide.chat import ChatEndpoint, OpenAiChat
from agent.decide.llm import LlmDecider, Models
from agent.models import ACTING, Ticket, step_downs
from agent.triage import Triager
from api.convert import to_decision
from tests.cases import rules
from tests.model_cases import LIBRARY, PRINTER, FixedSearcher, found

pytestmark = [
    pytest.mark.soak,
    pytest.mark.integration,
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".venv-llama" / "bin" / "python"
TICKETS = 1_000
START_S = 60.0
SUBJECTS = ("VPN drops on Wi-Fi", "VPN is slow", "the VPN asks again", "VPN: no route", "cannot reach the VPN")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    if not PYTHON.exists():
        pytest.skip(f"no {PYTHON}: `make soak` builds llama.cpp there")
    folder = tmp_path_factory.mktemp("llama")
    subprocess.run([PYTHON, ROOT / "tests" / "gguf_model.py", folder / "tiny.gguf"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--model", folder / "tiny.gguf", "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "16384"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([PYTHON, "-m", "llama_cpp.server", *arguments], stdout=log, stderr=log)
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
    said: Counter[str] = Counter()
    for number in range(TICKETS):
        # A decider leaves a model that fails alone for a while; a new one does not know of it.
        triager = Triager(searcher, LIBRARY, LlmDecider(Models(model), searcher, str), rules, "none")
        subject = SUBJECTS[number % len(SUBJECTS)]
        decision = triager.triage(Ticket(f"T-{number}", f"{subject} since {number} minutes"))
        said[f"{decision.provenance.decider}: {decision.outcome}"] += 1
        said["turns"] += decision.provenance.turns
        to_decision(decision)  # valid by the schema, or it raises
        assert decision.outcome in step_downs("RESOLVE")
        assert bool(decision.steps) == (decision.outcome in ACTING)
        assert not find_problems(decision)
    model.close()
    print(dict(said))
    # It really spoke: else there would be nothing that was withstood.
    assert said["turns"] >= TICKETS


def find_problems(decision):
    """List the citations that are not in their revision word for word."""
    texts = ((one, LIBRARY.revision(one.article_id, one.revision).text) for one in decision.citations)
    return [one for one, text in texts if one.quote != text[one.start : one.end]]
