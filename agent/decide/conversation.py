"""The seam to language models: messages enter, one reply leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.decide.limits import Price, Usage


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asks to look up; `arguments` as it wrote them."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: Who speaks.
        text: What is said.
        calls: What the assistant asks to look up.
        answers: Id of the call that a tool's message answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[ToolCall, ...] = field(default=())
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked.

    Attributes:
        messages: The conversation so far.
        schema: JSON schema of the object to answer with.
        tools: Definitions of what it may look up instead of answering.
    """

    messages: Sequence[Message]
    schema: Mapping[str, object]
    tools: Sequence[Mapping[str, object]] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said: a text, or what it wants to look up first."""

    text: str
    calls: tuple[ToolCall, ...]
    usage: Usage


class ChatModel(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """Its name at the server."""
        ...

    @property
    def price(self) -> Price | None:
        """What it costs, where known."""
        ...

    def ask(self, question: Question, within_s: float) -> Reply:
        """Get one reply.

        Args:
            question: What is asked.
            within_s: Seconds after which no reply is waited for any more, whatever server or network do.

        Raises:
            ModelError: There is no usable reply.
        """
        ...
