"""What every shape at the edge is made of: moments, scores, checked strings, and the two bases."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, StringConstraints

MAX_GROUPS = 256


def _to_iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[datetime, PlainSerializer(_to_iso, return_type=str, when_used="json")]
"""A point in time, to the second, written in UTC with a `Z`."""

Score = Annotated[float, PlainSerializer(lambda score: round(score, 4), return_type=float, when_used="json")]
"""A score, written with four places."""


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair, which is no character") from None
    return text


Words = Annotated[str, AfterValidator(_encodable)]
Name = Annotated[Words, StringConstraints(min_length=1, max_length=320)]


class Answer(BaseModel):
    """Base of all that Runcite hands out; read off the frozen dataclasses inside.

    What checks and writes a shape is made at its first use: a command uses few of them.
    """

    model_config = ConfigDict(from_attributes=True, extra="forbid", defer_build=True)


class Request(BaseModel):
    """Base of all that Runcite takes in; an unknown field is a mistake that should be heard of."""

    model_config = ConfigDict(extra="forbid")
