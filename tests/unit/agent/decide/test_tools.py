import json

import pytest

from agent.decide.conversation import ToolCall
from agent.decide.tools import MAX_RESULT_CHARS, Lookups, Toolbox
from agent.errors import LookupFailedError
from agent.models import Case, Requester, Ticket
from agent.reading import read_ticket
from index.models import Retrieval
from ingest.models import ArticleMetadata
from tests.cases import NO_SIGNALS, REVIEWED, SCALE
from tests.model_cases import LIBRARY, PRINTER, FixedSearcher, found


class Directory:
    """Remembers whom it was asked about."""

    def __init__(self, answer="gold plan"):
        self.answer = answer
        self.asked = []

    def profile(self, email):
        self.asked.append(email)
        return self.answer

    def health(self, service):
        raise LookupFailedError("no")

    def recent(self, service):
        return "line\n" * 10_000


def a_toolbox(lookups=None, email="ann@example.org", searcher=None):
    ticket = Ticket("INC-1", "VPN drops", requester=Requester(email, ("staff",)))
    case = Case(ticket, read_ticket(ticket), Retrieval((found(),), 0.0, SCALE, "idx-1"), (), NO_SIGNALS)
    return Toolbox(case, searcher or FixedSearcher(found(), found(PRINTER)), LIBRARY, lookups or Lookups())


def run(toolbox, name, **arguments):
    return toolbox.run(ToolCall("1", name, json.dumps(arguments)))


def test_without_other_systems_there_is_only_the_knowledge_base():
    assert a_toolbox().names == ("search_kb", "get_article")


def test_searches_are_made_with_the_requesters_audience():
    seen = []

    class Searcher(FixedSearcher):
        def retrieve(self, query, *, audience, limit=8):
            seen.append((query, audience))
            return super().retrieve(query, audience=audience, limit=limit)

    found_articles = json.loads(run(a_toolbox(searcher=Searcher(found(PRINTER))), "search_kb", query="toner"))
    assert found_articles == [{"article_id": "printers/toner", "title": "Title of printers/toner"}]
    assert seen == [("toner", frozenset({"staff", "ann@example.org"}))]


def test_an_article_is_read_only_once_it_was_found():
    toolbox = a_toolbox()
    assert "Always On" in run(toolbox, "get_article", article_id="network/vpn")
    assert run(toolbox, "get_article", article_id="printers/toner") == "no such article was found"
    run(toolbox, "search_kb", query="toner")
    assert "toner" in run(toolbox, "get_article", article_id="printers/toner")


def test_drafts_are_not_found():
    draft = found(PRINTER, ArticleMetadata(status="draft", dates=REVIEWED))
    toolbox = a_toolbox(searcher=FixedSearcher(draft))
    assert run(toolbox, "search_kb", query="toner") == "[]"
    assert run(toolbox, "get_article", article_id="printers/toner") == "no such article was found"


def test_a_model_may_ask_about_its_own_requester_and_nobody_else():
    directory = Directory()
    toolbox = a_toolbox(Lookups(customers=directory))
    assert run(toolbox, "get_customer_profile") == "gold plan"
    assert run(toolbox, "get_customer_profile", email="boss@example.org") == "the arguments are not what the tool takes"
    assert directory.asked == ["ann@example.org"]


def test_without_an_address_there_is_no_profile_to_ask_for():
    assert "get_customer_profile" not in a_toolbox(Lookups(customers=Directory()), email=None).names


@pytest.mark.parametrize(
    "arguments",
    ["", "{", "[]", '"x"', '{"query": 5}', '{"query": ""}', '{"query": "' + "a" * 5_000 + '"}', "null", "{}" * 9],
    ids=["empty", "cut", "list", "text", "number", "blank", "long", "null", "twice"],
)
def test_arguments_that_do_not_fit_are_answered_not_raised(arguments):
    assert a_toolbox().run(ToolCall("1", "search_kb", arguments)) == "the arguments are not what the tool takes"


@pytest.mark.parametrize("service", ["../admin", "vpn?x=1", "vpn\nHost: evil", "", "a" * 65, "http://evil"])
def test_a_service_is_named_by_a_plain_name(service):
    toolbox = a_toolbox(Lookups(logs=Directory()))
    assert run(toolbox, "fetch_recent_logs", service=service) == "the arguments are not what the tool takes"


def test_a_lookup_that_fails_is_said_to_and_a_long_one_is_cut():
    toolbox = a_toolbox(Lookups(health=Directory(), logs=Directory()))
    assert run(toolbox, "get_service_health", service="vpn") == "this cannot be looked up now"
    assert len(run(toolbox, "fetch_recent_logs", service="vpn")) == MAX_RESULT_CHARS
