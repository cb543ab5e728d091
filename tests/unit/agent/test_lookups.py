import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent.errors import LookupFailedError
from agent.lookups import MAX_ANSWER_BYTES, HttpCustomers, HttpHealth, HttpLogs, JsonService

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture
def system():
    """Answer every GET with what the test says, and remember it."""

    class Handler(BaseHTTPRequestHandler):
        answer = (200, b'{"plan": "gold"}', {})
        asked: list[tuple[str, str | None]] = []  # noqa: RUF012 - one class per test

        def do_GET(self):
            self.asked.append((self.path, self.headers["Authorization"]))
            code, content, headers = self.answer
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    Handler.url = f"http://127.0.0.1:{server.server_address[1]}/api"
    yield Handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def service(system):
    made = JsonService(system.url, "tok-1")
    yield made
    made.close()


def test_a_profile_is_asked_for_by_address_with_the_token(system, service):
    assert json.loads(HttpCustomers(service).profile("ann&b@example.org")) == {"plan": "gold"}
    assert system.asked == [("/api?email=ann%26b%40example.org", "Bearer tok-1")]


def test_health_and_logs_are_asked_for_by_service(system, service):
    HttpHealth(service).health("vpn gateway")
    HttpLogs(service).recent("vpn")
    assert [path for path, _ in system.asked] == ["/api?service=vpn+gateway", "/api?service=vpn&minutes=15"]


@pytest.mark.parametrize(
    "answer", [(404, b"", {}), (500, b"", {}), (302, b"", {"Location": "http://127.0.0.1:9/"})], ids=str
)
def test_anything_but_an_answer_is_an_error(system, service, answer):
    system.answer = answer
    with pytest.raises(LookupFailedError, match="status"):
        HttpHealth(service).health("vpn")


def test_a_long_answer_is_cut(system, service):
    system.answer = (200, b"x" * (3 * MAX_ANSWER_BYTES), {})
    assert len(HttpLogs(service).recent("vpn")) == MAX_ANSWER_BYTES


def test_bytes_that_are_no_text_are_replaced(system, service):
    system.answer = (200, b"up \xff", {})
    assert HttpHealth(service).health("vpn") == "up �"


def test_a_system_that_is_away_is_an_error():
    made = JsonService("http://127.0.0.1:9/")
    with pytest.raises(LookupFailedError, match="cannot be reached"):
        made.get(service="vpn")
    made.close()
