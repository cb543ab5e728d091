from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from index.catalog import Catalog
from index.errors import EmbeddingError, EmbeddingMismatchError, StoreError
from index.models import ArticleReport, FloatMatrix
from index.runs import RunQuery
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from ingest.models import EVERYONE, Rejected
from ingest.ports import never_current
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

VPN = document("net/vpn", "VPN drops\nrestart the client")
JAM = document("print/jam", "Printer jams\nopen the tray")


class House:
    """An index over the memory store, and what was done to it."""

    def __init__(self, tmp_path: Path, embedder: HashedWordsEmbedder | None = None) -> None:
        self.embedder = embedder or HashedWordsEmbedder()
        self.catalog = Catalog.open(tmp_path / "catalog.sqlite")
        self.store = MemoryStore(self.embedder.spec.dimension)
        self.read: list[str] = []
        self.steps: list[str] = []
        self.syncer = Syncer(
            self.catalog, self.store, self.embedder, read=self._read, fingerprint=fingerprint_fake, chunk=chunk_fake
        )

    def _read(self, raw):
        self.read.append(raw.article_id)
        return read_fake(raw)

    def run(self, *documents, **options):
        self.read.clear()
        self.steps.clear()
        self.embedder.embedded.clear()
        source = options.pop("source", None) or FakeSource(documents)
        return self.syncer.run(source, options=RunOptions(on_step=self.steps.append, **options))

    def texts(self) -> dict[str, str]:
        found = {}
        for article in self.catalog.articles():
            revision = self.catalog.revision(article.article_id, article.revision)
            assert revision is not None
            found[article.article_id] = revision.text
        return found


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.catalog.close()


def outcomes(report) -> dict[str, str]:
    return {line.article_id: line.outcome for line in report.articles}


def reason(report, article_id: str) -> str:
    return next(line.reason for line in report.articles if line.article_id == article_id)


def test_new_articles_are_indexed(house: House) -> None:
    report = house.run(VPN, JAM)
    assert outcomes(report) == {"net/vpn": "indexed", "print/jam": "indexed"}
    assert report.error is None
    assert report.chunks_embedded == house.store.count() == 4
    [record] = house.catalog.run_log.latest(RunQuery())
    assert (record.run_id, record.state, record.outcomes) == (report.run_id, "done", {"indexed": 2})
    assert [line for _, line in house.catalog.run_log.lines(report.run_id)] == list(report.articles)


def test_unchanged_articles_are_neither_read_nor_embedded(house: House) -> None:
    house.run(VPN, JAM)
    before = house.catalog.index_revision()
    report = house.run(VPN, JAM)
    assert outcomes(report) == {"net/vpn": "unchanged", "print/jam": "unchanged"}
    assert (house.read, house.embedder.embedded, house.steps) == ([], [], ["optimized"])
    assert house.catalog.index_revision() == before


def test_a_changed_article_replaces_its_points_in_the_safe_order(house: House) -> None:
    house.run(VPN, JAM)
    report = house.run(document("net/vpn", "VPN drops\nreinstall the client\nreboot"), JAM)
    assert outcomes(report) == {"net/vpn": "updated", "print/jam": "unchanged"}
    assert house.steps == ["embedded", "upserted", "flushed", "published", "old_deleted", "run_flushed", "optimized"]
    assert house.texts()["net/vpn"] == "VPN drops\nreinstall the client\nreboot"
    assert sum(point.article_id == "net/vpn" for point in house.store.points()) == 3


def test_another_owner_embeds_nothing_and_touches_no_point(house: House) -> None:
    house.run(VPN)
    report = house.run(document("net/vpn", "VPN drops\nrestart the client", owner="netops"))
    assert outcomes(report) == {"net/vpn": "metadata_only"}
    assert (house.embedder.embedded, house.steps) == ([], ["metadata_updated", "optimized"])
    article = house.catalog.article("net/vpn")
    assert article is not None
    assert article.metadata.owner == "netops"


def test_another_audience_reaches_the_points_before_the_catalog(house: House) -> None:
    house.run(VPN)
    report = house.run(document("net/vpn", "VPN drops\nrestart the client", audience=["netops"]))
    assert outcomes(report) == {"net/vpn": "metadata_only"}
    assert house.embedder.embedded == []
    assert house.steps == ["unsettled", "access_set", "access_flushed", "metadata_updated", "optimized"]
    assert {point.audience for point in house.store.points()} == {("netops",)}


def test_an_access_change_that_was_cut_off_and_taken_back_is_settled(house: House) -> None:
    house.run(VPN)
    restricted = document("net/vpn", "VPN drops\nrestart the client", audience=["netops"])

    def die(step: str) -> None:
        if step == "access_flushed":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.syncer.run(FakeSource([restricted]), options=RunOptions(on_step=die))
    assert outcomes(house.run(VPN)) == {"net/vpn": "metadata_only"}
    assert {point.audience for point in house.store.points()} == {(EVERYONE,)}
    assert outcomes(house.run(VPN)) == {"net/vpn": "unchanged"}


def test_what_vanished_is_removed_from_catalog_first(house: House) -> None:
    house.run(VPN, JAM)
    report = house.run(JAM)
    assert outcomes(report) == {"print/jam": "unchanged", "net/vpn": "deleted"}
    assert house.steps == ["removed", "points_deleted", "run_flushed", "optimized"]
    assert house.catalog.article("net/vpn") is None
    assert {point.article_id for point in house.store.points()} == {"print/jam"}


def test_a_source_that_breaks_off_removes_nothing_and_keeps_what_it_gave(house: House) -> None:
    house.run(VPN, JAM)
    changed = document("net/vpn", "VPN drops\nnew text")
    report = house.run(source=FakeSource([changed, JAM], fails_after=1))
    assert report.error is not None
    assert "broke off" in report.error
    assert outcomes(report) == {"net/vpn": "updated"}
    assert house.texts().keys() == {"net/vpn", "print/jam"}


def test_an_empty_listing_removes_nothing(house: House) -> None:
    house.run(VPN)
    report = house.run()
    assert report.error is not None
    assert "listed nothing" in report.error
    assert house.texts().keys() == {"net/vpn"}


def test_a_source_that_is_really_empty_can_be_emptied_and_its_ids_used_by_another(house: House) -> None:
    house.run(VPN)
    assert outcomes(house.run(allow_mass_delete=True)) == {"net/vpn": "deleted"}
    moved = document("net/vpn", "VPN drops\nrestart the client", source="fake:moved")
    assert outcomes(house.run(source=FakeSource([moved], key="fake:moved"))) == {"net/vpn": "indexed"}


def test_what_the_source_says_of_a_second_file_of_an_id_is_reported(house: House) -> None:
    report = house.run(VPN, Rejected("net/vpn", "failed", "same id as 'vpn.html'"))
    assert [line.reason for line in report.articles] == ["", "same id as 'vpn.html'"]


def test_a_full_disk_refuses_the_run_before_anything_is_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=1))
    with pytest.raises(StoreError, match="0 MB left"):
        house.run(VPN)
    assert house.steps == []


def test_an_empty_source_without_articles_is_no_error(house: House) -> None:
    assert house.run().error is None


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_a_rejected_document_keeps_its_old_revision(house: House, outcome) -> None:
    house.run(VPN, JAM)
    report = house.run(Rejected("net/vpn", outcome, "too large"), JAM)
    assert outcomes(report)["net/vpn"] == outcome
    assert reason(report, "net/vpn") == "too large; what was indexed of it before is kept"
    assert house.texts().keys() == {"net/vpn", "print/jam"}


def test_one_that_cannot_be_parsed_fails_alone(house: House) -> None:
    house.run(VPN)
    report = house.run(document("net/vpn", "BROKEN"), document("x", "BROKEN"), JAM)
    assert outcomes(report) == {"net/vpn": "failed", "x": "failed", "print/jam": "indexed"}
    assert "Mend it" in reason(report, "x")
    assert house.texts()["net/vpn"] == "VPN drops\nrestart the client"


def test_one_without_text_is_skipped_and_a_blanked_one_fails(house: House) -> None:
    report = house.run(VPN, document("blank", ""))
    assert outcomes(report) == {"net/vpn": "indexed", "blank": "skipped"}
    report = house.run(document("net/vpn", ""))
    assert outcomes(report) == {"net/vpn": "failed"}
    assert house.texts().keys() == {"net/vpn"}


def test_an_id_listed_twice_is_reported_and_the_first_used(house: House) -> None:
    report = house.run(VPN, document("net/vpn", "something else"))
    assert [line.outcome for line in report.articles] == ["indexed", "failed"]
    assert "twice" in report.articles[1].reason
    assert house.texts() == {"net/vpn": "VPN drops\nrestart the client"}


def test_an_id_of_another_source_is_refused_with_a_remedy(house: House) -> None:
    house.run(VPN)
    intruder = document("net/vpn", "stolen", source="fake:other")
    report = house.run(source=FakeSource([intruder], key="fake:other"))
    assert outcomes(report) == {"net/vpn": "failed"}
    assert "'fake:wiki'" in reason(report, "net/vpn")
    assert "Rename" in reason(report, "net/vpn")
    assert house.texts() == {"net/vpn": "VPN drops\nrestart the client"}


def test_sources_do_not_remove_each_others_articles(house: House) -> None:
    house.run(VPN)
    other = document("print/jam", "Printer", source="fake:other")
    house.run(source=FakeSource([other], key="fake:other"))
    assert house.texts().keys() == {"net/vpn", "print/jam"}


def many(count: int) -> list:
    return [document(f"a{number:03}", f"Article {number}\nbody") for number in range(count)]


@pytest.mark.parametrize(
    ("listed", "removed"),
    [
        pytest.param(79, 0, id="21 of 100 gone: over both bounds"),
        pytest.param(80, 20, id="20 of 100 gone: at both bounds"),
        pytest.param(1, 0, id="99 of 100 gone"),
    ],
)
def test_the_mass_delete_breaker(house: House, listed: int, removed: int) -> None:
    house.run(*many(100))
    report = house.run(*many(listed))
    assert len(house.texts()) == 100 - removed
    assert (report.error is None) == bool(removed)
    if report.error:
        assert "--allow-mass-delete" in report.error
    house.run(*many(listed), allow_mass_delete=True)
    assert len(house.texts()) == listed


def test_most_of_a_small_source_may_go(house: House) -> None:
    house.run(*many(21))
    assert house.run(*many(1)).error is None
    assert len(house.texts()) == 1


def test_batches_span_articles_and_reports_stay_in_order(house: House) -> None:
    seen: list[ArticleReport] = []
    documents = [*many(40), document("broken", "BROKEN"), *many(80)[40:]]
    report = house.syncer.run(FakeSource(documents), seen.append)
    assert [line.article_id for line in report.articles] == [raw.article_id for raw in documents]
    assert sorted(line.article_id for line in seen) == sorted(raw.article_id for raw in documents)
    assert {line.article_id: line for line in seen} == {line.article_id: line for line in report.articles}
    assert report.chunks_embedded == 160


def test_what_is_ready_does_not_wait_long_for_a_batch_to_fill(house: House) -> None:
    now = 0.0
    visible: list[int] = []

    class Slow(FakeSource):
        def scan(self, is_current=never_current, _on_total=None, /):
            nonlocal now
            for listed in super().scan(is_current):
                visible.append(len(house.texts()))
                yield listed
                now += 0.6

    house.run(source=Slow(many(6)), clock=lambda: now)
    assert visible == [0, 0, 2, 2, 4, 4]
    assert house.steps.count("flushed") == 3


def test_a_run_that_is_stopped_finishes_what_is_in_hand(house: House) -> None:
    house.run(document("gone", "Gone\nbody"), *many(3))
    asked = iter([False, False, True])
    report = house.run(*many(50)[3:], should_stop=lambda: next(asked))
    assert report.error is not None
    assert "Interrupted" in report.error
    assert outcomes(report) == {"a003": "indexed", "a004": "indexed"}
    assert house.texts().keys() == {"gone", "a000", "a001", "a002", "a003", "a004"}


def test_orphans_are_swept_and_losses_made_good(house: House) -> None:
    house.run(VPN, JAM)
    whole = house.store.points()
    lost, kept = whole[0], whole[1:]
    house.store.delete_revision(lost.article_id, lost.revision)
    orphan = MemoryStore(64)
    elsewhere = Syncer(
        Catalog.open(house.catalog.path.parent / "other.sqlite"),
        orphan,
        house.embedder,
        read=read_fake,
        fingerprint=fingerprint_fake,
        chunk=chunk_fake,
    )
    elsewhere.run(FakeSource([document("orphan", "Orphan\nbody")]))
    house.store.upsert(orphan.points())
    report = house.run(VPN, JAM)
    assert outcomes(report) == {"net/vpn": "unchanged", "print/jam": "unchanged"}
    assert [point.id for point in house.store.points()] == [point.id for point in whole]
    assert "orphan_deleted" in house.steps
    assert "restored" in house.steps
    assert report.chunks_embedded == sum(point.article_id == lost.article_id for point in (lost, *kept))


def test_a_lost_store_is_rebuilt_without_the_source(house: House) -> None:
    house.run(VPN, JAM)
    before = house.store.points()
    for article_id, revision in house.store.revisions():
        house.store.delete_revision(article_id, revision)
    house.steps.clear()
    house.syncer.sweep(RunOptions(on_step=house.steps.append))
    assert house.steps == ["restored"], "both in one pass of the model"
    assert [(point.id, point.audience, point.section) for point in house.store.points()] == [
        (point.id, point.audience, point.section) for point in before
    ]


def test_a_rebuild_can_be_stopped_and_goes_on_with_the_next_run(house: House) -> None:
    documents = [document(f"a{number:03}", f"Title {number}\n" + "line\n" * 30) for number in range(5)]
    house.run(*documents)
    before = [point.id for point in house.store.points()]
    for article_id, revision in house.store.revisions():
        house.store.delete_revision(article_id, revision)
    report = house.run(*documents, should_stop=lambda: True)
    assert report.error is not None
    assert 0 < house.store.count() < len(before)
    house.run(*documents)
    assert [point.id for point in house.store.points()] == before


class ChokingEmbedder(HashedWordsEmbedder):
    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        if any("choke" in text for text in texts):
            raise EmbeddingError("The model failed on 'choke'.")
        return super().embed_passages(texts)


def test_one_that_the_model_fails_on_fails_alone(tmp_path: Path) -> None:
    house = House(tmp_path, ChokingEmbedder())
    report = house.run(VPN, document("bad", "Bad\nchoke"), JAM)
    assert outcomes(report) == {"net/vpn": "indexed", "bad": "failed", "print/jam": "indexed"}
    assert "'choke'" in reason(report, "bad")
    house.catalog.close()


def test_an_index_of_another_model_is_refused_before_anything_is_done(house: House) -> None:
    house.run(VPN)
    other = HashedWordsEmbedder(model="test/other")
    syncer = Syncer(house.catalog, house.store, other, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake)
    with pytest.raises(EmbeddingMismatchError, match="test/other"):
        syncer.run(FakeSource([JAM]))
    assert house.texts().keys() == {"net/vpn"}


def test_a_source_with_etags_fetches_only_what_changed(house: House) -> None:
    vpn, jam = replace(VPN, etag="vpn-1"), replace(JAM, etag="jam-1")
    house.run(vpn, jam)
    report = house.run(vpn, replace(document("print/jam", "Printer jams\nopen the lid"), etag="jam-2"))
    assert outcomes(report) == {"net/vpn": "unchanged", "print/jam": "updated"}
    assert house.read == ["print/jam"]


def test_an_etag_is_not_current_for_another_sources_article(house: House) -> None:
    asked: list[bool] = []

    class Nosy(FakeSource):
        def scan(self, is_current=never_current, _on_total=None, /):
            asked.append(is_current("net/vpn", "vpn-1"))
            return super().scan(is_current)

    house.run(replace(VPN, etag="vpn-1"))
    house.run(source=Nosy([], key="fake:other"))
    assert asked == [False]
