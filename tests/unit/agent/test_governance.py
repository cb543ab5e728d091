"""The governance contract says what the code does: each of its words is compared with the code that keeps it."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

import agent
from agent.decide import breaker, limits
from agent.decide.conversation import ToolCall
from agent.decide.llm import ASKABLE
from agent.decide.selection import Selection
from agent.decide.tools import Lookups, Toolbox, ToolName
from agent.gates import GATES
from agent.models import Outcome, RefusalReason, Requester, Ticket
from agent.schema import Provenance
from tests.cases import a_case, assessed
from tests.model_cases import LIBRARY, FixedSearcher, ScriptedModel, decide, found, selects

FOLDER = Path(agent.__file__).parent
CONTRACT = json.loads((FOLDER / "governance.json").read_text(encoding="utf-8"))
SCHEMA = json.loads((FOLDER / "governance.schema.json").read_text(encoding="utf-8"))


class Everything:
    """Every system that a tool may read from."""

    def profile(self, email):
        return f"profile of {email}"

    def health(self, service):
        return f"{service} is up"

    def recent(self, service):
        return f"log of {service}"


def a_toolbox():
    case = a_case(assessed(found()))
    ticket = Ticket("INC-1", "VPN drops", requester=Requester("ann@example.org"))
    everything = Everything()
    lookups = Lookups(everything, everything, everything)
    object.__setattr__(case, "ticket", ticket)
    return Toolbox(case, FixedSearcher(found()), LIBRARY, lookups)


def test_the_contract_follows_its_schema():
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(CONTRACT)


@pytest.mark.parametrize(
    "change",
    [
        {"trust_level": "A3"},
        {"limits": CONTRACT["limits"] | {"turns_per_decision": 9}},
        {"limits": CONTRACT["limits"] | {"cost_usd_per_decision": 0.21}},
        {"limits": CONTRACT["limits"] | {"seconds_per_decision": 9}},
        {"allowed_tools": [{"name": "restart_service", "effect": "write"}]},
        {"execution": True},
    ],
    ids=["trust", "turns", "cost", "time", "a-tool-that-writes", "unknown-word"],
)
def test_the_schema_refuses_a_bolder_contract(change):
    assert not Draft202012Validator(SCHEMA).is_valid(CONTRACT | change)


def test_the_registry_holds_the_allowed_tools_and_no_other():
    allowed = {tool["name"] for tool in CONTRACT["allowed_tools"]}
    assert allowed == set(get_args(ToolName)) == set(a_toolbox().names)
    assert not allowed & set(CONTRACT["absent_tools"])


def test_the_limits_are_those_of_the_code():
    assert CONTRACT["limits"] == {
        "turns_per_decision": limits.MAX_TURNS,
        "cost_usd_per_decision": limits.MAX_COST_USD,
        "tokens_per_decision_without_price": limits.MAX_TOKENS_UNPRICED,
        "seconds_per_decision": limits.DECISION_S,
        "seconds_of_model_per_decision": limits.MODEL_S,
        "failures_before_rest": breaker.FAILURES,
        "rest_seconds": breaker.REST_S,
    }
    assert limits.MODEL_S < limits.DECISION_S


def test_outcomes_and_hand_offs_are_those_of_the_code():
    assert set(CONTRACT["outcomes"]) == set(get_args(Outcome))
    assert set(CONTRACT["model_outcomes"]) == set(get_args(Selection.model_fields["outcome"].annotation))
    assert {*CONTRACT["hand_off"], *CONTRACT["asks_first"]} == set(get_args(RefusalReason))
    assert set(CONTRACT["model_is_asked_when"]) == {"none", *ASKABLE}
    assert {gate.outcome for gate in GATES} <= set(CONTRACT["outcomes"]) - {"RESOLVE", "GUIDE_USER"}


def test_the_audit_names_every_field_of_a_decisions_provenance():
    assert CONTRACT["audit"]["every_decision_records"] == [field.name for field in fields(Provenance)]


@pytest.mark.parametrize("name", [*CONTRACT["absent_tools"], "__init__", "run", "_search", "eval", "search_kb "])
def test_a_tool_that_changes_something_is_not_there_to_be_called(name):
    toolbox = a_toolbox()
    offered = {definition["function"]["name"] for definition in toolbox.definitions()}
    assert name not in offered
    assert toolbox.run(ToolCall("1", name, '{"user": "ann"}')) == "there is no such tool"


@pytest.mark.parametrize("name", CONTRACT["absent_tools"])
def test_a_model_that_calls_such_a_tool_finds_nothing_and_changes_nothing(name):
    model = ScriptedModel()
    decision = decide(ToolCall("1", name, '{"user": "ann"}'), selects())
    assert (decision.outcome, decision.provenance.turns) == ("GUIDE_USER", 2)
    assert model.asked == []


@pytest.mark.parametrize("name", CONTRACT["absent_tools"])
def test_nothing_in_the_agent_is_named_like_such_a_tool(name):
    sources = [path for path in FOLDER.rglob("*.py") if name in path.read_text(encoding="utf-8")]
    assert sources == []
