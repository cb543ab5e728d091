import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from agent.errors import LedgerError, TicketError
from agent.reading import MAX_TICKET_BYTES
from api.app import create_app
from api.problems import MEDIA_TYPE
from index.errors import StoreError
from tests.unit.api.doubles import REVISION


@pytest.fixture
def http(runtime):
    with TestClient(create_app(runtime), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def assert_problem(answer, status):
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    body = answer.json()
    assert body["status"] == status
    assert body["detail"]
    return body


def test_a_ticket_gets_a_decision(http, runtime):
    answer = http.post("/v1/triage", json={"text": "VPN drops", "requester": {"groups": ["it"]}})
    assert answer.status_code == 200
    assert answer.json()["schema_version"] == "1"
    assert runtime.triaged[0].requester.groups == ("it",)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"text": ""}', b'{"text": "a", "x": 1}', b"\xff\xfe", b'{"text": "\\ud800"}']
)
def test_a_wrong_ticket_is_422(http, body):
    answer = http.post("/v1/triage", content=body, headers={"content-type": "application/json"})
    assert_problem(answer, 422)


def test_a_mistake_is_named_and_what_was_sent_is_not_echoed(http):
    body = assert_problem(http.post("/v1/triage", json={"text": "a", "token": "hunter2secret"}), 422)
    assert "body.token" in body["errors"][0]
    assert "hunter2secret" not in json.dumps(body)


def test_a_ticket_that_cannot_be_read_is_422(http, runtime):
    runtime.fails_with = TicketError("the ticket holds NUL characters; expected text")
    assert "NUL" in assert_problem(http.post("/v1/triage", json={"text": "a"}), 422)["detail"]


def test_a_body_that_is_too_long_is_413_before_it_is_parsed(http, runtime):
    content = b'{"text": "' + b"x" * MAX_TICKET_BYTES
    assert_problem(http.post("/v1/triage", content=content, headers={"content-type": "application/json"}), 413)
    assert runtime.triaged == []


def test_a_body_without_a_length_is_counted(http, runtime):
    parts = (b"x" * 65536 for _ in range(5))
    assert_problem(http.post("/v1/triage", content=parts, headers={"content-type": "application/json"}), 413)


def test_the_longest_body_allowed_is_read(http):
    frame = len(b'{"text": ""}')
    content = b'{"text": "' + b"x" * (MAX_TICKET_BYTES - frame) + b'"}'
    assert http.post("/v1/triage", content=content, headers={"content-type": "application/json"}).status_code == 200


def test_a_form_from_a_web_page_is_no_ticket(http, runtime):
    answer = http.post("/v1/triage", content='{"text": "a"}', headers={"content-type": "text/plain"})
    assert "application/json" in assert_problem(answer, 415)["detail"]
    assert runtime.triaged == []


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"host": "["},
    ],
)
def test_a_web_page_elsewhere_is_refused(http, runtime, headers):
    assert_problem(http.post("/v1/triage", json={"text": "a"}, headers=headers), 403)
    assert runtime.triaged == []


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "localhost", "[::1]:80"])
def test_every_name_of_this_machine_is_served(http, host):
    assert http.get("/healthz", headers={"host": host, "origin": f"http://{host}"}).status_code == 200


def test_search_passes_the_groups_on(http, runtime):
    answer = http.get("/v1/search", params={"q": "vpn", "k": 3, "groups": ["it", "finance"]})
    assert answer.json()["results"][0]["article_id"] == "network/vpn"
    assert runtime.searched == [("vpn", frozenset({"it", "finance"}), 3)]


@pytest.mark.parametrize(
    "params", [{}, {"q": ""}, {"q": "  "}, {"q": "a", "k": 0}, {"q": "a", "k": 51}, {"q": "a" * 2001}]
)
def test_a_wrong_search_is_422(http, params):
    assert_problem(http.get("/v1/search", params=params), 422)


@pytest.mark.parametrize("path", ["network/vpn", "network%2Fvpn", "notes/revisions/2026"])
def test_ids_with_slashes_are_found(http, path):
    answer = http.get(f"/v1/articles/{path}")
    assert answer.status_code == 200
    assert answer.json()["text"] == "Reconnect."


def test_a_citation_opens_its_revision(http):
    answer = http.get(f"/v1/articles/network/vpn/revisions/{REVISION}")
    assert answer.json()["live"] is True
    assert_problem(http.get("/v1/articles/network/vpn/revisions/sha256:00"), 404)


def test_a_restricted_article_is_not_told_from_a_missing_one(http):
    assert http.get("/v1/articles/finance/ledger", params={"groups": "finance"}).status_code == 200
    assert_problem(http.get("/v1/articles/finance/ledger"), 404)


def test_an_ingest_run_is_accepted_and_can_be_asked_after(http, tmp_path):
    answer = http.post("/v1/ingest-runs", json={"source": str(tmp_path)})
    assert answer.status_code == 202
    assert http.get(answer.headers["location"]).json()["id"] == answer.json()["id"]
    assert_problem(http.get("/v1/ingest-runs/nope"), 404)
    for wrong in ("relative", "/nonexistent/folder", "/kb\0"):
        assert_problem(http.post("/v1/ingest-runs", json={"source": wrong}), 422)


def test_a_reindex_run_is_accepted_and_is_a_run_like_any_other(http, runtime):
    answer = http.post("/v1/reindex-runs", json={"embedding": "e5-small-v2"})
    assert answer.status_code == 202
    assert answer.json()["source"] == "reindex:e5-small-v2"
    assert http.get(answer.headers["location"]).status_code == 200
    assert_problem(http.post("/v1/reindex-runs", json={"embedding": ""}), 422)
    assert_problem(http.post("/v1/reindex-runs", json={"model": "e5-small-v2"}), 422)


def test_ready_only_when_there_is_something_to_decide_from(http, runtime):
    assert http.get("/readyz").status_code == 200
    runtime.empty = True
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert http.get("/healthz").status_code == 200


def test_not_ready_while_the_index_cannot_be_searched(http, runtime):
    runtime.faulty = "The server at 'http://qdrant' is down. Start it."
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not_ready", "detail": runtime.faulty})
    assert http.get("/healthz").status_code == 200
    runtime.faulty = None
    assert http.get("/readyz").status_code == 200


def test_a_failing_index_is_503_and_says_when_to_come_back(http, runtime):
    runtime.fails_with = StoreError("the vector store failed to query")
    answer = http.post("/v1/triage", json={"text": "a"})
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "5"


def test_an_unknown_error_leaks_nothing(http, runtime, caplog):
    runtime.fails_with = ZeroDivisionError("password=hunter2")
    with caplog.at_level(logging.ERROR):
        answer = http.post("/v1/triage", json={"text": "a"})
    assert "hunter2" not in json.dumps(assert_problem(answer, 500))
    assert "hunter2" in caplog.text


def test_unknown_paths_and_methods_are_problems_too(http):
    assert "'/nope'" in assert_problem(http.get("/nope"), 404)["detail"]
    assert_problem(http.get("/v1/articles"), 404)
    answer = http.put("/v1/triage")
    assert "expected POST" in assert_problem(answer, 405)["detail"]
    assert answer.headers["allow"] == "POST"


def test_a_broken_policy_is_told_while_the_last_good_one_decides(http, runtime):
    runtime.broken_policy = "policy.yml:2:1: unknown key 'langauges'"
    answer = http.get("/readyz")
    assert answer.status_code == 200
    assert "policy.yml:2:1" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/articles/network/vpn", "/nope"])
def test_head_answers_as_get_does_without_a_body(http, path):
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.headers, head.content) == (get.status_code, get.headers, b"")


def test_a_ticket_sent_as_a_form_is_told_what_to_send(http):
    answer = http.post(
        "/v1/triage", content='{"text": "a"}', headers={"content-type": "application/x-www-form-urlencoded"}
    )
    detail = assert_problem(answer, 415)["detail"]
    assert "application/x-www-form-urlencoded" in detail
    assert "Content-Type: application/json" in detail


def test_the_http_page_describes_every_route(runtime):
    page = (Path(__file__).parents[3] / "docs" / "http.md").read_text("utf-8")
    names = re.compile(r"\{(?:article_id|run_id|decision_id)\}")
    for path, operations in create_app(runtime).openapi()["paths"].items():
        for method in operations:
            assert f"{method.upper()} {names.sub('{id}', path)}" in page


def test_decisions_are_asked_for_by_what_they_came_to(http, runtime):
    asked = {
        "outcome": ["RESOLVE", "GUIDE_USER"],
        "reason": "stale",
        "article": "network/vpn",
        "since": "2026-11-13",
        "until": "2026-11-20T09:00:00+01:00",
        "min_confidence": 0.85,
        "max_confidence": 0.92,
        "groups": "finance",
        "cursor": "01JD",
        "limit": 7,
    }
    answer = http.get("/v1/decisions", params=asked)
    assert answer.status_code == 200
    assert answer.json()["decisions"][0]["confidence"] == 0.9346
    ((query, audience),) = runtime.asked
    assert (query.outcomes, query.reasons, query.article) == (["RESOLVE", "GUIDE_USER"], ["stale"], "network/vpn")
    assert query.since == datetime(2026, 11, 13, tzinfo=UTC)
    assert query.until == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (query.min_confidence, query.max_confidence, query.before, query.limit) == (0.85, 0.92, "01JD", 7)
    assert audience == frozenset({"finance"})


def test_whoever_names_no_group_reads_as_everyone(http, runtime):
    http.get("/v1/decisions")
    assert [audience for _, audience in runtime.asked] == [frozenset()]


@pytest.mark.parametrize(
    "asked",
    [
        "outcome=SHRUG",
        "reason=x",
        "since=yesterday",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31T23:59:00-10:00",
        "min_confidence=2",
        "limit=0",
        "limit=501",
    ],
)
def test_a_wrong_question_after_decisions_is_422(http, asked):
    assert_problem(http.get(f"/v1/decisions?{asked}"), 422)


def test_a_decision_that_is_not_there_is_404(http):
    assert_problem(http.get("/v1/decisions/01JD"), 404)


def test_a_ledger_that_cannot_be_read_is_503(http, runtime):
    runtime.fails_with = LedgerError("the catalog is damaged")
    assert assert_problem(http.get("/v1/decisions"), 503)["type"].endswith("ledger-unavailable")
