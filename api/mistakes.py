"""What pydantic says of a wrong value enters, plain words that do not repeat the value leave."""

from collections.abc import Sequence
from typing import Any

_EXTRA = "extra_forbidden"
_MISSING = "missing"
_NOT_JSON = "json_invalid"
_NO_OBJECT = frozenset({"model_type", "model_attributes_type"})


def describe_mistakes(found: Sequence[Any]) -> tuple[str, ...]:
    """Say what is wrong, one line per mistake.

    Args:
        found: What `ValidationError.errors()` or FastAPI's counterpart lists.

    Returns:
        Lines like `channel: expected 'email' or 'chat'`. What was sent is not repeated: it may hold a
        password, and it may be long.
    """
    return tuple(_describe(one["type"], one["msg"], one["loc"]) for one in found)


def _describe(kind: str, message: str, place: Sequence[str | int]) -> str:
    where = ".".join(str(part) for part in place)
    if kind == _NOT_JSON:
        return message[0].lower() + message[1:] if "at line" in message else "not valid JSON"
    if kind == _EXTRA:
        return f"{where}: no such field"
    if kind == _MISSING:
        return f"{where}: missing"
    if kind in _NO_OBJECT:
        return f"{where}: expected a JSON object" if where else "expected a JSON object"
    words = message.removeprefix("Value error, ")
    words = words.replace("Input should be a valid", "expected a").replace("Input should be", "expected")
    words = words.replace("expected a integer", "expected an integer")
    return f"{where}: {words}" if where else words
