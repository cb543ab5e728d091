from datetime import UTC, datetime

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.schema import Document

from ingest.errors import SourceError
from ingest.models import EVERYONE, Rejected
from ingest.read import read
from ingest.sources.llamaindex import LlamaIndexSource, MetadataMapping


def source(*documents: Document, audience=("everyone",), **options) -> LlamaIndexSource:
    return LlamaIndexSource("llamaindex:wiki", lambda: documents, audience=audience, **options)


def test_a_folder_read_by_llamaindex_is_listed_by_path_without_its_mtime(tmp_path):
    (tmp_path / "vpn.txt").write_text("Resolution:\n\n1. Restart it.\n")
    reader = SimpleDirectoryReader(str(tmp_path))
    (raw,) = LlamaIndexSource("llamaindex:kb", reader.load_data, audience=["everyone"]).scan()
    assert raw.article_id == f"{tmp_path}/vpn.txt".strip("/")
    assert (raw.name, raw.last_modified, raw.source) == ("vpn.txt", None, "llamaindex:kb")
    assert [block.kind for block in read(raw).blocks] == ["paragraph", "step"]


def test_metadata_is_mapped_as_stated():
    metadata = {
        "page_id": "42",
        "title": "VPN",
        "url": "https://wiki/42",
        "version": 7,
        "last_modified": "2026-10-01T10:00:00Z",
        "owner": "netops",
        "author": "Ann",
        "status": "archived",
        "last_reviewed_on": "2026-09-01",
    }
    (raw,) = source(Document(text="Restart it.", metadata=metadata)).scan()
    article = read(raw)
    assert (raw.article_id, article.title, article.url, article.version) == ("42", "VPN", "https://wiki/42", "7")
    assert raw.last_modified == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert (article.metadata.owner, article.metadata.status) == ("netops", "archived")
    assert article.metadata.dates.last_reviewed_on is not None


def test_documents_of_one_id_are_one_article_in_their_order():
    pages = [Document(text=f"Page {number}", metadata={"file_path": "/kb/a.pdf"}) for number in (1, 2)]
    (raw,) = source(*pages).scan()
    assert (raw.article_id, raw.content) == ("kb/a.pdf", b"Page 1\n\nPage 2")


def test_a_mapping_of_ones_own_names_other_keys():
    mapping = MetadataMapping(id=("slug",), title=("heading",))
    (raw,) = source(Document(text="x", metadata={"slug": "a", "heading": "A"}), mapping=mapping).scan()
    assert (raw.article_id, raw.fields["title"]) == ("a", "A")


def test_an_id_of_the_readers_own_is_kept_and_a_random_one_is_an_error():
    (raw,) = source(Document(text="x", id_="KB-1")).scan()
    assert raw.article_id == "KB-1"
    with pytest.raises(SourceError, match=r"1 of 2 documents .* no lasting id"):
        list(source(Document(text="x", id_="KB-1"), Document(text="y")).scan())


def test_the_audience_is_who_was_named_unless_a_document_says_less():
    documents = [
        Document(text="x", id_="a"),
        Document(text="x", id_="b", metadata={"audience": ["finance"]}),
        Document(text="x", id_="c", metadata={"audience": 7}),
    ]
    found = {raw.article_id: read(raw).metadata.audience for raw in source(*documents, audience=["staff"]).scan()}
    assert found == {"a": ("staff",), "b": ("finance",), "c": ()}
    assert [read(raw).metadata.audience for raw in source(documents[0]).scan()] == [(EVERYONE,)]


def test_parts_that_contradict_each_other_on_a_right_let_nobody_in():
    parts = [Document(text="x", metadata={"page_id": "1", "audience": [group]}) for group in ("a", "b")]
    (raw,) = source(*parts).scan()
    assert read(raw).metadata.audience == ()


def test_a_reader_that_fails_is_a_source_error_and_an_empty_text_a_line():
    def load():
        message = "token expired"
        raise RuntimeError(message)

    with pytest.raises(SourceError, match="token expired"):
        list(LlamaIndexSource("llamaindex:x", load, audience=[]).scan())
    assert list(source(Document(text=" ", id_="a")).scan()) == [Rejected("a", "skipped", "is empty")]


def test_an_address_that_no_browser_opens_is_no_url():
    (raw,) = source(Document(text="x", id_="a", metadata={"url": "javascript:alert(1)", "page_id": "1"})).scan()
    assert raw.url is None
