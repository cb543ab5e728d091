import json

import pytest

from agent.decide.chat import MAX_ANSWER_BYTES, ChatEndpoint, OpenAiChat
from agent.decide.conversation import Message, Question, ToolCall
from agent.decide.limits import Price
from agent.errors import ModelError
from tests.chat_server import (
    calling,
    chat_server,
    completion,
    compressed,
    drip,
    hang,
    status,
    truncated,
    whole,
)

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "search_kb", "description": "Search.", "parameters": SCHEMA}}
ASKED = Question((Message("system", "Choose."), Message("user", "{}")), SCHEMA, (TOOL,))


@pytest.fixture
def server():
    with chat_server() as fake:
        fake.say = lambda _body: {"a": 1}
        yield fake


@pytest.fixture
def model(server):
    chat = OpenAiChat(ChatEndpoint(server.url, "tiny", "sk-secret", Price(1, 2)))
    yield chat
    chat.close()


def test_asks_for_a_strict_schema_with_tools_and_a_bounded_reply(server, model):
    reply = model.ask(ASKED, 5)
    body = server.requests[0]
    assert (reply.text, reply.usage.input_tokens, reply.usage.output_tokens) == ('{"a": 1}', 900, 60)
    assert body["response_format"]["json_schema"] == {"name": "answer", "strict": True, "schema": SCHEMA}
    assert (body["model"], body["tools"], body["max_tokens"], body["temperature"]) == ("tiny", [TOOL], 1000, 0)


def test_the_key_is_sent_and_never_shown(server, model):
    model.ask(ASKED, 5)
    assert server.headers[0]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(ChatEndpoint(server.url, "tiny", "sk-secret"))


def test_nothing_of_the_environment_is_sent(server, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    model = OpenAiChat(ChatEndpoint(server.url, "tiny"))
    model.ask(ASKED, 5)
    model.close()
    assert not {"openai-organization", "openai-project"} & set(server.headers[0])
    assert server.headers[0]["authorization"] == "Bearer none"


def test_a_lookup_is_asked_for_and_answered(server, model):
    server.say = lambda _body: calling("search_kb", {"query": "vpn"})
    reply = model.ask(ASKED, 5)
    assert reply.calls == (ToolCall("call-1", "search_kb", '{"query": "vpn"}'),)
    answered = (*ASKED.messages, Message("assistant", "", reply.calls), Message("tool", "[]", answers="call-1"))
    model.ask(Question(answered, SCHEMA, (TOOL,)), 5)
    assert server.requests[1]["messages"][2]["tool_calls"][0]["function"]["name"] == "search_kb"
    assert server.requests[1]["messages"][3] == {"role": "tool", "content": "[]", "tool_call_id": "call-1"}


def refuses(*parts: str, code: int = 400, text: str | None = None):
    """Make a server that takes none of these parts of a request."""

    def refuse(body):
        kind = body.get("response_format", {}).get("type")
        for part in parts:
            named = part == kind or part in body or (part == "schema" and "schema" in body.get("response_format", {}))
            if named:
                about = f"'response_format.type' {part!r}" if part.startswith("json") or part == "schema" else part
                return code, text or json.dumps({"error": {"message": f"Unsupported parameter: {about}"}})
        return None

    return refuse


@pytest.mark.parametrize(
    ("refuse", "left"),
    [
        (refuses("json_schema"), {"type": "json_object", "schema": SCHEMA}),
        (refuses("json_schema", "schema", code=422), {"type": "json_object"}),
        (refuses("json_schema", "json_object", code=404), None),
        (
            refuses(
                "json_schema",
                code=500,
                text="{\"error\":{\"message\":\"[{'type': 'literal_error', 'loc': ('body', 'response_format')}]\"}}",
            ),
            {"type": "json_object", "schema": SCHEMA},
        ),
    ],
    ids=["no-schema", "json-mode-only", "plain", "llama.cpp-500"],
)
def test_steps_down_to_what_a_server_takes_and_remembers_it(server, model, refuse, left):
    server.refuse = refuse
    assert model.ask(ASKED, 5).text == '{"a": 1}'
    assert server.requests[-1].get("response_format") == left
    told = "JSON schema" in server.requests[-1]["messages"][0]["content"]
    assert told == (left in (None, {"type": "json_object"}))
    before = len(server.requests)
    model.ask(ASKED, 5)
    assert len(server.requests) == before + 1


@pytest.mark.parametrize(
    ("part", "instead"), [("max_tokens", "max_completion_tokens"), ("temperature", None), ("tools", None)]
)
def test_leaves_out_what_a_server_does_not_take(server, model, part, instead):
    server.refuse = refuses(part)
    assert model.ask(ASKED, 5).text == '{"a": 1}'
    assert part not in server.requests[-1]
    assert instead is None or instead in server.requests[-1]
    assert server.requests[-1]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (status(401), "status 401"),
        (status(400), "status 400"),
        (status(302, "", location="http://127.0.0.1:9/v1"), "status 302"),
        (whole("<html>hi</html>"), "something else than JSON"),
        (whole('{"id":"c-1","choices":[{"message":'), "something else than JSON"),
        (whole('{"hello":"world"}'), "empty list of choices"),
        (whole('{"choices":[]}'), "empty list of choices"),
        (whole('{"choices":"none"}'), "something else than a chat completion"),
        (whole("[1,2]"), "something else than a chat completion"),
        (whole('{"error":{"message":"quota"},"choices":[]}'), "reported an error"),
        (whole('{"choices":[{"message":{"refusal":"I cannot"}}]}'), "refused"),
        (whole('{"choices":[{"message":{"content":"{"},"finish_reason":"length"}]}'), "cut off"),
        (whole('{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}'), "filter"),
        (whole('{"choices":[{"message":{"content":null}}]}'), "empty reply"),
        (whole(b" " * (MAX_ANSWER_BYTES + 1)), "sent more than"),
        (whole(b" " * 10_000_000), "sent more than"),
        (status(500, "x" * 10_000_000), "sent more than"),
        (whole("[" * 100_000), "something else than JSON"),
        (compressed, "compressed"),
        (hang, "no answer within"),
        (drip, "no answer within"),
    ],
    ids=[
        "unauthorised", "bad-request", "redirect", "html", "truncated-json", "no-choices-key", "empty-choices",
        "odd-choices", "a-list", "error-with-200", "refusal", "length", "filter", "empty", "just-too-long", "10-mb",
        "10-mb-error", "nested", "compressed", "hang", "drip",
    ],
)  # fmt: skip
def test_a_server_that_misbehaves_gives_a_named_error_in_time(server, model, answer, problem):
    server.answers = [answer] * 3
    with pytest.raises(ModelError, match=problem) as raised:
        model.ask(ASKED, 0.6)
    assert "quota" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [status(429), status(429, retry_after="0"), status(429, retry_after="Wed"), status(503), status(500), truncated],
    ids=["429", "429-retry-after", "429-odd-retry-after", "503", "500", "broken-off"],
)
def test_a_passing_fault_is_tried_again_once(server, model, answer):
    server.answers = [answer]
    assert model.ask(ASKED, 10).text == '{"a": 1}'
    server.answers = [answer, answer]
    with pytest.raises(ModelError):
        model.ask(ASKED, 10)


def test_a_server_that_says_wait_longer_than_there_is_time_is_not_waited_for(server, model):
    server.answers = [status(429, retry_after="60")]
    with pytest.raises(ModelError, match="429"):
        model.ask(ASKED, 30)
    assert len(server.requests) == 1


def test_nobody_listening_is_a_named_error():
    model = OpenAiChat(ChatEndpoint("http://127.0.0.1:9/v1", "tiny"))
    with pytest.raises(ModelError, match="cannot be reached"):
        model.ask(ASKED, 5)
    model.close()


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [(None, None), ({"prompt_tokens": "many"}, None), ({"prompt_tokens": -5, "completion_tokens": 7}, 7)],
    ids=["none", "odd", "negative"],
)
def test_usage_that_is_not_reported_counts_as_the_most_it_can_have_been(server, model, usage, tokens):
    server.usage = usage
    used = model.ask(ASKED, 5).usage
    assert used.input_tokens > 100
    assert used.output_tokens == (tokens or len(json.dumps(completion({"a": 1}, usage))))
    assert used.cost_usd is None


def test_a_cost_that_the_server_reports_counts(server, model):
    server.usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.01}
    assert model.ask(ASKED, 5).usage.cost_usd == 0.01
