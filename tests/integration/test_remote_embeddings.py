"""The embedder over an OpenAI-compatible endpoint, against a fake one over real HTTP."""

import base64
import threading

import numpy as np
import pytest

from index.embed import remote
from index.embed.choose import choose_embedder
from index.embed.endpoint import Endpoint
from index.embed.remote import MOST_TEXTS, RemoteEmbedder
from index.errors import EmbeddingError, EmbeddingMismatchError
from tests.embeddings_server import KEY, FakeEndpoint, serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

MODEL = "text-embedding-3-small"
TEXTS = ["vpn drops", "printer jam", "restart the client"]
HTML = (200, {"Content-Type": "text/html"}, b"<html><title>Sign in</title></html>")


@pytest.fixture
def endpoint():
    fake = FakeEndpoint()
    with serving(fake):
        yield fake


@pytest.fixture
def waits():
    return []


@pytest.fixture
def embedder(endpoint, waits):
    made = RemoteEmbedder(Endpoint(endpoint.url, KEY), MODEL, wait=waits.append)
    endpoint.requests.clear()
    return made


@pytest.mark.parametrize("scale", [1.0, 7.5], ids=["unit", "longer"])
@pytest.mark.parametrize("sends_floats", [False, True], ids=["base64", "floats"])
def test_vectors_are_unit_rows_in_order(endpoint, embedder, scale, sends_floats):
    endpoint.scale, endpoint.sends_floats = scale, sends_floats
    endpoint.change = lambda items: items[::-1]
    expected = endpoint.embedder.embed_passages(TEXTS)
    found = embedder.embed_passages(TEXTS)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-6)
    assert np.allclose(embedder.embed_query(TEXTS[0]), expected[0], atol=1e-6)
    assert endpoint.requests[0] == {"model": MODEL, "input": TEXTS, "encoding_format": "base64"}


def test_an_endpoint_that_refuses_base64_is_asked_for_floats_from_then_on(endpoint):
    endpoint.speaks_base64 = False
    embedder = RemoteEmbedder(Endpoint(endpoint.url), MODEL)
    embedder.embed_passages(TEXTS)
    assert [asked["encoding_format"] for asked in endpoint.requests] == ["base64", "float", "float"]


def test_the_dimension_is_asked_for_once(endpoint, tmp_path):
    place = Endpoint(endpoint.url, KEY)
    first, line = choose_embedder(f"openai:{MODEL}", None, tmp_path, endpoint=place)
    assert (first.spec.model, first.spec.dimension) == (f"openai:{MODEL}", 16)
    assert endpoint.url in line
    assert KEY not in line
    again, _ = choose_embedder("auto", first.spec, tmp_path, endpoint=place)
    assert again.spec == first.spec
    assert len(endpoint.requests) == 1
    with pytest.raises(EmbeddingMismatchError, match=f"--embedding openai:{MODEL}"):
        choose_embedder("openai:other", first.spec, tmp_path, endpoint=place)
    with pytest.raises(EmbeddingError, match=r"RUNCITE_EMBEDDING_URL is not set"):
        choose_embedder("auto", first.spec, tmp_path)


def test_a_model_that_is_known_by_name_gets_its_prefixes(endpoint):
    embedder = RemoteEmbedder(Endpoint(endpoint.url), "intfloat/e5-small-v2")
    embedder.embed_passages(["vpn"])
    embedder.embed_query("vpn")
    assert [asked["input"] for asked in endpoint.requests[1:]] == [["passage: vpn"], ["query: vpn"]]


def test_requests_stay_within_the_limits(endpoint, embedder, monkeypatch):
    texts = [f"text {number}" for number in range(2 * MOST_TEXTS + 1)]
    assert len(embedder.embed_passages(texts)) == len(texts)
    assert [len(asked["input"]) for asked in endpoint.requests] == [MOST_TEXTS, MOST_TEXTS, 1]
    endpoint.requests.clear()
    monkeypatch.setattr(remote, "MOST_TOKENS", 10)
    embedder.embed_passages(["one two three four five six"] * 3)
    assert [len(asked["input"]) for asked in endpoint.requests] == [1, 1, 1]


@pytest.mark.parametrize(
    ("answer", "pauses"),
    [
        pytest.param((429, {"Retry-After": "3"}, b"{}"), [3.0], id="429 with Retry-After"),
        pytest.param((429, {}, b"{}"), [0.5], id="429 without"),
        pytest.param((503, {"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT"}, b"{}"), [0.5], id="503 with a date"),
        pytest.param((500, {}, b"oops"), [0.5], id="500"),
    ],
)
def test_what_passes_is_tried_again(endpoint, embedder, waits, answer, pauses):
    endpoint.answers = [answer]
    assert embedder.embed_passages(TEXTS).shape == (3, 16)
    assert waits == pauses


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        pytest.param([HTML], "no embeddings but '<html>", id="HTML"),
        pytest.param([(200, {"Content-Type": "application/json"}, b'{"data": [')], "no embeddings", id="cut JSON"),
        pytest.param([(200, {"Content-Type": "application/json"}, b"[]")], "no embeddings", id="no object"),
        pytest.param([(200, {}, b"")], "no embeddings", id="empty"),
        pytest.param([(401, {}, f"bad key {KEY}".encode())], "answered 401: bad key …", id="wrong key"),
        pytest.param([(404, {}, b"no such model")], "answered 404: no such model", id="no such model"),
        pytest.param([(429, {"Retry-After": "600"}, b"slow down")], "429.*too late", id="429 for ten minutes"),
    ],
)
def test_a_useless_answer_is_a_clear_error(endpoint, embedder, answers, says):
    endpoint.answers = answers
    with pytest.raises(EmbeddingError, match=says) as caught:
        embedder.embed_passages(TEXTS)
    assert endpoint.url in str(caught.value)
    assert KEY not in f"{caught.value!r}"


def as_text(*numbers: float) -> str:
    return base64.b64encode(np.array(numbers, dtype="<f4").tobytes()).decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda items: items[:2], "2 vectors for 3 texts", id="too few"),
        pytest.param(lambda items: [*items, items[0] | {"index": 3}], "4 vectors for 3 texts", id="too many"),
        pytest.param(lambda items: [item | {"index": 0} for item in items], "not one for each", id="one index"),
        pytest.param(
            lambda items: [items[0] | {"embedding": as_text(1, 2)}, *items[1:]], r"\[2\].*expected 16", id="mixed"
        ),
        pytest.param(lambda items: [i | {"embedding": as_text(1, 2)} for i in items], r"\[2\].*16", id="dimension"),
        pytest.param(lambda items: [items[0] | {"embedding": [float("nan")] * 16}, *items[1:]], "no number", id="NaN"),
        pytest.param(lambda items: [items[0] | {"embedding": [1e300] * 16}, *items[1:]], "no number", id="overflow"),
        pytest.param(lambda items: [items[0] | {"embedding": [0] * 16}, *items[1:]], "zero", id="zero"),
        pytest.param(lambda items: [items[0] | {"embedding": "a b!"}, *items[1:]], "no embeddings", id="no base64"),
        pytest.param(lambda items: [items[0] | {"embedding": None}, *items[1:]], "no embeddings", id="null"),
        pytest.param(
            lambda items: [{"embedding": item["embedding"]} for item in items], "no embeddings", id="no index"
        ),
    ],
)
def test_vectors_that_cannot_be_used_are_refused(endpoint, embedder, change, says):
    endpoint.change = change
    with pytest.raises(EmbeddingError, match=says):
        embedder.embed_passages(TEXTS)


def test_a_frozen_endpoint_fails_a_query_before_anyone_gives_up(endpoint, embedder):
    endpoint.frozen = True
    done = threading.Event()
    problems = []

    def ask():
        with pytest.raises(EmbeddingError) as caught:
            embedder.embed_query("vpn drops")
        problems.append(str(caught.value))
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(20), "the query waits for the endpoint"
    assert not endpoint.gate.is_set()
    assert "1.5 s" in problems[0] or "reached" in problems[0]


def test_a_query_works_again_when_the_endpoint_does(endpoint, embedder):
    endpoint.answers = [(401, {}, b"expired")]
    with pytest.raises(EmbeddingError, match="401"):
        embedder.embed_query("vpn")
    assert embedder.embed_query("vpn").shape == (16,)


def test_nobody_listening_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(remote, "PASSAGES_DEADLINE_S", 0.4)
    with pytest.raises(EmbeddingError, match=r"127\.0\.0\.1:9/v1' cannot be reached.*given up"):
        RemoteEmbedder(Endpoint("http://127.0.0.1:9/v1", KEY), MODEL)


def test_an_empty_text_is_not_sent(endpoint, embedder):
    with pytest.raises(EmbeddingError, match="empty text"):
        embedder.embed_passages(["vpn", " \n"])
    assert endpoint.requests == []


def test_the_key_goes_to_the_endpoint_alone(endpoint, embedder):
    other = FakeEndpoint()
    with serving(other) as elsewhere:
        endpoint.answers = [(307, {"Location": f"{elsewhere}/embeddings"}, b"")]
        embedder.embed_passages(TEXTS)
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in other.headers[0]
    assert KEY not in repr(Endpoint(endpoint.url, KEY))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("http://embeddings.example/v1", "unencrypted", id="http"),
        pytest.param("embeddings.example/v1", "base URL", id="no scheme"),
        pytest.param(f"https://user:{KEY}@embeddings.example/v1", "without credentials", id="credentials"),
    ],
)
def test_a_url_that_gives_the_key_away_is_refused(url, says):
    with pytest.raises(EmbeddingError, match=says) as caught:
        RemoteEmbedder(Endpoint(url, KEY), MODEL)
    assert KEY not in str(caught.value)
