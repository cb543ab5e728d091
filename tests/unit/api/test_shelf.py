import json
from pathlib import Path

import numpy as np
import pytest

from agent.ledger import Ledger
from api.errors import NotFoundError
from api.shelf import Shelf
from index.catalog import Catalog, Publication
from index.portraits import Portrait
from ingest.freshness import FreshnessWindows
from ingest.models import Article, ArticleMetadata

NOBODY: frozenset[str] = frozenset()
FINANCE = frozenset({"finance"})


@pytest.fixture
def catalog(tmp_path: Path):
    made = Catalog.open(tmp_path / "catalog.sqlite")
    yield made
    made.close()


@pytest.fixture
def ledger(catalog):
    return Ledger.open(catalog.engine, catalog.path, "runcite release by ada")


@pytest.fixture
def shelf(catalog, ledger, tmp_path):
    return Shelf(catalog, ledger, tmp_path, FreshnessWindows)


def publish(catalog: Catalog, revision: str, audience: tuple[str, ...] = ("*",)) -> None:
    article = Article(
        article_id="net/vpn",
        source="folder:/kb",
        title="VPN",
        text=f"Text of {revision}.",
        blocks=(),
        metadata=ArticleMetadata(audience=audience),
        revision=revision,
    )
    terms = np.array([1], dtype=np.uint32)
    vector = np.eye(1, 4, dtype=np.float32)
    catalog.publish(Publication(article, f"fp:{revision}", terms, terms, Portrait.of(vector, vector)))


def test_a_citation_opens_what_was_cited_after_an_edit_and_after_the_removal(catalog, shelf):
    publish(catalog, "sha256:a")
    publish(catalog, "sha256:b")
    assert [shelf.revision("net/vpn", one, NOBODY).live for one in ("sha256:a", "sha256:b")] == [False, True]
    catalog.remove("net/vpn")
    for revision in ("sha256:a", "sha256:b"):
        found = shelf.revision("net/vpn", revision, NOBODY)
        assert (found.text, found.live) == (f"Text of {revision}.", False)
    with pytest.raises(NotFoundError):
        shelf.article("net/vpn", NOBODY)


def test_a_restricted_article_stays_so_after_its_removal(catalog, shelf):
    publish(catalog, "sha256:a", ("finance",))
    catalog.remove("net/vpn")
    assert shelf.revision("net/vpn", "sha256:a", FINANCE).text
    with pytest.raises(NotFoundError):
        shelf.revision("net/vpn", "sha256:a", NOBODY)


def test_what_was_restricted_once_is_not_opened_with_the_article(catalog, shelf):
    publish(catalog, "sha256:a", ("finance",))
    publish(catalog, "sha256:b")
    assert shelf.revision("net/vpn", "sha256:b", NOBODY).live
    with pytest.raises(NotFoundError):
        shelf.revision("net/vpn", "sha256:a", NOBODY)


@pytest.mark.parametrize("article_id", ["net/vpn", "nobody"])
def test_a_revision_that_never_was_is_named(catalog, shelf, article_id):
    publish(catalog, "sha256:a")
    with pytest.raises(NotFoundError, match=article_id):
        shelf.revision(article_id, "sha256:00", NOBODY)


def test_what_people_rule_is_in_the_audit_log_with_the_revision_it_was_said_of(catalog, ledger, shelf):
    publish(catalog, "sha256:a")
    shelf.quarantine("net/vpn", "it names a password")
    shelf.release("net/vpn", "it was an example")
    entries = [json.loads(line) for line in ledger.export()][1:]
    assert [(one["kind"], one["object"], one["actor"]) for one in entries] == [
        ("quarantine", "net/vpn", "runcite release by ada"),
        ("release", "net/vpn", "runcite release by ada"),
    ]
    assert entries[0]["detail"] == {"reason": "it names a password", "revision": "sha256:a"}
    assert ledger.verify({"the anchor": ledger.anchor.read()}).faults == []
    assert ledger.anchor.read() == ledger.head()


def test_a_ruling_on_no_article_leaves_no_entry(ledger, shelf):
    with pytest.raises(NotFoundError):
        shelf.quarantine("net/none", "why not")
    assert ledger.head().seq == 1
