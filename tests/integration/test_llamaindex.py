"""Retrieval as a LlamaIndex user has it, over a real home and a real server."""

import asyncio
import re
from pathlib import Path

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import NodeRelationship

from api.bootstrap import open_runtime
from api.errors import NothingToDoError, UsageError
from api.llamaindex import RunciteRetriever, open_retriever
from api.settings import Settings
from tests.integration.serving import serving

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

PAGE = Path(__file__).parents[2] / "docs" / "llamaindex-retriever.md"
VPN = "the vpn drops every few minutes in the hotel"


def ids(nodes) -> list[str]:
    return [node.metadata["article_id"] for node in nodes]


def test_a_node_says_what_it_is_and_whether_it_is_in_date(home):
    with open_retriever(home) as retriever:
        best = retriever.retrieve(VPN)[0]
    with open_runtime(Settings(home=home)) as runtime:
        article = runtime.shelf.article("network/vpn-drops", frozenset())
    told = best.metadata
    assert best.text == article.text[told["start"] : told["end"]] != ""
    assert (best.node.start_char_idx, best.node.end_char_idx) == (told["start"], told["end"])
    assert (told["article_id"], told["title"], told["version"]) == (article.article_id, article.title, article.version)
    assert (told["revision"], told["url"], told["owner"]) == (article.revision, article.url, "netops")
    assert told["section"] in ("Symptoms", "Resolution")
    assert best.score == told["similarity"] > 0.5
    assert (told["freshness"], told["freshness_basis"]) == (article.freshness.state, "review")
    assert told["review_by"] == article.freshness.review_by.isoformat()
    assert best.node.relationships[NodeRelationship.SOURCE].node_id == article.article_id


@pytest.mark.parametrize(
    ("audience", "found"), [((), False), (("hr",), False), (("finance",), True), ({"hr", "finance"}, True)]
)
def test_a_restricted_article_is_for_its_readers_alone(home, audience, found):
    with open_retriever(home, audience=audience) as retriever:
        assert ("finance/ledger" in ids(retriever.retrieve("reopen a closed period in the ledger"))) is found


def test_stale_articles_are_left_out_on_request_and_not_replaced(home):
    scan = "scan to email does not arrive"
    with open_runtime(Settings(home=home)) as runtime:
        everything, in_date = (
            ids(RunciteRetriever(runtime, limit=2, **chosen).retrieve(scan)) for chosen in ({}, {"states": ("fresh",)})
        )
    assert everything[0] == "printers/scan-to-email"
    assert in_date == [one for one in everything if one != "printers/scan-to-email"]


def test_the_same_nodes_come_from_the_server_that_holds_the_home(home):
    with open_retriever(home, audience=["finance"]) as retriever:
        here = retriever.retrieve(VPN)
    with serving(home), open_retriever(home, audience=["finance"]) as retriever:
        there = retriever.retrieve(VPN)
    assert [(node.node_id, node.text) for node in there] == [(node.node_id, node.text) for node in here] != []


def test_it_retrieves_without_blocking_an_event_loop(home):
    async def ask(retriever):
        return await asyncio.gather(*(retriever.aretrieve(VPN) for _ in range(4)))

    with open_retriever(home) as retriever:
        answers = asyncio.run(ask(retriever))
        assert [ids(nodes) for nodes in answers] == [ids(retriever.retrieve(VPN))] * 4


def test_a_query_engine_answers_from_the_passages(home):
    with open_retriever(home, limit=1) as retriever:
        response = RetrieverQueryEngine.from_args(retriever, llm=MockLLM()).query(VPN)
    # MockLLM repeats its prompt: what a model is shown is the passage and what it needs to cite it.
    assert response.source_nodes[0].text in str(response)
    assert "article_id: network/vpn-drops" in str(response)
    assert "revision: sha256" not in str(response)


def test_an_empty_query_finds_nothing(home):
    with open_retriever(home) as retriever:
        assert retriever.retrieve(" \n") == []


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"limit": 0}, "limit=0"),
        ({"limit": 51}, "limit=51"),
        ({"audience": "finance"}, r"\['finance'\]"),
        ({"states": ["good"]}, "states=.*'good'.*fresh, due"),
    ],
    ids=["none", "too many", "one string", "no state"],
)
def test_what_cannot_be_is_refused_at_once(home, chosen, said):
    with pytest.raises(UsageError, match=said), open_retriever(home, **chosen):
        pass


def test_a_home_without_an_index_is_said_to_be_one(tmp_path):
    with pytest.raises(NothingToDoError, match="no index in"), open_retriever(tmp_path / "none"):
        pass


def test_the_example_in_the_documentation_runs(home, capsys):
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]
    exec(compile(example.replace(".runcite/demo", str(home)), str(PAGE), "exec"), {})  # noqa: S102 - our own page
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("network/vpn-drops fresh ")
    assert lines[0].endswith(" netops")
