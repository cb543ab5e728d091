import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.embed.local import LocalEmbedder, load_local
from index.embed.presets import BGE_SMALL
from index.embed.weights import weights_revision
from index.errors import EmbeddingError
from tests.small_models import ship_prompts


@pytest.fixture(scope="module")
def embedder(bge_like: Path) -> LocalEmbedder:
    return load_local(BGE_SMALL, bge_like)


def test_vectors_are_unit_float32_rows_in_order(embedder: LocalEmbedder) -> None:
    texts = ["vpn drops", "printer", "restart the client " * 20]
    matrix = embedder.embed_passages(texts)
    assert matrix.shape == (3, 384)
    assert matrix.dtype == np.float32
    assert np.linalg.norm(matrix, axis=1) == pytest.approx(1.0, abs=1e-5)
    for row, text in zip(matrix, texts, strict=True):
        assert row @ embedder.embed_passages([text])[0] == pytest.approx(1.0, abs=1e-4)


def test_no_texts_make_an_empty_matrix(embedder: LocalEmbedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)


def test_queries_get_the_presets_prefix_and_passages_none(embedder: LocalEmbedder, bge_like: Path) -> None:
    plain = load_local(replace(BGE_SMALL, query_prefix=""), bge_like)
    query = embedder.embed_query("vpn drops")
    assert query.shape == (384,)
    assert np.allclose(query, plain.embed_query(BGE_SMALL.query_prefix + "vpn drops"), atol=1e-5)
    assert not np.allclose(query, plain.embed_query("vpn drops"), atol=1e-2)
    assert np.allclose(embedder.embed_passages(["vpn drops"])[0], plain.embed_query("vpn drops"), atol=1e-5)


def test_prompts_that_the_model_ships_are_used_and_recorded(bge_like: Path, tmp_path: Path) -> None:
    own = shutil.copytree(bge_like, tmp_path / "own")
    ship_prompts(own, prompts={"query": "vpn printer ", "passage": "printer "})
    embedder, plain = load_local(BGE_SMALL, own), load_local(replace(BGE_SMALL, query_prefix=""), bge_like)
    assert (embedder.spec.query_prefix, embedder.spec.passage_prefix) == ("vpn printer ", "printer ")
    assert np.allclose(embedder.embed_query("drops"), plain.embed_query("vpn printer drops"), atol=1e-5)
    assert np.allclose(embedder.embed_passages(["drops"]), plain.embed_passages(["printer drops"]), atol=1e-5)


def test_a_default_prompt_is_added_to_nothing(embedder: LocalEmbedder, bge_like: Path, tmp_path: Path) -> None:
    own = shutil.copytree(bge_like, tmp_path / "own")
    ship_prompts(own, prompts={"other": "vpn printer ", "query": ""}, default_prompt_name="other")
    loaded = load_local(BGE_SMALL, own)
    assert loaded.spec == embedder.spec
    assert np.allclose(loaded.embed_passages(["drops"]), embedder.embed_passages(["drops"]), atol=1e-5)


def test_the_spec_says_what_was_loaded(embedder: LocalEmbedder, bge_like: Path) -> None:
    spec = embedder.spec
    assert (spec.model, spec.dimension, spec.pooling) == ("BAAI/bge-small-en-v1.5", 384, "cls")
    assert spec.query_prefix == BGE_SMALL.query_prefix
    assert spec.max_tokens == 64, "the model takes fewer than the preset allows"
    assert spec.revision == weights_revision(bge_like)


def test_a_long_text_is_cut_at_the_limit(embedder: LocalEmbedder) -> None:
    long = "vpn " * 62
    assert np.allclose(
        embedder.embed_passages([long])[0], embedder.embed_passages([long + "printer " * 500])[0], atol=1e-5
    )


def test_tokens_are_counted_without_special_ones_and_without_a_limit(embedder: LocalEmbedder) -> None:
    assert embedder.count_tokens("") == 0
    assert embedder.count_tokens("vpn drops.") == 3
    assert embedder.count_tokens_batch(["vpn", "vpn " * 1000, ""]) == [1, 1000, 0]
    assert embedder.count_tokens_batch([]) == []


def test_a_malformed_text_is_an_error_of_ours(embedder: LocalEmbedder) -> None:
    with pytest.raises(EmbeddingError, match="Unicode"):
        embedder.embed_passages(["vpn \ud800"])


def test_loading_prints_nothing_and_warns_of_nothing(bge_like: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_local(BGE_SMALL, bge_like).embed_passages(["vpn"])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("preset", "says"),
    [
        pytest.param(replace(BGE_SMALL, dimension=768), "384.*768", id="dimension"),
        pytest.param(replace(BGE_SMALL, pooling="mean"), "'cls'.*'mean'", id="pooling"),
    ],
)
def test_a_model_that_is_not_what_the_preset_says_is_refused(bge_like: Path, preset, says: str) -> None:
    with pytest.raises(EmbeddingError, match=says):
        load_local(preset, bge_like)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"modules\.json"):
        load_local(BGE_SMALL, tmp_path)


def test_a_folder_with_damaged_weights_is_refused(bge_like: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(bge_like, damaged)
    (weights,) = damaged.glob("**/*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(EmbeddingError, match="cannot be loaded"):
        load_local(BGE_SMALL, damaged)


def test_the_revision_is_of_the_weights_content(bge_like: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bge_like, copy)
    assert weights_revision(copy) == weights_revision(bge_like)
    (weights,) = copy.glob("**/*.safetensors")
    weights.write_bytes(weights.read_bytes() + b" ")
    assert weights_revision(copy) != weights_revision(bge_like)
    weights.unlink()
    with pytest.raises(EmbeddingError, match="No weights"):
        weights_revision(copy)


def test_the_hub_caches_blob_names_are_taken_for_digests(tmp_path: Path) -> None:
    digest = "ab" * 32
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / digest).write_bytes(b"two gigabytes")
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "model.safetensors").symlink_to(tmp_path / "blobs" / digest)
    assert weights_revision(tmp_path / "snapshot") == f"sha256:{digest[:16]}"
