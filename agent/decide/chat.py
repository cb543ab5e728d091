"""A question enters, a reply of any OpenAI-compatible chat server leaves. Sole user of the openai SDK here."""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from agent.decide.completion import read_completion
from agent.decide.conversation import Message, Question, Reply
from agent.decide.dialect import Dialect
from agent.decide.limits import MAX_REPLY_TOKENS, Price
from agent.errors import ModelError

MAX_ANSWER_BYTES = 512 * 1024
CONNECT_S = 2.0
MAX_RETRIES = 1
RETRY_AFTER_S = 0.5
"""Where the server does not say how long to wait."""

MAX_DEMOTIONS = 6

_TOO_LONG = f"sent more than {MAX_ANSWER_BYTES:,} bytes, or compressed ones"
_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """A model at a chat server.

    Attributes:
        base_url: Such as `https://api.openai.com/v1`; the key is sent there and nowhere else.
        model: Its name there.
        key: What the server is shown; servers of your own often need none.
        price: What it costs, where known.
    """

    base_url: str
    model: str
    key: str | None = field(default=None, repr=False)
    price: Price | None = None


class OpenAiChat:
    """A `ChatModel` at an OpenAI-compatible server. Safe to use from several threads."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        # The SDK logs whole requests at debug level; a ticket is for no log.
        logging.getLogger("openai").setLevel(logging.INFO)
        self._endpoint = endpoint
        self._dialect = Dialect()
        # A redirect would take the ticket, and perhaps the key, somewhere else: none is followed.
        self._http = httpx2.Client(
            headers={"Accept-Encoding": "identity"}, event_hooks={"response": [_cap]}, follow_redirects=False
        )
        self._client = openai.OpenAI(
            api_key=endpoint.key or "none",
            base_url=endpoint.base_url,
            organization="",
            project="",
            max_retries=0,
            http_client=self._http,
            # The SDK would take both from the environment, which belongs to the settings.
            default_headers={"OpenAI-Organization": openai.omit, "OpenAI-Project": openai.omit},  # type: ignore[dict-item]  # the SDK drops omitted headers, its annotation does not say so
        )

    @property
    def name(self) -> str:
        """Its name at the server."""
        return self._endpoint.model

    @property
    def price(self) -> Price | None:
        """What it costs, where known."""
        return self._endpoint.price

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, question: Question, within_s: float) -> Reply:
        """Get one reply; see `ChatModel.ask`."""
        answers: queue.SimpleQueue[Reply | ModelError] = queue.SimpleQueue()
        ends = time.monotonic() + within_s

        def work() -> None:
            try:
                answers.put(self._ask(question, ends))
            except ModelError as error:
                answers.put(error)

        # No timeout covers name resolution, or an answer that drips in: the thread is abandoned, not waited for.
        threading.Thread(target=work, name="ask-model", daemon=True).start()
        try:
            answer = answers.get(timeout=max(0.0, within_s))
        except queue.Empty:
            raise ModelError(f"gave no answer within {within_s:.1f} s") from None
        if isinstance(answer, ModelError):
            raise answer
        return answer

    def _ask(self, question: Question, ends: float) -> Reply:
        retries = demotions = 0
        while (remaining_s := ends - time.monotonic()) > 0:
            dialect = self._dialect
            try:
                return self._send(_body(question, dialect), remaining_s)
            except openai.APIStatusError as error:
                status = error.status_code
                simpler = dialect.after(status, error.response.text)
                if simpler is not None and demotions < MAX_DEMOTIONS:
                    self._dialect, demotions = simpler, demotions + 1
                    continue
                wait_s, problem = _wait_s(error), f"answered with status {status}"
                worth_it = status in _AGAIN
            except openai.APITimeoutError:
                raise ModelError(f"gave no answer within {remaining_s:.1f} s") from None
            except openai.APIConnectionError as error:
                if isinstance(error.__cause__, _TooLongError):
                    raise ModelError(_TOO_LONG) from None
                wait_s, problem, worth_it = RETRY_AFTER_S, "cannot be reached, or broke off", True
            except _TooLongError:
                raise ModelError(_TOO_LONG) from None
            except openai.OpenAIError as error:
                raise ModelError(f"cannot be asked ({type(error).__name__})") from error
            if not worth_it or retries >= MAX_RETRIES or time.monotonic() + wait_s >= ends:
                raise ModelError(problem)
            retries += 1
            time.sleep(wait_s)
        raise ModelError("gave no answer in time")

    def _send(self, body: dict[str, Any], timeout_s: float) -> Reply:
        timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        if "openrouter.ai" in self._endpoint.base_url:
            # Without it the router may choose a provider that ignores the schema.
            body["extra_body"] = {"provider": {"require_parameters": True}}
        sent = self._client.chat.completions.with_raw_response.create(
            model=self._endpoint.model, timeout=timeout, **body
        )
        return read_completion(sent.http_response.content, prompt_size(body))


def prompt_size(body: object) -> int:
    """Return how many bytes a request's messages and tools are, near enough: the most tokens they can be."""
    return len(str(body).encode("utf-8", "replace"))


def _body(question: Question, dialect: Dialect) -> dict[str, Any]:
    messages = [_message(message) for message in question.messages]
    messages[0]["content"] += dialect.instruction(question.schema)
    body: dict[str, Any] = {"messages": messages, dialect.length: MAX_REPLY_TOKENS}
    if (shape := dialect.response_format(question.schema)) is not None:
        body["response_format"] = shape
    if dialect.tools and question.tools:
        body["tools"] = list(question.tools)
    if dialect.temperature:
        body["temperature"] = 0
    return body


def _message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        written["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.answers is not None:
        written["tool_call_id"] = message.answers
    return written


def _wait_s(error: openai.APIStatusError) -> float:
    said = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        return RETRY_AFTER_S


class _TooLongError(Exception):
    """A server sends more than any reply needs."""


def _cap(response: httpx2.Response) -> None:
    """Let no more of an answer be read than a reply may take; a compressed one could be of any length."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _TooLongError
    response.stream = _CappedStream(response.stream)


class _CappedStream(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream | httpx2.AsyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        if isinstance(self._stream, httpx2.SyncByteStream):
            for part in self._stream:
                read += len(part)
                if read > MAX_ANSWER_BYTES:
                    raise _TooLongError
                yield part

    def close(self) -> None:
        if isinstance(self._stream, httpx2.SyncByteStream):
            self._stream.close()
