"""An index is built anew beside the live one, gone on with, caught up, and made live in one step or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from index.background import off_topic_digest
from index.catalog import Catalog
from index.errors import EmbeddingError
from index.health import Health
from index.models import EmbeddingSpec
from index.reindex import INTERRUPTED, Reindexer
from index.retrieve import Retriever
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from tests.fakes import (
    FakeSource,
    HashedWordsEmbedder,
    Killed,
    chunk_fake,
    document,
    fingerprint_fake,
    killed_after,
    read_fake,
)

PAGES = [document(f"kb/{n}", f"Runbook {n}\nstep one of {n}\nstep two of {n}") for n in range(50)]
OLD, NEW = HashedWordsEmbedder(16), HashedWordsEmbedder(24, model="test/other")
LINES = 3
EMBEDDED = LINES + 1
"""Of an article: its chunks and its title."""


class House:
    """An index by the old model, and the store of its next generation."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog.open(folder / "catalog.sqlite")
        self.live = MemoryStore(OLD.spec.dimension)
        self.next = MemoryStore(NEW.spec.dimension)
        self.steps: list[str] = []
        self.sync(PAGES)

    def sync(self, pages):
        syncer = Syncer(self.catalog, self.live, OLD, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake)
        return syncer.run(FakeSource(pages))

    def reindex(self, **options):
        generation = self.catalog.generations.begin(NEW.spec)
        NEW.embedded.clear()
        reindexer = Reindexer(self.catalog, self.next, NEW, generation, chunk_fake)
        return reindexer.run(lambda _line: None, RunOptions(**{"on_step": self.steps.append, **options}))

    def found(self, query: str, *groups: str) -> list[str]:
        retrieval = Retriever(NEW, self.next, self.catalog, generation=2).retrieve(query, audience=frozenset(groups))
        return [one.article.article_id for one in retrieval.candidates]


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path)
    yield made
    made.catalog.close()


def test_the_new_index_holds_every_article_and_answers(house) -> None:
    revision = house.catalog.index_revision()
    report = house.reindex()
    assert (report.state, report.chunks_embedded, len(report.articles)) == ("done", 50 * LINES, 50)
    assert house.catalog.generations.live().embedding == NEW.spec
    assert house.catalog.embedding() == NEW.spec
    assert house.catalog.index_revision() != revision
    assert house.found("step two of 7")[0] == "kb/7"
    assert house.catalog.chunk_count() == house.next.count() == 50 * LINES
    assert [one.number for one in house.catalog.generations.retired()] == [1]


def test_the_chunks_of_the_new_model_are_counted(house) -> None:
    generation = house.catalog.generations.begin(NEW.spec)
    reindexer = Reindexer(house.catalog, house.next, NEW, generation, lambda article: chunk_fake(article)[:1])
    reindexer.run(lambda _line: None, RunOptions())
    assert house.catalog.chunk_count() == house.next.count() == 50
    health = Health(house.next, house.catalog, NEW, generation.number)
    health.look()
    assert health.fault is None


def test_the_old_index_is_not_found_ill_for_having_other_chunks(house) -> None:
    house.live.delete_revision("kb/1", house.catalog.article("kb/1").revision)
    health = Health(house.live, house.catalog, OLD, 1)
    health.look()
    assert "147 of the 150" in health.fault
    house.reindex()
    health.look()
    assert health.fault is None


def test_a_stopped_build_is_gone_on_with(house) -> None:
    met = []
    report = house.reindex(should_stop=lambda: len(met) > 0, on_step=met.append)
    assert (report.state, report.error) == ("interrupted", INTERRUPTED)
    assert house.catalog.generations.live().embedding == OLD.spec
    before = len(NEW.embedded)
    assert 0 < before < 50 * EMBEDDED
    assert report.chunks_embedded == before // EMBEDDED * LINES
    second = house.reindex()
    assert second.state == "done"
    assert len(NEW.embedded) == 50 * EMBEDDED - before
    assert sum(line.outcome == "unchanged" for line in second.articles) == before // EMBEDDED


@pytest.mark.parametrize("step", ["embedded", "upserted", "flushed", "recorded"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_killed_build_is_gone_on_with(house, step, times) -> None:
    with pytest.raises(Killed):
        house.reindex(on_step=killed_after(step, times))
    assert house.catalog.generations.live().embedding == OLD.spec
    done = len(house.catalog.generations.built(2))
    assert house.reindex().state == "done"
    assert len(NEW.embedded) == (50 - done) * EMBEDDED
    assert house.next.count() == 150
    assert house.found("step one of 33")[0] == "kb/33"


def test_what_changed_between_two_builds_is_caught_up_with(house) -> None:
    with pytest.raises(Killed):
        house.reindex(on_step=killed_after("recorded", 2))
    assert len(house.catalog.generations.built(2)) > 30
    house.sync(
        [
            document("kb/0", "Runbook 0\nanother step altogether"),
            document("kb/1", "Runbook 1\nstep one of 1\nstep two of 1", audience=["hr"]),
            *PAGES[3:],
            document("kb/new", "Fax jams\ncall the vendor"),
        ]
    )
    assert house.reindex().state == "done"
    wanted = {key: one.chunks for key, one in house.catalog.standings().items()}
    assert {key: count for (key, _), count in house.next.revisions().items()} == wanted
    assert house.found("another step altogether")[0] == "kb/0"
    assert house.found("fax jams")[0] == "kb/new"
    assert "kb/2" not in wanted
    assert "kb/1" not in house.found("step one of 1")
    assert house.found("step one of 1", "hr")[0] == "kb/1"


def test_what_changes_during_a_build_is_caught_up_with_before_it_is_live(house) -> None:
    changed = []

    def on_step(step: str) -> None:
        if step == "recorded" and not changed:
            changed.append(house.catalog.rule("kb/0", "quarantine", "It is wrong."))
            article = house.catalog.article("kb/1")
            metadata = replace(article.metadata, audience=("hr",))
            house.catalog.set_metadata(article, metadata, "")

    assert house.reindex(on_step=on_step).state == "done"
    assert "kb/1" not in house.found("step one of 1")
    assert house.found("step one of 1", "hr")[0] == "kb/1"
    assert "kb/0" not in house.found("step one of 0")


def test_a_generation_that_lacks_an_article_is_not_made_live(house) -> None:
    generation = house.catalog.generations.begin(NEW.spec)
    assert not house.catalog.generations.make_live(generation.number)
    assert house.catalog.generations.live().number == 1


def test_an_unfinished_build_by_another_model_is_given_up(house) -> None:
    with pytest.raises(Killed):
        house.reindex(on_step=killed_after("recorded", 1))
    other = replace(NEW.spec, model="test/third")
    assert house.catalog.generations.begin(other).number == 3
    assert [one.number for one in house.catalog.generations.retired()] == [2]
    assert house.catalog.generations.built(2) == {}
    house.catalog.generations.forget(2)
    assert house.catalog.generations.retired() == []


def test_each_generation_has_its_own_vectors_of_articles_until_it_is_forgotten(house) -> None:
    wanted = [(key, one.revision) for key, one in house.catalog.standings().items()]
    before = house.catalog.vectors(1).portraits(wanted)
    assert house.reindex().state == "done"
    after = house.catalog.vectors(2).portraits(wanted)
    assert len(before) == len(after) == 50
    assert {one.rows.shape[1] for one in after.values()} == {NEW.spec.dimension}
    # A request that began before the switch still reads the old ones.
    assert house.catalog.vectors(1).portraits(wanted).keys() == before.keys()
    house.catalog.generations.forget(1)
    assert house.catalog.vectors(1).portraits(wanted) == {}
    assert house.catalog.vectors(1).off_topic(off_topic_digest()) is None
    assert house.catalog.vectors(2).off_topic(off_topic_digest()) is not None


def test_what_an_unfinished_build_embedded_is_not_lost_and_given_up_with_it(house) -> None:
    with pytest.raises(Killed):
        house.reindex(on_step=killed_after("recorded", 1))
    built = [(key, one.revision) for key, one in house.catalog.generations.built(2).items()]
    assert len(house.catalog.vectors(2).portraits(built)) == len(built) > 0
    house.catalog.generations.begin(replace(NEW.spec, model="test/third"))
    assert house.catalog.vectors(2).portraits(built) == {}


def test_a_live_generation_is_not_forgotten(house) -> None:
    house.catalog.generations.forget(1)
    assert house.catalog.embedding() == OLD.spec


def test_a_model_that_fails_leaves_the_live_index_and_what_was_built(house, monkeypatch) -> None:
    def fail(texts):
        raise EmbeddingError("The endpoint is gone.")

    monkeypatch.setattr(NEW, "embed_passages", fail)
    with pytest.raises(EmbeddingError, match=r"The endpoint is gone\. .*run it again to go on"):
        house.reindex()
    assert house.catalog.generations.live().embedding == OLD.spec
    assert house.catalog.generations.unfinished() is not None


def test_the_model_of_the_first_run_is_recorded_once(tmp_path) -> None:
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    other: EmbeddingSpec = NEW.spec
    assert catalog.embedding() is None
    assert catalog.generations.record_first(OLD.spec) == OLD.spec
    assert catalog.generations.record_first(other) == OLD.spec
    catalog.close()
