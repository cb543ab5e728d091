"""What a model said enters, checked, the selection in it leaves."""

import re
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from agent.errors import ModelError

MAX_OPENING_CHARS = 240
MAX_QUESTION_CHARS = 240
MAX_STEPS = 60
MAX_REPLY_CHARS = 64 * 1024

Kind = TypeVar("Kind", bound=BaseModel)

_CONTROL = re.compile(r"[\x00-\x1f]")
"""Not allowed raw in JSON strings; engines whose grammar allows them are about."""

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)


class Selection(BaseModel):
    """What the deciding model chose. It names passages by number; of its own words only these two strings are used."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    outcome: Literal["RESOLVE", "GUIDE_USER", "NEED_INFO", "ESCALATE_HUMAN"]
    article: int = Field(description="Number of the article whose steps answer the ticket; 0 for none.")
    steps: list[int] = Field(max_length=MAX_STEPS, description="Numbers of its steps, in order; empty for none.")
    opening: str = Field(max_length=MAX_OPENING_CHARS, description="One or two kind sentences to put before the steps.")
    question: str = Field(max_length=MAX_QUESTION_CHARS, description="For NEED_INFO, the one question; else empty.")


class Judgement(BaseModel):
    """What the judging model thinks of a draft."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    verdict: Literal["accept", "doubt"] = Field(description="accept only if the steps answer this very ticket.")


def strict_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """Write a flat model's JSON schema as strict servers take it: all required, nothing more, no range, no default."""
    properties = {
        name: {key: value for key, value in part.items() if key in ("type", "enum", "items", "description")}
        for name, part in kind.model_json_schema()["properties"].items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_reply(text: str, kind: type[Kind]) -> Kind:
    """Find and check the JSON object in a reply; thoughts, fences and words around it do not matter.

    Args:
        text: What the model said.
        kind: What it was asked for.

    Raises:
        ModelError: There is none, or it is not what was asked for. The message repeats nothing that the model said.
    """
    if len(text) > MAX_REPLY_CHARS:
        raise ModelError(f"gave a reply of {len(text):,} characters, more than {MAX_REPLY_CHARS:,}")
    said = _CONTROL.sub(" ", _THOUGHT.sub("", text))
    start, end = said.find("{"), said.rfind("}")
    if not 0 <= start < end:
        raise ModelError("gave a reply without a JSON object")
    try:
        return kind.model_validate(from_json(said[start : end + 1]))
    except ValidationError as error:
        places = sorted(
            {str(mistake["loc"][0]) for mistake in error.errors() if mistake["loc"]} & set(kind.model_fields)
        )
        where = f" in {', '.join(places)}" if places else ""
        raise ModelError(f"gave a JSON object that is not what was asked for{where}") from None
    except ValueError:
        raise ModelError("gave a reply whose JSON cannot be read") from None
