import ssl

import httpx
import pytest

from ingest.errors import SourceError
from ingest.sources import wiki_http
from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.wiki_address import Credentials
from ingest.sources.wiki_http import MAX_ATTEMPTS, WikiClient

URL = "https://wiki.example/api.php"
OK = httpx.Response(200, json={})


class Script:
    """A network that answers from a list, the last entry again and again, and a clock that counts."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.slept = []

    def client(self):
        return WikiClient(URL, httpx.MockTransport(self._answer), self.slept.append)

    def _answer(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("busy", "waited"),
    [
        (httpx.Response(429, headers={"Retry-After": "7"}), 7.0),
        (httpx.Response(503), 0.5),
        (httpx.Response(200, headers={"MediaWiki-API-Error": "maxlag", "Retry-After": "5"}), 5.0),
        (httpx.Response(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), 0.0),
        (httpx.Response(503, headers={"Retry-After": "soon"}), 0.5),
        (httpx.ConnectTimeout("slow"), 0.5),
        (httpx.ReadError("reset"), 0.5),
    ],
)
def test_a_busy_wiki_is_asked_again(busy, waited):
    script = Script(busy, OK)
    with script.client() as client:
        assert client.get({}).status == 200
    assert script.slept == [waited]


@pytest.mark.parametrize(
    ("answer", "said", "attempts"),
    [
        (httpx.Response(503), "is busy (HTTP 503), 5 times", MAX_ATTEMPTS),
        (httpx.ReadTimeout("timed out"), "cannot be reached: timed out, 5 times", MAX_ATTEMPTS),
        (httpx.Response(429, headers={"Retry-After": "3600"}), "asks to wait 3600 s", 1),
        (httpx.Response(302, headers={"Location": "https://sso.example/"}), "redirects to 'https://sso.example/'", 1),
        (httpx.Response(404), "is not there", 1),
        (httpx.Response(500), "failed (HTTP 500)", 1),
    ],
)
def test_a_wiki_that_does_not_answer_is_one_line(answer, said, attempts):
    script = Script(answer)
    with script.client() as client, pytest.raises(SourceError) as caught:
        client.get({})
    assert said in str(caught.value)
    assert len(script.requests) == attempts
    assert len(script.slept) == attempts - 1


def test_a_certificate_that_is_not_trusted_is_not_tried_again():
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError("certificate verify failed")
    script = Script(error)
    with script.client() as client, pytest.raises(SourceError, match="SSL_CERT_FILE"):
        client.get({})
    assert len(script.requests) == 1


def test_a_reply_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(wiki_http, "MAX_REPLY_BYTES", 10)
    with (
        Script(httpx.Response(200, content=b"x" * 11)).client() as client,
        pytest.raises(SourceError, match="10 bytes"),
    ):
        client.get({})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (lambda t: MediaWikiSource("mediawiki+https://w/api.php", transport=t), "text/html (HTTP 200) instead of JSON"),
        (lambda t: DokuWikiSource("dokuwiki+https://w/xmlrpc.php", transport=t), "that is no XML-RPC"),
    ],
)
def test_a_web_page_is_no_api(source, said):
    page = httpx.Response(200, text="<!DOCTYPE html><title>Wiki</title>", headers={"Content-Type": "text/html"})
    with pytest.raises(SourceError) as caught:
        list(source(httpx.MockTransport(lambda _: page)).scan())
    assert said in str(caught.value)


@pytest.mark.parametrize("answer", [{}, [], {"query": []}, {"query": {"userinfo": 1}}, "text"])
def test_json_of_another_kind_is_no_api(answer):
    network = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    with pytest.raises(SourceError, match="not a MediaWiki API"):
        list(MediaWikiSource("mediawiki+https://w/api.php", transport=network).scan())


def test_a_lost_session_breaks_the_listing_off():
    def answer(request):
        if b"lgpassword" in request.content:
            return httpx.Response(200, json={"login": {"result": "Success"}})
        query = request.url.params
        if query.get("type") == "login":
            return httpx.Response(200, json={"query": {"tokens": {"logintoken": "t"}}})
        if query.get("meta") == "userinfo":
            return httpx.Response(200, json={"query": {"userinfo": {"rights": ["read"]}}})
        assert query["assert"] == "user"
        assert query["maxlag"] == "5"
        return httpx.Response(200, json={"error": {"code": "assertuserfailed", "info": "You are no longer logged in."}})

    source = MediaWikiSource("mediawiki+https://w/api.php", Credentials("a", "b"), httpx.MockTransport(answer))
    with pytest.raises(SourceError, match="assertuserfailed"):
        list(source.scan())
