"""The body of a chat completion enters, a reply leaves: tolerant of what is left out, strict about what is used."""

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from agent.decide.conversation import Reply, ToolCall
from agent.decide.limits import Usage
from agent.errors import ModelError

MAX_CALLS = 4
"""Lookups in one reply; a model that wants more gets the answers to these first."""

_MAX_TOKENS = 10_000_000


class _Function(BaseModel):
    name: str
    arguments: str | None = None


class _Call(BaseModel):
    id: str = ""
    function: _Function


class _Message(BaseModel):
    content: Any = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    choices: list[_Choice] = []
    usage: Any = None
    error: Any = None


def read_completion(body: bytes, prompt_bytes: int) -> Reply:
    """Read a chat completion.

    Args:
        body: As the server sent it.
        prompt_bytes: Size of what was asked: the most tokens that it can have been.

    Raises:
        ModelError: There is no usable reply in it.
    """
    try:
        completion = _Completion.model_validate(from_json(body))
    except ValidationError:
        raise ModelError("sent something else than a chat completion") from None
    except ValueError:
        raise ModelError("sent something else than JSON, or broke off") from None
    if completion.error:
        raise ModelError("reported an error")
    if not completion.choices:
        raise ModelError("sent an empty list of choices")
    choice = completion.choices[0]
    if choice.message.refusal:
        raise ModelError("refused to answer")
    if choice.finish_reason in ("length", "content_filter"):
        raise ModelError(
            "was cut off at its length" if choice.finish_reason == "length" else "was stopped by a content filter"
        )
    calls = tuple(
        ToolCall(call.id or f"call-{place}", call.function.name, call.function.arguments or "{}")
        for place, call in enumerate((choice.message.tool_calls or [])[:MAX_CALLS])
    )
    text = _text(choice.message.content)
    if not text.strip() and not calls:
        raise ModelError("gave an empty reply")
    return Reply(text, calls, _usage(completion.usage, prompt_bytes, len(body)))


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _usage(reported: object, prompt_bytes: int, reply_bytes: int) -> Usage:
    """Read what was used; where the server does not say, take the most that it can have been."""
    said = reported if isinstance(reported, dict) else {}
    cost = said.get("cost")
    known = isinstance(cost, int | float) and not isinstance(cost, bool) and math.isfinite(cost) and cost >= 0
    return Usage(
        _count(said.get("prompt_tokens"), prompt_bytes),
        _count(said.get("completion_tokens"), reply_bytes),
        float(cost) if known and cost is not None else None,
    )


def _count(reported: object, most: int) -> int:
    return reported if isinstance(reported, int) and 0 <= reported <= _MAX_TOKENS else most
