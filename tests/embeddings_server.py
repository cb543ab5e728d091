"""An OpenAI-compatible embeddings endpoint on loopback, with the misbehaviour such endpoints are known for."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from tests.fakes import HashedWordsEmbedder

KEY = "sk-very-secret-4711"
Answer = tuple[int, dict[str, str], bytes]


class FakeEndpoint:
    """What it serves, and what goes wrong.

    Attributes:
        answers: Replies given before any other: status, headers, body.
        change: Applied to the list of `{"index", "embedding"}` before it is sent.
        speaks_base64: Whether it knows `encoding_format: base64`; what does not says so with a 400.
        sends_floats: Whether it sends floats whatever it is asked for.
        scale: Length of the vectors.
        gate: Set to let frozen requests go on.
        frozen: Whether requests are left without an answer.
    """

    def __init__(self) -> None:
        self.embedder = HashedWordsEmbedder(dimension=16)
        self.answers: list[Answer] = []
        self.change: Callable[[list[dict[str, Any]]], object] = lambda items: items
        self.speaks_base64 = True
        self.sends_floats = False
        self.scale = 1.0
        self.frozen = False
        self.gate = threading.Event()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def reply(self, asked: dict[str, Any], headers: dict[str, str]) -> Answer:
        self.requests.append(asked)
        self.headers.append(headers)
        if self.frozen:
            self.gate.wait(30)
        if self.answers:
            return self.answers.pop(0)
        if asked.get("encoding_format") == "base64" and not self.speaks_base64:
            return 400, {}, b'{"error": {"message": "encoding_format: expected float"}}'
        vectors = self.embedder.embed_passages(asked["input"]) * np.float32(self.scale)
        as_text = asked.get("encoding_format") == "base64" and not self.sends_floats
        items = [
            {"index": at, "embedding": base64.b64encode(row.tobytes()).decode() if as_text else row.tolist()}
            for at, row in enumerate(vectors)
        ]
        body = {"object": "list", "data": self.change(items), "model": asked["model"]}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


@contextmanager
def serving(endpoint: FakeEndpoint) -> Iterator[str]:
    """Serve an endpoint; gives its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, body = endpoint.reply(asked, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield endpoint.url
    finally:
        endpoint.gate.set()
        server.shutdown()
        server.server_close()
