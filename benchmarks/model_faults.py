"""What a decision costs, and whether there is one, when the chat server of a model is at fault in every known way."""

import json
import time
from collections.abc import Callable

from agent.decide.chat import ChatEndpoint, OpenAiChat
from agent.decide.limits import DECISION_S
from agent.decide.llm import LlmDecider, Models
from agent.models import ACTING
from agent.schema import Decision
from agent.triage import Triager
from benchmarks.figure import Figure, machine, seconds
from tests.cases import rules
from tests.chat_server import (
    FakeChatServer,
    Handler,
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
from tests.model_cases import LIBRARY, TICKET, FixedSearcher, found, selects

COMMAND = "`python -m benchmarks.model_faults`"
Fault = Callable[[Handler], None]


def says(text: object) -> Fault:
    """Answer with a whole completion around this."""
    return lambda handler: handler.send(200, json.dumps(completion(text, {"prompt_tokens": 9, "completion_tokens": 9})))


FAULTS: dict[str, Fault] = {
    "hang": hang,
    "drip": drip,
    "429": status(429),
    "429, Retry-After 1": status(429, retry_after="1"),
    "429, Retry-After 600": status(429, retry_after="600"),
    "500": status(500),
    "503": status(503),
    "401": status(401),
    "broken off": truncated,
    "truncated JSON": whole('{"id":"c-1","choices":[{"message":'),
    "wrong ids": says(selects(article=77, steps=[9])),
    "10 MB": whole(b" " * 10_000_000),
    "10 MB with 500": status(500, "x" * 10_000_000),
    "empty choices": whole('{"choices":[]}'),
    "refusal": whole('{"choices":[{"message":{"refusal":"no"}}]}'),
    "length": whole('{"choices":[{"message":{"content":"{"},"finish_reason":"length"}]}'),
    "no JSON": whole("<html>Bad gateway</html>"),
    "no schema": says("Of course! I would open the preferences."),
    "compressed": compressed,
    "endless lookups": says(calling("search_kb", {"query": "vpn"})),
}


def measure() -> list[Figure]:
    """Decide a ticket under each fault."""
    times: list[float] = []
    valid = 0
    for name, fault in FAULTS.items():
        with chat_server() as server:
            took_s, decision = _decide(server, fault)
        times.append(took_s)
        valid += _is_valid(decision)
        print(f"  {name}: {decision.outcome} by {decision.provenance.decider} in {took_s:.2f} s", flush=True)
    name = f"decision with a chat server at fault, longest of {len(FAULTS)} faults"
    longest = seconds(name, [max(times)], at_most=DECISION_S, command=COMMAND)
    share = Figure(
        "valid decisions with a chat server at fault",
        f"{valid} of {len(FAULTS)}",
        "all",
        valid == len(FAULTS),
        "",
        COMMAND,
    )
    return [share, longest]


def _decide(server: FakeChatServer, fault: Fault) -> tuple[float, Decision]:
    server.answers = [fault] * 20
    model = OpenAiChat(ChatEndpoint(server.url, "tiny"))
    searcher = FixedSearcher(found())
    triager = Triager(searcher, LIBRARY, LlmDecider(Models(model), searcher, str), rules, "none")
    try:
        began = time.perf_counter()
        decision = triager.triage(TICKET)
        return time.perf_counter() - began, decision
    finally:
        model.close()


def _is_valid(decision: Decision) -> bool:
    """Whether it is a decision that may be sent: it acts on the article's own steps, or hands over."""
    stored = {LIBRARY.revision(c.article_id, c.revision).text[c.start : c.end] for c in decision.citations}
    return {step.text for step in decision.steps} <= stored and bool(decision.steps) == (decision.outcome in ACTING)


if __name__ == "__main__":
    print(machine())
    for figure in measure():
        print(f"{figure.name}: {figure.value} ({figure.target})")
