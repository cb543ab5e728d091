import json

import pytest

from tests.chat_server import calling, chat_server, hang

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TICKET = "The VPN drops every few minutes on hotel Wi-Fi, please help"
KEY = "sk-test-4711"


@pytest.fixture
def server(monkeypatch):
    with chat_server() as fake:
        monkeypatch.setenv("RUNCITE_LLM_BASE_URL", fake.url)
        monkeypatch.setenv("RUNCITE_LLM_MODEL", "tiny")
        monkeypatch.setenv("RUNCITE_LLM_API_KEY", KEY)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield fake


def selects(**changed):
    good = {"outcome": "GUIDE_USER", "article": 1, "steps": [1, 2], "opening": "Sorry about that.", "question": ""}
    return good | changed


def triage(runcite, *arguments):
    code, out, err = runcite("triage", "--as-of", "2026-11-20", "--json", *arguments, TICKET)
    assert KEY not in out + err
    return code, json.loads(out) if out else None, err


def test_a_model_chooses_among_the_articles_steps(runcite, server):
    server.say = lambda _body: selects()
    code, decision, _ = triage(runcite, "--decider", "llm")
    assert (code, decision["outcome"]) == (0, "GUIDE_USER")
    assert [step["text"] for step in decision["steps"]] == [
        "Open Preferences > Network and enable Always On.",
        "Close the laptop lid for ten seconds and open it again.",
    ]
    made = decision["provenance"]
    assert (made["decider"], made["model"], made["turns"], made["tokens"]) == ("llm", "tiny", 1, 960)
    assert (made["cost_usd"], made["degraded"]) == (None, None)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_model_searches_before_it_chooses(runcite, server):
    answers = [calling("search_kb", {"query": "toner"}), selects()]
    server.say = lambda _body: answers.pop(0)
    _, decision, _ = triage(runcite, "--decider", "llm")
    assert (decision["provenance"]["decider"], decision["provenance"]["turns"]) == ("llm", 2)
    assert "printers/toner" in server.requests[1]["messages"][3]["content"]


def test_a_restricted_article_is_not_found_by_a_model_either(runcite, server):
    answers = [calling("search_kb", {"query": "finance ledger period"}), selects()]
    server.say = lambda _body: answers.pop(0)
    triage(runcite, "--decider", "llm")
    assert not any("finance/ledger" in prompt for prompt in server.prompts)


def test_the_setting_names_the_decider_and_the_option_another(runcite, server, monkeypatch):
    monkeypatch.setenv("RUNCITE_DECIDER", "llm")
    server.say = lambda _body: selects(steps=[1])
    assert triage(runcite)[1]["provenance"]["decider"] == "llm"
    assert triage(runcite, "--decider", "extractive")[1]["provenance"]["decider"] == "extractive"
    assert len(server.requests) == 1


def test_a_server_that_hangs_costs_a_decision_nothing_but_time(runcite, server, monkeypatch):
    monkeypatch.setenv("RUNCITE_LLM_TIMEOUT_S", "0.5")
    server.answers = [hang]
    code, decision, _ = triage(runcite, "--decider", "llm")
    assert (code, decision["outcome"], decision["provenance"]["decider"]) == (0, "GUIDE_USER", "extractive")
    assert "gave no answer within" in decision["provenance"]["degraded"]


@pytest.mark.parametrize("unset", ["RUNCITE_LLM_MODEL", "RUNCITE_LLM_BASE_URL"])
def test_a_decider_without_its_model_is_one_clear_line(runcite, server, monkeypatch, unset):
    monkeypatch.delenv(unset)
    code, _, err = triage(runcite, "--decider", "llm")
    assert code == 2
    assert unset in err


@pytest.mark.parametrize(
    ("name", "value"),
    [("RUNCITE_LLM_PRICE", "cheap"), ("RUNCITE_LLM_BASE_URL", "api.openai.com"), ("RUNCITE_DECIDER", "oracle")],
)
def test_a_setting_that_cannot_be_is_one_clear_line(runcite, server, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    code, _, err = triage(runcite, "--decider", "llm")
    assert code == 2
    assert name in err


def test_a_price_of_ones_own_counts(runcite, server, monkeypatch):
    monkeypatch.setenv("RUNCITE_LLM_PRICE", "1.00/2.00")
    server.say = lambda _body: selects()
    _, decision, _ = triage(runcite, "--decider", "llm")
    assert decision["provenance"]["cost_usd"] == pytest.approx((900 * 1 + 60 * 2) / 1e6)


def test_secrets_of_a_ticket_are_not_sent(runcite, server):
    server.say = lambda _body: selects()
    code, *_ = runcite(
        "triage", "--as-of", "2026-11-20", "--decider", "llm", "--json",
        f"{TICKET}. My address is ann.writer@example.org, my password is Tr0ub4dor&3",
    )  # fmt: skip
    assert code == 0
    assert server.prompts
    assert not any(secret in prompt for prompt in server.prompts for secret in ("ann.writer", "Tr0ub4dor"))
