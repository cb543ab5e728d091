"""An OpenAI-compatible chat server on loopback: scripted replies, documented dialects, and documented misbehaviour."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


class FakeChatServer:
    """What it is asked, and what it says.

    Attributes:
        say: Makes the content of each reply from the request's body; a dict becomes JSON, with `tool_calls` a message.
        refuse: Looks at each request first; may answer with status and body instead.
        answers: Whole answers given before any other: a callable that writes to the handler.
        requests: Bodies, in order.
        headers: Headers of each request, lower-case.
        usage: Reported with each reply; `None` for none.
    """

    def __init__(self) -> None:
        self.say: Callable[[Body], Any] = lambda _body: {}
        self.refuse: Callable[[Body], tuple[int, str] | None] = lambda _body: None
        self.answers: list[Callable[[Handler], None]] = []
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.usage: Any = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
        self.over = threading.Event()
        self.url = ""

    @property
    def prompts(self) -> list[str]:
        """Everything that was sent to it, each request as one text."""
        return [json.dumps(request, ensure_ascii=False) for request in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Answers `POST /v1/chat/completions`."""

    server_version = "uvicorn"
    protocol_version = "HTTP/1.1"
    fake: FakeChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.fake.requests.append(body)
        self.fake.headers.append({name.lower(): value for name, value in self.headers.items()})
        try:
            if self.fake.answers:
                self.fake.answers.pop(0)(self)
            elif (refused := self.fake.refuse(body)) is not None:
                self.send(*refused)
            else:
                self.send(200, json.dumps(completion(self.fake.say(body), self.fake.usage)))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def send(self, status: int, text: str | bytes, headers: dict[str, str] | None = None) -> None:
        """Send one whole answer."""
        content = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def completion(said: Any, usage: Any = None, finish: str = "stop") -> Body:
    """Write a chat completion around what a model said."""
    message = {"role": "assistant", "content": said if isinstance(said, str) else json.dumps(said)}
    if isinstance(said, dict) and "tool_calls" in said:
        message, finish = {"role": "assistant", "content": None, **said}, "tool_calls"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def calling(name: str, arguments: object) -> Body:
    """Make a reply that asks for a tool."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"tool_calls": [{"id": "call-1", "type": "function", "function": {"name": name, "arguments": text}}]}


def hang(handler: Handler) -> None:
    """Take the request and never answer."""
    handler.fake.over.wait(60)


def drip(handler: Handler) -> None:
    """Send an answer a byte at a time, each in time for a read timeout."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.fake.over.is_set():
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def status(code: int, text: str = '{"error":{"message":"no"}}', **headers: str) -> Callable[[Handler], None]:
    """Answer with a status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.send(code, text, named)


def whole(text: str | bytes) -> Callable[[Handler], None]:
    """Answer 200 with this body."""
    return lambda handler: handler.send(200, text)


def truncated(handler: Handler) -> None:
    """Announce more than is sent, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id":"c-1","choices":[{"message":{"content":"{')
    handler.close_connection = True


def compressed(handler: Handler) -> None:
    """Claim to be compressed."""
    handler.send(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})


@contextmanager
def chat_server() -> Iterator[FakeChatServer]:
    """Serve on a free port of loopback."""
    fake = FakeChatServer()
    handler = type("BoundHandler", (Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
