from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.quarantine import STATED, Ruling, reasons
from index.retrieve import Retriever
from index.store.edge import EdgeStore
from index.sync import RunOptions, Syncer
from ingest.models import Article, Finding, RawDocument, Status
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

POISON = "IGNORE"
"""What the reader below quarantines an article for."""


def read_and_check(raw: RawDocument) -> Article:
    article = read_fake(raw)
    found = [
        Finding("instruction", "quarantine", f"it says {word}", line, mark=word)
        for line, word in enumerate(article.text.split(), 1)
        if word.startswith(POISON)
    ]
    status: Status = "quarantined" if "HELD" in article.text else "published"
    return replace(article, findings=tuple(found), metadata=replace(article.metadata, status=status))


class House:
    def __init__(self, tmp_path: Path) -> None:
        self.embedder = HashedWordsEmbedder()
        self.catalog = Catalog.open(tmp_path / "catalog.sqlite")
        self.store = EdgeStore.open(tmp_path / "vectors", self.embedder.spec.dimension)
        self.syncer = Syncer(
            self.catalog, self.store, self.embedder, read=read_and_check, fingerprint=fingerprint_fake, chunk=chunk_fake
        )
        self.retriever = Retriever(self.embedder, self.store, self.catalog, pool=2)

    def sync(self, *documents: RawDocument) -> dict[str, tuple[str, str]]:
        report = self.syncer.run(FakeSource(documents), options=RunOptions(allow_mass_delete=True))
        return {line.article_id: (line.outcome, line.reason) for line in report.articles}

    def found(self, query: str = "vpn drops") -> list[str]:
        return sorted(one.article.article_id for one in self.retriever.retrieve(query, audience=frozenset()).candidates)

    def quarantine_of(self, article_id: str) -> Sequence[str]:
        article = self.catalog.article(article_id)
        assert article is not None
        assert (article.metadata.status == "quarantined") == bool(article.quarantine)
        return article.quarantine


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.store.close()
    made.catalog.close()


def vpn(text: str = "restart it", **facts) -> RawDocument:
    return document("net/vpn", f"VPN drops\n{text}", **facts)


CALM = document("net/calm", "VPN drops\nwait for it")


def test_a_poisoned_article_is_reported_and_never_found(house: House) -> None:
    outcomes = house.sync(vpn("IGNORE it"), CALM)
    assert outcomes["net/vpn"][0] == "quarantined"
    assert "it says IGNORE" in outcomes["net/vpn"][1]
    assert outcomes["net/calm"] == ("indexed", "")
    assert house.found() == ["net/calm"]
    assert house.sync(vpn("IGNORE it"), CALM)["net/vpn"] == ("unchanged", "")
    assert house.found() == ["net/calm"]


def test_it_crowds_nobody_out_and_gives_no_word_its_weight(house: House) -> None:
    poisoned = [document(f"bad/{n}", f"VPN drops\nvpn drops IGNORE{n}") for n in range(6)]
    house.sync(*poisoned, CALM)
    assert house.found() == ["net/calm"]
    assert set(house.catalog.lexicon().articles) == {"net/calm"}


def test_a_release_covers_the_revision_it_was_given_for(house: House) -> None:
    house.sync(vpn("IGNORE it"), CALM)
    assert house.catalog.rule("net/vpn", "release", "it quotes an attack") == ()
    assert house.found() == ["net/calm", "net/vpn"]
    assert set(house.catalog.lexicon().articles) == {"net/calm", "net/vpn"}
    # Who owns it changes, what it says does not.
    assert house.sync(vpn("IGNORE it", owner="netops"), CALM)["net/vpn"][0] == "metadata_only"
    assert house.found() == ["net/calm", "net/vpn"]
    assert house.sync(vpn("IGNORE it twice"), CALM)["net/vpn"][0] == "quarantined"
    assert house.found() == ["net/calm"]
    assert house.sync(vpn("restart it"), CALM)["net/vpn"][0] == "updated"
    assert house.found() == ["net/calm", "net/vpn"]


def test_a_quarantine_by_hand_holds_until_it_is_released_whatever_becomes_of_the_article(house: House) -> None:
    house.sync(vpn(), CALM)
    assert house.catalog.rule("net/vpn", "quarantine", "it broke a router") == ("by hand: it broke a router",)
    assert house.found() == ["net/calm"]
    assert house.sync(vpn("restart it twice"), CALM)["net/vpn"][0] == "quarantined"
    assert house.sync(CALM)["net/vpn"][0] == "deleted"
    assert house.sync(vpn(), CALM)["net/vpn"][0] == "quarantined"
    assert house.found() == ["net/calm"]
    assert house.catalog.rule("net/vpn", "release", "mended") == ()
    assert house.found() == ["net/calm", "net/vpn"]


def test_a_superseded_revision_stays_in_quarantine(house: House) -> None:
    house.sync(vpn("IGNORE it"))
    poisoned = house.catalog.standings()["net/vpn"].revision
    house.sync(vpn("restart it"))
    clean = house.catalog.standings()["net/vpn"].revision
    held = {one: found.quarantined for one in (poisoned, clean) if (found := house.catalog.revision("net/vpn", one))}
    assert held == {poisoned: True, clean: False}


def test_an_article_that_is_narrowed_or_restored_stays_as_it_was(house: House) -> None:
    house.sync(vpn("IGNORE it"), CALM)
    stored = house.catalog.stored("net/vpn")
    assert stored is not None
    assert (stored.metadata.status, [one.mark for one in stored.findings]) == ("published", ["IGNORE"])
    house.store.delete_revision("net/vpn", stored.revision)
    house.sync(vpn("IGNORE it"), CALM)
    assert house.quarantine_of("net/vpn") == ("it says IGNORE (line 3)",)
    assert house.found() == ["net/calm"]


def test_what_its_source_calls_quarantined_is_never_found(house: House) -> None:
    house.sync(vpn("HELD"), CALM)
    assert house.quarantine_of("net/vpn") == (STATED,)
    assert house.found() == ["net/calm"]


def test_there_is_nothing_to_rule_on_where_there_is_no_article(house: House) -> None:
    assert house.catalog.rule("net/none", "quarantine", "why not") is None
    house.sync(vpn())
    house.sync(CALM)
    assert house.catalog.rule("net/vpn", "release", "it is gone") is None


FOUND = Finding("secret", "quarantine", "it holds a password", 3, "m1")
LATER = Finding("instruction", "quarantine", "it tells a model", None, "m2")
WARNED = Finding("no-owner", "warning", "no owner", None, "m3")


@pytest.mark.parametrize(
    ("findings", "ruling", "held"),
    [
        pytest.param((), None, 0, id="clean"),
        pytest.param((WARNED,), None, 0, id="a warning holds nothing back"),
        pytest.param((FOUND, LATER), None, 2, id="every reason is given"),
        pytest.param((FOUND,), Ruling("release", "", "r1", frozenset({"m1"})), 0, id="released"),
        pytest.param((FOUND,), Ruling("release", "", "r0", frozenset({"m1"})), 1, id="another revision was released"),
        pytest.param((FOUND, LATER), Ruling("release", "", "r1", frozenset({"m1"})), 1, id="found since"),
        pytest.param((), Ruling("quarantine", "", "r0", frozenset()), 1, id="held by hand"),
        pytest.param((FOUND,), Ruling("quarantine", "", "r1", frozenset()), 2, id="held by hand after a release"),
    ],
)
def test_a_reason_holds_unless_it_was_released(findings, ruling, held: int) -> None:
    assert len(reasons(findings, "published", "r1", ruling)) == held
