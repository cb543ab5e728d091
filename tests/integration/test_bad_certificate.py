"""Behind a real TLS server: a certificate that nobody vouches for is one clear line, and no credentials go out."""

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.ports import Source
from ingest.sources import confluence_client, servicenow_http, wiki_address
from ingest.sources.clone import CloneSource, parse_repository
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_location import Location
from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.servicenow import ServiceNowSource, parse_instance

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

SECRET = "s3cret"  # noqa: S105 - of nobody


@dataclass
class Server:
    """A TLS server that answers 401 to everything.

    Attributes:
        host: Its address and port.
        certificate: The file of the certificate that it signed itself.
        asked: How many requests reached it.
    """

    host: str
    certificate: Path
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"):
        monkeypatch.delenv(name, raising=False)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*request, *named], check=True, capture_output=True, timeout=60)
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    # A client that goes away in mid-handshake is what this is about.
    running.handle_error = lambda *_: None  # type: ignore[method-assign]
    running.socket = context.wrap_socket(running.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Server(f"127.0.0.1:{running.server_port}", certificate, asked)
    running.shutdown()
    running.server_close()
    thread.join()


Open = Callable[[str, Path], Source]


def confluence(flavor: str) -> Open:
    def open_(host: str, _home: Path) -> Source:
        location = Location.parse(f"confluence+https://{host}/wiki?space=IT&flavor={flavor}")
        return ConfluenceSource(location, confluence_client.Credentials("ann", SECRET), sleep=no_wait)

    return open_


def no_wait(_seconds: float) -> None:
    raise AssertionError("a certificate is no better a moment later")


SOURCES: dict[str, Open] = {
    "Confluence Cloud": confluence("cloud"),
    "Confluence Data Center": confluence("dc"),
    "MediaWiki": lambda host, _home: MediaWikiSource(
        f"mediawiki+https://{host}/api.php?audience=it", wiki_address.Credentials("ann", SECRET)
    ),
    "DokuWiki": lambda host, _home: DokuWikiSource(
        f"dokuwiki+https://{host}/lib/exe/xmlrpc.php", wiki_address.Credentials("ann", SECRET)
    ),
    "ServiceNow": lambda host, _home: ServiceNowSource(
        parse_instance(f"servicenow+https://{host}"), servicenow_http.Credentials("ann", SECRET), no_wait
    ),
    "git": lambda host, home: CloneSource(parse_repository(f"git+https://{host}/team/kb.git"), home, SECRET),
}


def failure(source: Source) -> str:
    with pytest.raises(SourceError) as caught:
        list(source.scan())
    said = str(caught.value)
    assert "\n" not in said
    assert SECRET not in said
    return said


@pytest.mark.parametrize("open_", SOURCES.values(), ids=SOURCES)
def test_a_certificate_that_nobody_vouches_for_is_one_line(open_: Open, server: Server, tmp_path: Path) -> None:
    said = failure(open_(server.host, tmp_path))
    assert server.host in said
    assert "certificate" in said
    assert "SSL_CERT_FILE" in said or "GIT_SSL_CAINFO" in said
    assert server.asked == []


@pytest.mark.parametrize("open_", SOURCES.values(), ids=SOURCES)
def test_the_authority_that_the_message_asks_for_is_heard(
    open_: Open, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO"):
        monkeypatch.setenv(name, str(server.certificate))
    said = failure(open_(server.host, tmp_path))
    assert "certificate" not in said
    assert server.asked
