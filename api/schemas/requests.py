"""What callers send: tickets and ingest jobs. An unknown field is refused."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from agent.models import Channel, Role
from api.schemas.base import MAX_GROUPS, Name, Request, Words

MAX_MESSAGES = 1_000
_ONE_FORM = "one of `text`, `subject` and `body`, `email`, or `messages` (which may have a `subject`)"


class RequesterIn(Request):
    """Who asks, as the trusted client says. Groups decide which restricted articles may be used."""

    email: Name | None = None
    groups: tuple[Name, ...] = Field(default=(), max_length=MAX_GROUPS)
    plan: Name | None = None


class MessageIn(Request):
    """What one speaker of a conversation says at a time."""

    speaker: Name = Field(description="`user`, `agent` or a name.")
    text: Words
    role: Role | None = Field(default=None, description="Who speaks; told from the names and words where left out.")


class TicketIn(Request):
    """One ticket: `text`, or `subject` and `body`, or `email`, or `messages`."""

    id: Annotated[Words, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = Field(
        default=None, description="Your name for the ticket; one is made where it is left out."
    )
    text: Words | None = Field(default=None, description="The whole ticket, where subject and body are not apart.")
    subject: Words | None = None
    body: Words | None = Field(default=None, description="Plain text or HTML, quoted mails and all.")
    email: Words | None = Field(
        default=None, description="A raw e-mail, RFC 5322, headers first. Its sender is not taken for the requester."
    )
    messages: tuple[MessageIn, ...] | None = Field(
        default=None, min_length=1, max_length=MAX_MESSAGES, description="A conversation, oldest turn first."
    )
    channel: Channel = "api"
    requester: RequesterIn = RequesterIn()
    identity_verified: bool = Field(
        default=False, description="Whether the requester's identity has been verified by the client.", strict=True
    )

    @model_validator(mode="after")
    def _has_words(self) -> "TicketIn":
        given = [name for name in ("text", "body", "email", "messages") if getattr(self, name) is not None]
        if len(given) > 1 or (self.subject is not None and given and given[0] in ("text", "email")):
            raise ValueError(f"give {_ONE_FORM}, not {' and '.join(f'`{name}`' for name in self._given())}")
        said = (self.text, self.subject, self.body, self.email, *(turn.text for turn in self.messages or ()))
        if not any(part and part.strip() for part in said):
            raise ValueError(f"the ticket is empty: give {_ONE_FORM}")
        return self

    def _given(self) -> list[str]:
        names = ("text", "subject", "body", "email", "messages")
        return [name for name in names if getattr(self, name) is not None]


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
