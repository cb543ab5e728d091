"""What a chat server complained about enters, how to ask it next time leaves. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

Shape = Literal["schema", "object_with_schema", "object", "plain"]

_SHAPES: Final[tuple[Shape, ...]] = ("schema", "object_with_schema", "object", "plain")
_COMPLAINTS: Final = frozenset({400, 404, 415, 422, 500, 501})
"""Statuses that may mean "not like this". llama.cpp's Python server answers 500 to a `json_schema` it does not know."""

_MAX_COMPLAINT_CHARS = 4_000
_OF_LENGTH = re.compile(r"max_completion_tokens|max_tokens")
_OF_TEMPERATURE = re.compile(r"temperature")
_OF_SHAPE = re.compile(
    r"response_format|json_schema|json_object|json mode|structured|grammar|guided|schema|validation error|literal_error"
)
_OF_TOOLS = re.compile(r"tool|function.?call")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which of the optional parts of a chat request a server takes; it starts with all of them.

    Attributes:
        shape: How the reply's shape is asked for. `schema` is strict `json_schema`; `object_with_schema` is llama.cpp's
            form; `object` is JSON mode with the schema in the prompt; `plain` only the prompt.
        tools: Whether tools are offered.
        temperature: Whether the temperature is set to 0.
        length: Under which name the reply's length is bounded.
    """

    shape: Shape = "schema"
    tools: bool = True
    temperature: bool = True
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"

    def after(self, status: int, complaint: str) -> "Dialect | None":
        """Say how to ask a server that refused.

        Args:
            status: Its HTTP status.
            complaint: The body of its answer.

        Returns:
            The next dialect to try; `None` where the complaint is about something else.
        """
        if status not in _COMPLAINTS:
            return None
        said = complaint[:_MAX_COMPLAINT_CHARS].lower()
        if _OF_LENGTH.search(said) and self.length == "max_tokens":
            return replace(self, length="max_completion_tokens")
        if _OF_TEMPERATURE.search(said) and self.temperature:
            return replace(self, temperature=False)
        if _OF_SHAPE.search(said) and self.shape != "plain":
            return replace(self, shape=_SHAPES[_SHAPES.index(self.shape) + 1])
        if _OF_TOOLS.search(said) and self.tools:
            return replace(self, tools=False)
        return None

    def response_format(self, schema: Mapping[str, object]) -> dict[str, object] | None:
        """Write the request's `response_format`; `None` where there is to be none."""
        if self.shape == "schema":
            return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        if self.shape == "object_with_schema":
            return {"type": "json_object", "schema": schema}
        return {"type": "json_object"} if self.shape == "object" else None

    def instruction(self, schema: Mapping[str, object]) -> str:
        """Write what the system message must say of the schema, where the server does not enforce it."""
        if self.shape in ("schema", "object_with_schema"):
            return ""
        return f"\nThe object follows this JSON schema: {json.dumps(schema)}"
