"""Any sequence of edits and syncs leaves the index as if built from the source's present state alone."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from index.catalog import Catalog
from index.models import point_id
from index.retrieve import Retriever
from index.store.memory import MemoryStore
from index.sync import RunOptions, Syncer
from ingest.models import EVERYONE
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

IDS = st.sampled_from(["a", "b/c", "d é", "e"])
LINES = st.lists(st.sampled_from(["restart the client", "open the tray", "call the desk"]), min_size=1, max_size=3)
AUDIENCES = st.sampled_from([(EVERYONE,), ("hr",), ("hr", "it"), ()])
STEPS = ("embedded", "upserted", "flushed", "published", "old_deleted", "unsettled", "access_set", "removed")


class CutOffError(Exception):
    """Stands in for a kill: nothing after it is done."""


class SyncMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.source: dict[str, tuple[str, tuple[str, ...], str]] = {}
        self.indexed: dict[str, tuple[str, tuple[str, ...], str]] = {}

    @initialize()
    def build(self) -> None:
        self.embedder = HashedWordsEmbedder(dimension=16)
        self.catalog = Catalog.open(self.folder / "catalog.sqlite")
        self.store = MemoryStore(16)
        self.syncer = Syncer(
            self.catalog, self.store, self.embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake
        )
        self.retriever = Retriever(self.embedder, self.store, self.catalog)

    def teardown(self) -> None:
        if hasattr(self, "catalog"):
            self.catalog.close()
        shutil.rmtree(self.folder)

    @rule(article_id=IDS, lines=LINES, audience=AUDIENCES, owner=st.sampled_from(["", "ops"]))
    def write(self, article_id: str, lines: list[str], audience: tuple[str, ...], owner: str) -> None:
        self.source[article_id] = (f"Title {article_id}\n" + "\n".join(lines), audience, owner)

    @rule(article_id=IDS)
    def delete(self, article_id: str) -> None:
        self.source.pop(article_id, None)

    @rule()
    def sync(self) -> None:
        report = self.syncer.run(self._listing())
        if self.source or not self.indexed:
            assert report.error is None
            self.indexed = dict(self.source)
        else:
            assert report.error is not None

    @rule(step=st.sampled_from(STEPS), skip=st.integers(0, 3))
    def sync_and_die(self, step: str, skip: int) -> None:
        left = skip

        def on_step(name: str) -> None:
            nonlocal left
            if name == step:
                if not left:
                    raise CutOffError
                left -= 1

        try:
            self.syncer.run(self._listing(), options=RunOptions(on_step=on_step))
        except CutOffError:
            self._nothing_mixed()
        self.sync()

    @invariant()
    def the_index_is_what_was_last_synced(self) -> None:
        if not hasattr(self, "catalog"):
            return
        expected_points = {}
        for article in self.catalog.articles():
            text, audience, owner = self.indexed[article.article_id]
            assert (article.metadata.audience, article.metadata.owner) == (audience, owner or None)
            revision = self.catalog.revision(article.article_id, article.revision)
            assert revision is not None
            assert revision.text == text
            for ordinal in range(text.count("\n") + 1):
                expected_points[point_id(article.article_id, article.revision, ordinal)] = audience
        assert {article.article_id for article in self.catalog.articles()} == self.indexed.keys()
        assert {point.id: point.audience for point in self.store.points()} == expected_points

    @invariant()
    def everyone_finds_what_they_may_read_and_nothing_else(self) -> None:
        if not hasattr(self, "catalog"):
            return
        for audience in (frozenset[str](), frozenset({"hr"}), frozenset({"it", "x"})):
            found = self.retriever.retrieve("restart the client", audience=audience, limit=10)
            readable = {key for key, (_, own, _) in self.indexed.items() if {*audience, EVERYONE} & set(own)}
            assert {one.article.article_id for one in found.candidates} == readable

    def _listing(self) -> FakeSource:
        return FakeSource(
            [document(key, text, audience=own, owner=owner) for key, (text, own, owner) in sorted(self.source.items())]
        )

    def _nothing_mixed(self) -> None:
        for candidate in self.retriever.retrieve("restart", audience=frozenset({"hr", "it"}), limit=10).candidates:
            revision = self.catalog.revision(candidate.article.article_id, candidate.article.revision)
            assert revision is not None
            known = (self.indexed.get(candidate.article.article_id), self.source.get(candidate.article.article_id))
            assert revision.text in {state[0] for state in known if state}
            assert all(revision.text[evidence.start : evidence.end] for evidence in candidate.evidence)


TestSync = SyncMachine.TestCase
TestSync.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
