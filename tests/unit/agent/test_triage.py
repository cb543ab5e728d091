from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from agent.decide.extractive import ExtractiveDecider
from agent.gates import GATES
from agent.models import ACTING, Draft, Quote, Requester, Ticket
from agent.triage import Triager, prefer_replacements
from index.errors import CatalogError, StoreError
from index.models import Evidence, Retrieval
from ingest.models import ArticleMetadata, Interval, ReviewDates
from tests.cases import REVIEWED, SCALE, Shelf, a_candidate, a_revision, assessed, rules

VPN = a_revision("# VPN\n\n## Symptoms\n\nIt drops.\n\n## Fix\n\n1. Open Preferences.\n2. Enable Always On.\n")
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


class FixedSearcher:
    """Returns the same candidates to every query and remembers who asked."""

    def __init__(self, *candidates):
        self.candidates = candidates
        self.audiences = []

    def retrieve(self, query, *, audience, limit=8):
        assert query
        self.audiences.append(audience)
        return Retrieval(self.candidates[:limit], 0.0, SCALE, "idx-1")


class DishonestDecider:
    """Always proposes the same draft, whatever is allowed."""

    def __init__(self, draft):
        self.draft = draft

    def decide(self, case, verdict, library):
        return self.draft


def vpn_candidate(metadata=None, similarity=0.8):
    evidence = [Evidence(0, 0, len(VPN.text), (), similarity, 9.0)]
    candidate = a_candidate("network/vpn", metadata, similarity=similarity, revision=VPN.revision, evidence=evidence)
    return replace(candidate, features=replace(candidate.features, coverage=1.0, title_coverage=1.0))


def triager(*candidates, decider=None, library=None):
    parts = (FixedSearcher(*candidates), library or Shelf(VPN), decider or ExtractiveDecider(), rules, "minilm")
    return Triager(*parts, now=lambda: NOW)


def test_a_matching_article_in_date_guides_the_user_with_cited_steps():
    decision = triager(vpn_candidate()).triage(Ticket("INC-1", "VPN drops on Wi-Fi", channel="email"))
    assert (decision.outcome, decision.action, decision.refusal) == ("GUIDE_USER", "resolve", None)
    assert [step.text for step in decision.steps] == ["Open Preferences.", "Enable Always On."]
    by_number = {citation.n: citation for citation in decision.citations}
    for step in decision.steps:
        citation = by_number[step.citation]
        assert citation.quote == step.text == VPN.text[citation.start : citation.end]
        assert (citation.use, citation.revision, citation.freshness.state) == ("acted_on", VPN.revision, "fresh")
        assert step.text in decision.user_message
    assert decision.created_at == NOW


def test_a_file_is_cited_with_its_page():
    metadata = ArticleMetadata(dates=REVIEWED, attached_to="confluence/IT/98")
    decision = triager(vpn_candidate(metadata)).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert {citation.attached_to for citation in decision.citations} == {"confluence/IT/98"}
    assert (decision.citations[0].article_id, decision.classification) == ("network/vpn", "98")


def test_a_stale_article_is_cited_for_review_with_its_owner_and_hands_over():
    overdue = ReviewDates(last_reviewed_on=date(2025, 1, 1), review_in=Interval(months=6))
    metadata = ArticleMetadata(owner="netops", team="Network Operations", dates=overdue)
    decision = triager(vpn_candidate(metadata)).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert (decision.outcome, decision.action, decision.steps) == ("ESCALATE_HUMAN", "escalate", ())
    assert decision.refusal is not None
    assert decision.refusal.reason == "stale"
    assert "netops" in decision.refusal.what_would_change_it
    assert "507 days" in decision.refusal.detail
    assert [(c.use, c.owner) for c in decision.citations] == [("for_review", "netops")]
    assert decision.escalation.to == "Network Operations"
    assert all(citation.quote not in decision.user_message for citation in decision.citations)


def test_as_of_sets_the_clock_of_freshness():
    old = ArticleMetadata(dates=ReviewDates(last_reviewed_on=date(2025, 1, 1), review_in=Interval(months=6)))
    ticket = Ticket("INC-1", "VPN drops on Wi-Fi")
    assert triager(vpn_candidate(old)).triage(ticket, as_of=date(2025, 2, 1)).outcome in ACTING
    assert triager(vpn_candidate()).triage(ticket, as_of=date(2028, 1, 1)).outcome not in ACTING


def test_nothing_found_is_a_decision():
    decision = triager().triage(Ticket("INC-1", "Where is the canteen?"))
    assert decision.refusal is not None
    assert decision.refusal.reason == "no_match"
    assert (decision.has_runbook, decision.citations, decision.confidence) == (False, (), 0.0)
    assert decision.assigned_team == "Service Desk"


def test_a_weak_match_lends_neither_team_nor_steps():
    metadata = ArticleMetadata(team="Network Operations", category="network", dates=REVIEWED)
    decision = triager(vpn_candidate(metadata, similarity=0.1)).triage(Ticket("INC-1", "Where is the canteen?"))
    assert (decision.category, decision.assigned_team, decision.has_runbook) == (None, "Service Desk", False)
    assert decision.citations == ()


@pytest.mark.parametrize(
    "quote",
    [
        Quote("network/vpn", VPN.revision, 0, 9, "Reboot it", ()),
        Quote("hr/secret", VPN.revision, 0, 9, "It drops.", ()),
    ],
    ids=["invented-step", "article-never-retrieved"],
)
def test_a_draft_that_fails_a_check_is_handed_over_not_mended(quote):
    decider = DishonestDecider(Draft("GUIDE_USER", (quote,), "Do this."))
    decision = triager(vpn_candidate(), decider=decider).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert (decision.outcome, decision.steps) == ("ESCALATE_HUMAN", ())
    assert decision.refusal is not None
    assert decision.refusal.reason == "citation_failed"
    assert "Do this." not in decision.user_message


def test_a_decider_cannot_act_where_the_gates_refuse():
    span = VPN.text.index("Open Preferences.")
    quote = Quote("network/vpn", VPN.revision, span, span + 17, "Open Preferences.", ("Fix",))
    decider = DishonestDecider(Draft("RESOLVE", (quote,), "Open Preferences."))
    drafted = vpn_candidate(ArticleMetadata(status="draft", dates=REVIEWED))
    decision = triager(drafted, decider=decider).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert (decision.outcome, decision.steps) == ("ESCALATE_HUMAN", ())


def test_an_article_with_nothing_to_quote_is_handed_over():
    empty = replace(VPN, blocks=())
    decision = triager(vpn_candidate(), library=Shelf(empty)).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert decision.outcome == "ESCALATE_HUMAN"


def test_the_requester_is_searched_for_by_groups_and_address():
    searcher = FixedSearcher()
    requester = Requester("ann@example.org", ("staff", "it-ops"))
    Triager(searcher, Shelf(), ExtractiveDecider(), rules, "minilm").triage(Ticket("T", "vpn", requester=requester))
    assert searcher.audiences == [frozenset({"ann@example.org", "staff", "it-ops"})]


def test_a_replacement_takes_the_place_of_what_it_replaces():
    old = assessed(a_candidate("vpn/old", ArticleMetadata(superseded_by="vpn/new")))
    other, new = assessed(a_candidate("vpn/other")), assessed(a_candidate("vpn/new"))
    order = [c.candidate.article.article_id for c in prefer_replacements((old, other, new))]
    assert order == ["vpn/new", "vpn/old", "vpn/other"]


def test_two_articles_that_supersede_each_other_end():
    one = assessed(a_candidate("a", ArticleMetadata(superseded_by="b")))
    two = assessed(a_candidate("b", ArticleMetadata(superseded_by="a")))
    assert len(prefer_replacements((one, two))) == 2


def test_a_ticket_that_matches_a_superseded_article_is_answered_from_its_replacement():
    old = replace(vpn_candidate(ArticleMetadata(superseded_by="network/vpn"), similarity=0.85), fused=0.9)
    old = replace(old, article=replace(old.article, article_id="network/vpn-old", revision="sha256:old"))
    decision = triager(old, vpn_candidate()).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert decision.outcome == "GUIDE_USER"
    assert {citation.article_id for citation in decision.citations} == {"network/vpn"}


class BrokenSearcher:
    """Cannot search."""

    def retrieve(self, query, *, audience, limit=8):
        raise StoreError("The server at 'http://qdrant' is down. Start it.")


class BrokenShelf:
    """Cannot be read."""

    def revision(self, article_id, revision):
        raise CatalogError("The catalog is damaged. Restore it.")


@pytest.mark.parametrize(
    ("searcher", "library", "said"),
    [
        pytest.param(BrokenSearcher(), Shelf(VPN), "Start it.", id="search"),
        pytest.param(FixedSearcher(vpn_candidate()), BrokenShelf(), "Restore it.", id="catalog-after-the-search"),
    ],
)
def test_an_index_that_fails_is_handed_over_with_the_remedy(searcher, library, said):
    parts = (searcher, library, ExtractiveDecider(), rules, "minilm")
    decision = Triager(*parts, now=lambda: NOW).triage(Ticket("INC-1", "VPN drops on Wi-Fi"))
    assert (decision.outcome, decision.action, decision.steps) == ("ESCALATE_HUMAN", "escalate", ())
    assert decision.refusal is not None
    assert decision.refusal.reason == "index_unavailable"
    assert said in decision.refusal.detail
    assert said not in decision.user_message
    assert (decision.escalation.needed, decision.escalation.to) == (True, "Service Desk")
    assert (decision.has_runbook, decision.citations) == (False, ())
    assert len(decision.gates) == len(GATES)


def test_after_reading_the_ticket_keeps_no_words():
    case, decision = triager(vpn_candidate()).explain(Ticket("T", "VPN drops, my password is hunter2", "VPN drops"))
    assert (case.ticket.body, case.ticket.subject, case.ticket.messages) == ("", None, ())
    assert "hunter2" not in f"{case}{decision}"
    assert decision.ticket.scrubbed == {"password": 1}
