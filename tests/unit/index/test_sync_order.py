from dataclasses import replace
from pathlib import Path

from index.catalog import Catalog
from index.store.memory import MemoryStore
from index.sync import Syncer
from tests.fakes import FakeSource, HashedWordsEmbedder, chunk_fake, document, fingerprint_fake, read_fake

VPN = document("net/vpn", "VPN drops\nrestart the client")
JAM = document("print/jam", "Printer jams\nopen the tray")


def test_points_are_flushed_before_the_catalog_makes_them_visible(tmp_path: Path) -> None:
    log: list[str] = []

    class LoggingStore(MemoryStore):
        def upsert(self, points):
            log.append("upsert")
            super().upsert(points)

        def flush(self):
            log.append("flush")
            super().flush()

    class LoggingCatalog(Catalog):
        def publish(self, publication):
            log.append("publish")
            super().publish(publication)

        def update_metadata(self, article, fingerprint):
            log.append("publish")
            super().update_metadata(article, fingerprint)

    embedder = HashedWordsEmbedder()
    catalog = LoggingCatalog.open(tmp_path / "catalog.sqlite")
    store = LoggingStore(embedder.spec.dimension)
    syncer = Syncer(catalog, store, embedder, read=read_fake, fingerprint=fingerprint_fake, chunk=chunk_fake)
    syncer.run(FakeSource([VPN, JAM]))
    syncer.run(FakeSource([document("net/vpn", "VPN drops\nreboot"), replace(JAM, content=JAM.content + b"!")]))
    catalog.close()
    assert log.count("publish") >= 3
    unflushed = False
    for step in log:
        unflushed = {"upsert": True, "flush": False}.get(step, unflushed)
        assert not (step == "publish" and unflushed)
