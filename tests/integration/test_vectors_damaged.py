"""The files of the vectors are damaged on disk: the home still opens, says so, and is mended while it is served."""

import json
import os
import shutil

import pytest

from tests.integration.serving import serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TICKET = "The VPN drops every few minutes in the hotel"


def test_a_served_home_is_mended_by_an_ingest(home, runcite, pages):
    for file in (home / "vectors").rglob("page_0.dat"):
        os.truncate(file, 0)
    with serving(home) as server:
        status, detail = server.readiness()
        assert status == 503
        assert "runcite ingest" in detail
        assert server.outcome(TICKET) == ("ESCALATE_HUMAN", "index_unavailable")
        code, _, err = runcite("ingest", pages)
        assert code == 0, err
        server.until_ready()
        assert server.outcome(TICKET) == ("GUIDE_USER", None)
    assert (home / "vectors.damaged").is_dir()


def test_vectors_that_are_gone_are_not_taken_for_an_empty_knowledge_base(home, runcite, pages):
    shutil.rmtree(home / "vectors")
    code, out, err = runcite("search", "vpn")
    assert (code, out) == (2, "")
    assert "holds 0 of the" in err
    assert "runcite ingest" in err
    code, out, _ = runcite("triage", "--json", TICKET)
    decision = json.loads(out)
    assert (code, decision["refusal"]["reason"]) == (0, "index_unavailable")
    assert "runcite ingest" in decision["refusal"]["detail"]
    assert runcite("ingest", pages)[0] == 0
    assert json.loads(runcite("triage", "--json", TICKET)[1])["outcome"] == "GUIDE_USER"


def test_a_home_whose_model_is_missing_is_served_and_hands_over(home, runcite):
    missing = "all-MiniLM-L6-v2@/no/such/model"
    code, _, err = runcite("triage", TICKET, "--embedding", missing)
    assert code == 2
    assert "/no/such/model" in err
    with serving(home, ["--embedding", missing]) as server:
        status, detail = server.readiness()
        assert status == 503
        assert "/no/such/model" in detail
        assert server.outcome(TICKET) == ("ESCALATE_HUMAN", "index_unavailable")
