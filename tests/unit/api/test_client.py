import httpx
import pytest

from api.client import ServerClient
from api.errors import HandOverError
from api.schemas import ArticleReportPageV1, ArticleReportV1, IngestRunIn, IngestRunV1, ReindexRunIn
from tests.unit.api.doubles import WHEN

JOB = IngestRunIn(source="/kb")


def client(answer) -> ServerClient:
    return ServerClient("http://127.0.0.1:1", transport=httpx.MockTransport(answer))


def a_run(state="queued", error=None, met=0) -> str:
    run = IngestRunV1(
        id="R1", state=state, source="/kb", started_at=WHEN, finished_at=None, articles_met=met, articles_total=2,
        outcomes={}, chunks_embedded=0, error=error,
    )  # fmt: skip
    return run.model_dump_json()


def lines(*ids, after=None) -> str:
    told = tuple(ArticleReportV1(article_id=one, outcome="indexed", reason="", warnings=()) for one in ids)
    return ArticleReportPageV1(articles=told, next_cursor=after, kept=True).model_dump_json()


def test_a_job_is_handed_over_and_waited_for():
    runs = iter([a_run("running", met=1), a_run("done", met=2)])
    met = []

    def answer(request):
        if request.method == "POST":
            return httpx.Response(202, text=a_run())
        if request.url.path.endswith("/articles"):
            is_first = "cursor" not in request.url.params
            return httpx.Response(200, text=lines("a", after="1") if is_first else lines("b"))
        return httpx.Response(200, text=next(runs))

    report = client(answer).ingest(JOB, lambda run: met.append((run.articles_met, run.articles_total)))
    assert [line.article_id for line in report.articles] == ["a", "b"]
    assert met == [(1, 2), (2, 2)]


def test_a_job_that_is_no_longer_waited_for_is_left_to_the_server():
    def answer(request):
        if request.url.path.endswith("/articles"):
            return httpx.Response(200, text=lines("a"))
        return httpx.Response(200, text=a_run("running"))

    report = client(answer).ingest(JOB, lambda _: None, lambda: True)
    assert (report.state, len(report.articles)) == ("running", 1)


def test_a_failed_run_says_why():
    def answer(request):
        return httpx.Response(
            200, text=lines() if request.url.path.endswith("/articles") else a_run("failed", "disk is full")
        )

    assert client(answer).ingest(JOB, lambda _: None).error == "disk is full"


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


def test_building_the_index_anew_is_handed_over_too():
    asked = []

    def answer(request):
        asked.append((request.method, request.url.path))
        if request.method == "POST":
            assert request.read() == b'{"embedding":"e5-small-v2"}'
            return httpx.Response(202, text=a_run())
        return httpx.Response(200, text=lines("a") if request.url.path.endswith("/articles") else a_run("done"))

    assert client(answer).reindex(ReindexRunIn(embedding="e5-small-v2"), lambda _: None).state == "done"
    assert asked[0] == ("POST", "/v1/reindex-runs")
