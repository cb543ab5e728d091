"""What callers send: tickets and ingest jobs. An unknown field is refused."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from agent.models import Channel
from api.schemas.base import MAX_GROUPS, Name, Request, Words


class RequesterIn(Request):
    """Who asks, as the trusted client says. Groups decide which restricted articles may be used."""

    email: Name | None = None
    groups: tuple[Name, ...] = Field(default=(), max_length=MAX_GROUPS)
    plan: Name | None = None


class TicketIn(Request):
    """One ticket: `text`, or `subject` and `body`."""

    id: Annotated[Words, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = Field(
        default=None, description="Your name for the ticket; one is made where it is left out."
    )
    text: Words | None = Field(default=None, description="The whole ticket, where subject and body are not apart.")
    subject: Words | None = None
    body: Words | None = None
    channel: Channel = "api"
    requester: RequesterIn = RequesterIn()
    identity_verified: bool = Field(
        default=False, description="Whether the requester's identity has been verified by the client.", strict=True
    )

    @model_validator(mode="after")
    def _has_words(self) -> "TicketIn":
        if self.text is not None and (self.subject is not None or self.body is not None):
            raise ValueError("give either `text`, or `subject` and `body`, not both")
        if not any(part and part.strip() for part in (self.text, self.subject, self.body)):
            raise ValueError("the ticket is empty: give `text`, or `subject` and `body`")
        return self


class IngestRunIn(Request):
    """A job: which source to bring into the index."""

    source: Annotated[Words, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")] = Field(
        description="Absolute path, on the server's machine, of a folder, a git work tree or a file."
    )
    allow_mass_delete: bool = Field(
        default=False, description="Let this run remove a large share of the source's articles.", strict=True
    )


class ReindexRunIn(Request):
    """A job: build the index anew beside the live one."""

    embedding: Annotated[Words, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")] | None = Field(
        default=None,
        description="The embedding model: a preset's name, or the absolute path of a model folder on the server's "
        "machine. The one in use where it is left out.",
    )
