import httpx
import pytest

from api.client import ServerClient
from api.errors import HandOverError
from api.schemas import IngestRunIn, IngestRunV1
from tests.unit.api.doubles import FakeRuntime

JOB = IngestRunIn(source="/kb")


def client(answer) -> ServerClient:
    return ServerClient("http://127.0.0.1:1", transport=httpx.MockTransport(answer))


def a_run(state="queued", report=None, error=None, met=0) -> str:
    run = IngestRunV1(id="R1", state=state, source="/kb", articles_met=met, report=report, error=error)
    return run.model_dump_json()


def test_a_job_is_handed_over_and_waited_for():
    report = FakeRuntime().ingest("/kb")
    answers = iter([a_run("running", met=1), a_run("done", report, met=2)])
    met = []

    def answer(request):
        return (
            httpx.Response(202, text=a_run()) if request.method == "POST" else httpx.Response(200, text=next(answers))
        )

    assert client(answer).ingest(JOB, met.append) == report
    assert met == [1, 2]


def test_a_failed_run_says_why():
    with pytest.raises(HandOverError, match="disk is full"):
        client(lambda _: httpx.Response(202, text=a_run("failed", error="disk is full"))).ingest(JOB, lambda _: None)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx.Response(
                422, json={"type": "urn:x", "detail": "no such folder", "errors": ["body.source: too short"]}
            ),
            "no such folder",
        ),
        (httpx.Response(500, text="<html>"), "status 500"),
        (httpx.Response(200, json={"unknown": 1}), "does not understand"),
    ],
)
def test_a_refusal_is_told_in_the_servers_words(answer, said):
    with pytest.raises(HandOverError, match=said):
        client(lambda _: answer).search("x", audience=frozenset(), limit=1)


def test_a_server_that_does_not_answer_is_named():
    def answer(_request):
        raise httpx.ConnectError("refused")

    with pytest.raises(HandOverError, match="does not answer"):
        client(answer).search("x", audience=frozenset(), limit=1)
