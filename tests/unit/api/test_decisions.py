"""Who may read a decision: those who may read all that it looked at."""

from datetime import timedelta

import numpy as np
import pytest

from agent.ledger import DecisionQuery, Ledger
from api.decisions import Decisions
from api.errors import NotFoundError, WithheldError
from api.shelf import Shelf
from index.catalog import Catalog, Publication
from index.portraits import Portrait
from ingest.freshness import FreshnessWindows
from ingest.models import Article, ArticleMetadata
from tests.ledgers import DAY, NOON, VPN, decided

NOBODY: frozenset[str] = frozenset()
FINANCE = frozenset({"finance"})


@pytest.fixture
def catalog(tmp_path):
    made = Catalog.open(tmp_path / "catalog.sqlite")
    yield made
    made.close()


@pytest.fixture
def ledger(catalog):
    return Ledger.open(catalog.engine, catalog.path, "test")


@pytest.fixture
def decisions(ledger, catalog, tmp_path):
    return Decisions(ledger, Shelf(catalog, ledger, tmp_path, FreshnessWindows))


def publish(catalog: Catalog, audience: tuple[str, ...] = ("*",)) -> None:
    article = Article(
        "network/vpn", "folder:/kb", "VPN", VPN.text, (), ArticleMetadata(audience=audience), VPN.revision
    )
    terms = np.array([1], dtype=np.uint32)
    vector = np.eye(1, 4, dtype=np.float32)
    catalog.publish(Publication(article, "fp", terms, terms, Portrait.of(vector, vector)))


def record(ledger, *tickets: str) -> list[str]:
    ids = []
    for ticket in tickets:
        case, decision = decided(ticket_id=ticket)
        ledger.record(case, decision, DAY)
        ids.append(decision.decision_id)
    return ids


def listed(decisions, audience, **asked) -> list[str]:
    return [line.ticket_id for line in decisions.page(DecisionQuery(**asked), audience).decisions]


def test_a_decision_over_open_articles_is_for_everyone(catalog, ledger, decisions):
    publish(catalog)
    (one,) = record(ledger, "INC-1")
    assert listed(decisions, NOBODY) == ["INC-1"]
    found = decisions.record(one, NOBODY)
    assert (found.decision.decision_id, found.ticket_text) == (one, "VPN drops on Wi-Fi")
    assert [(looked.article_id, looked.similarity) for looked in found.considered] == [("network/vpn", 0.8)]
    assert found.considered[0].freshness.state == "fresh"
    assert found.audit.seq == 3


@pytest.mark.parametrize("restricted", ["before", "after"])
def test_a_decision_over_a_restricted_article_is_for_its_readers(catalog, ledger, decisions, restricted):
    publish(catalog, ("finance",) if restricted == "before" else ("*",))
    (one,) = record(ledger, "INC-1")
    publish(catalog, ("finance",))
    assert listed(decisions, FINANCE) == listed(decisions, None) == ["INC-1"]
    assert listed(decisions, NOBODY) == []
    assert decisions.record(one, FINANCE)
    with pytest.raises(NotFoundError, match="no decision '01"):
        decisions.record(one, NOBODY)


def test_a_decision_that_cites_what_is_quarantined_now_is_withheld_except_from_the_homes_owner(
    catalog, ledger, decisions
):
    publish(catalog)
    (one,) = record(ledger, "INC-1")
    catalog.rule("network/vpn", "quarantine", "it names a password")
    with pytest.raises(WithheldError):
        decisions.record(one, NOBODY)
    assert decisions.record(one, None)


def test_a_page_that_hides_decisions_still_leads_to_the_next(catalog, ledger, decisions):
    publish(catalog, ("finance",))
    record(ledger, "INC-1", "INC-2", "INC-3")
    page = decisions.page(DecisionQuery(limit=2), NOBODY)
    assert page.decisions == ()
    assert page.next_cursor is not None
    assert decisions.page(DecisionQuery(limit=2, before=page.next_cursor), NOBODY).next_cursor is None


def test_what_does_not_exist_is_told_as_what_is_not_for_this_reader(decisions):
    with pytest.raises(NotFoundError, match=r"no decision '01JD'; expected an id as `runcite decisions` lists it"):
        decisions.record("01JD", NOBODY)


def test_the_words_of_an_old_decision_are_gone_and_the_rest_is_there(catalog, ledger, decisions):
    publish(catalog)
    (one,) = record(ledger, "INC-1")
    ledger.erase_words(NOON + timedelta(seconds=1))
    found = decisions.record(one, NOBODY)
    assert (found.ticket_text, found.decision.ticket.summary) == (None, "")
    assert found.decision.steps
    assert decisions.page(DecisionQuery(), NOBODY).decisions[0].summary is None
