import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog, Publication
from index.errors import CatalogError, EmbeddingMismatchError
from index.models import EmbeddingSpec
from index.portraits import Portrait
from ingest.models import Article, ArticleMetadata, Block, Interval, ReviewDates

METADATA = ArticleMetadata(
    owner="netops",
    status="published",
    labels=("vpn", "größe"),
    audience=("*",),
    symptoms=("VPN drops",),
    priority="P3",
    risk="low",
    requires_identity=True,
    dates=ReviewDates(
        last_reviewed_on=date(2026, 10, 1),
        review_in=Interval(months=6),
        last_modified=datetime(2026, 9, 1, 8, 30, tzinfo=UTC),
        malformed=("valid_until: soon",),
    ),
)
PORTRAIT = Portrait.of(
    titles=np.array([[0, 1, 0, 0]], dtype=np.float32),
    chunks=np.array([[1, 0, 0, 0], [0, 0, 0.6, 0.8]], dtype=np.float32),
)
SPEC = EmbeddingSpec("test/model", "sha256:1", 4, "cls", "query: ", "", 512)


@pytest.fixture
def catalog(tmp_path: Path):
    made = Catalog.open(tmp_path / "catalog.sqlite")
    yield made
    made.close()


def article(article_id: str = "net/vpn", text: str = "Restart the client.", revision: str = "sha256:a") -> Article:
    return Article(
        article_id=article_id,
        source="fake:wiki",
        title="VPN disconnects",
        text=text,
        blocks=(Block("heading", 0, 3, ("VPN",), None, 1), Block("step", 3, len(text), ("VPN", "Fix"), 1)),
        metadata=METADATA,
        revision=revision,
        url="https://wiki.example/vpn",
        version="19",
        warnings=("odd date",),
    )


def publication(made: Article, terms=(1, 2, 3), title_terms=(1,)) -> Publication:
    return Publication(
        made,
        f"fp:{made.revision}",
        np.array(terms, dtype=np.uint32),
        np.array(title_terms, dtype=np.uint32),
        PORTRAIT,
    )


def fingerprints(catalog: Catalog) -> dict[str, str]:
    return {key: standing.fingerprint for key, standing in catalog.standings().items()}


def test_a_published_article_comes_back_whole(catalog: Catalog) -> None:
    catalog.publish(publication(article()))
    found = catalog.article("net/vpn")
    assert found is not None
    assert found.metadata == METADATA
    assert (found.title, found.url, found.version, found.revision) == (
        "VPN disconnects",
        "https://wiki.example/vpn",
        "19",
        "sha256:a",
    )
    assert found.indexed_at.tzinfo is not None
    assert catalog.articles() == catalog.articles("fake:wiki") == [found]
    assert catalog.articles("other") == []
    assert catalog.live(["net/vpn", "nobody"]) == {"net/vpn": found}
    assert fingerprints(catalog) == {"net/vpn": "fp:sha256:a"}


def test_the_stored_article_can_be_indexed_again(catalog: Catalog) -> None:
    made = article()
    catalog.publish(publication(made))
    assert catalog.stored("net/vpn") == made


def test_old_revisions_stay_readable_after_a_change_and_a_removal(catalog: Catalog) -> None:
    catalog.publish(publication(article()))
    catalog.publish(publication(article(text="Reinstall the client.", revision="sha256:b")))
    catalog.remove("net/vpn")
    assert catalog.article("net/vpn") is None
    assert catalog.articles() == []
    assert catalog.stored("net/vpn") is None
    assert fingerprints(catalog) == {}
    old = catalog.revision("net/vpn", "sha256:a")
    assert old is not None
    assert old.text == "Restart the client."
    assert old.blocks == article().blocks
    assert catalog.revision("net/vpn", "sha256:c") is None


def test_who_could_read_an_article_is_known_after_its_removal(catalog: Catalog) -> None:
    assert catalog.audience_of("net/vpn") is None
    catalog.publish(publication(article()))
    catalog.remove("net/vpn")
    assert catalog.audience_of("net/vpn") == METADATA.audience


def test_a_revision_keeps_the_audience_it_had_when_it_was_last_live(catalog: Catalog) -> None:
    def readers(revision: str) -> tuple[str, ...] | None:
        found = catalog.revision("net/vpn", revision)
        return found and found.audience

    secret = replace(article(), metadata=replace(METADATA, audience=("hr",)))
    catalog.publish(publication(replace(secret, metadata=replace(METADATA, audience=("it",)))))
    catalog.update_metadata(secret, "fp:2")
    assert readers("sha256:a") == ("hr",)
    opened = replace(METADATA, audience=("*",))
    catalog.publish(publication(replace(article(text="Redacted.", revision="sha256:b"), metadata=opened)))
    catalog.update_metadata(replace(article(), metadata=opened), "fp:late")
    assert (readers("sha256:a"), readers("sha256:b"), catalog.audience_of("net/vpn")) == (("hr",), ("*",), ("*",))
    catalog.publish(publication(replace(article(), metadata=opened)))
    assert readers("sha256:a") == ("*",)


def test_going_back_to_an_earlier_text_and_coming_back_from_removal(catalog: Catalog) -> None:
    catalog.publish(publication(article()))
    catalog.publish(publication(article(text="Other.", revision="sha256:b")))
    catalog.remove("net/vpn")
    catalog.publish(publication(article()))
    found = catalog.article("net/vpn")
    assert found is not None
    assert found.revision == "sha256:a"


def test_metadata_changes_without_touching_the_revision(catalog: Catalog) -> None:
    catalog.publish(publication(article()))
    made = replace(article(), metadata=replace(METADATA, owner="helpdesk"), version="20")
    catalog.update_metadata(made, "fp:new")
    found = catalog.article("net/vpn")
    assert found is not None
    assert (found.metadata.owner, found.version, found.revision) == ("helpdesk", "20", "sha256:a")
    assert fingerprints(catalog) == {"net/vpn": "fp:new"}


def test_metadata_of_another_revision_is_not_taken(catalog: Catalog) -> None:
    catalog.publish(publication(article()))
    catalog.update_metadata(article(revision="sha256:z"), "fp:z")
    assert fingerprints(catalog) == {"net/vpn": "fp:sha256:a"}


def test_every_visible_change_gives_another_index_revision(catalog: Catalog) -> None:
    seen = [catalog.index_revision()]
    catalog.publish(publication(article()))
    seen.append(catalog.index_revision())
    catalog.update_metadata(article(), "fp:2")
    seen.append(catalog.index_revision())
    catalog.remove("net/vpn")
    seen.append(catalog.index_revision())
    assert len(set(seen)) == 4
    assert catalog.index_revision() == seen[-1]


def test_the_lexicon_follows_changes_also_of_another_process(catalog: Catalog) -> None:
    catalog.publish(publication(article("a"), terms=(1, 2)))
    catalog.publish(publication(article("b"), terms=(2, 3)))
    first = catalog.lexicon()
    assert (first.vocabulary.tolist(), first.frequency.tolist()) == ([1, 2, 3], [1, 2, 1])
    assert catalog.lexicon() is first
    other = Catalog.open(catalog.path)
    other.publish(publication(article("b", revision="sha256:b"), terms=(3, 4)))
    other.remove("a")
    other.close()
    second = catalog.lexicon()
    assert (second.vocabulary.tolist(), second.frequency.tolist()) == ([3, 4], [1, 1])
    assert second.articles.keys() == {"b"}


def test_the_embedding_is_recorded_once(catalog: Catalog) -> None:
    assert catalog.embedding() is None
    catalog.record_embedding(SPEC)
    catalog.record_embedding(SPEC)
    assert catalog.embedding() == SPEC


@pytest.mark.parametrize(
    "change", [{"model": "test/other"}, {"revision": "sha256:2"}, {"query_prefix": ""}, {"dimension": 8}]
)
def test_another_embedding_is_refused_and_both_are_named(catalog: Catalog, change: dict[str, object]) -> None:
    catalog.record_embedding(SPEC)
    # Its name finds another model, but not another state of the same one.
    remedy = "--embedding test/model" if "model" in change else "Bring that state"
    with pytest.raises(
        EmbeddingMismatchError, match=rf"test/model.*{remedy}.*runcite reindex --embedding test/"
    ) as caught:
        catalog.record_embedding(replace(SPEC, **change))
    assert repr(next(iter(change.values()))).strip("'") in str(caught.value)
    assert catalog.embedding() == SPEC


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    first = Catalog.open(tmp_path / "c.sqlite")
    first.publish(publication(article()))
    revision = first.index_revision()
    first.close()
    second = Catalog.open(tmp_path / "c.sqlite")
    assert second.index_revision() == revision
    assert second.article("net/vpn") is not None
    second.close()


def test_many_threads_may_use_it(catalog: Catalog) -> None:
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for turn in range(5):
                catalog.publish(publication(article(f"{name}", revision=f"sha256:{turn}"), terms=(name, turn + 100)))
                assert catalog.article(f"{name}") is not None
                catalog.lexicon()
        except BaseException as error:  # noqa: BLE001  # handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(catalog.articles()) == 8
    assert catalog.index_revision().endswith("-40")


def test_ids_beyond_one_statement(catalog: Catalog) -> None:
    catalog.publish(publication(article()))
    assert catalog.live([f"x{number}" for number in range(2000)] + ["net/vpn"]).keys() == {"net/vpn"}


def overwrite_head(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"this is no database at all")


def overwrite_page(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 4096 * 4)


def cut_short(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(5000)


def run_sql(*statements: str):
    def damage(path: Path) -> None:
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return damage


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(overwrite_head, "not a database", id="not SQLite"),
        pytest.param(overwrite_page, "malformed|damaged", id="pages overwritten"),
        pytest.param(cut_short, "malformed|damaged", id="cut short"),
        pytest.param(run_sql("UPDATE settings SET value='99' WHERE key='schema_version'"), "'99'", id="newer schema"),
        pytest.param(run_sql("DROP TABLE runs"), "tables missing", id="table missing"),
        pytest.param(run_sql("DROP TABLE settings"), "schema version None", id="another program's file"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line_and_left_alone(tmp_path: Path, damage, says: str) -> None:
    path = tmp_path / "catalog.sqlite"
    made = Catalog.open(path)
    for number in range(20):
        made.publish(publication(article(f"a{number}", text="long " * 500)))
    made.close()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(CatalogError, match=says) as caught:
        Catalog.open(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_locked_catalog_says_so(catalog: Catalog) -> None:
    late = Catalog.open(catalog.path, busy_timeout_ms=50)
    blocker = sqlite3.connect(catalog.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(CatalogError, match=r"locked.*try again"):
        late.publish(publication(article()))
    assert late.article("net/vpn") is None
    blocker.execute("ROLLBACK")
    blocker.close()
    late.publish(publication(article()))
    late.close()


def test_a_folder_in_the_way_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").mkdir()
    with pytest.raises(CatalogError, match="permissions"):
        Catalog.open(tmp_path / "catalog.sqlite")
