import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.embed.bundled import load_bundled
from index.embed.compiled import compile_model
from index.embed.kept import LEAST_COSINE, open_kept, spec_digest
from index.embed.local import LocalEmbedder, load_local
from index.embed.presets import BGE_SMALL, preset_for
from index.errors import EmbeddingError, NotCompilableError
from index.models import FloatMatrix
from tests.small_models import make_model

TEXTS = ["vpn drops", "printer", "restart the client " * 40, "", "  passage : vpn \n", "passages searching " * 9]


def worst_cosine(one: FloatMatrix, other: FloatMatrix) -> float:
    return float(np.min(np.sum(one * other, axis=1)))


@pytest.fixture(params=["bge_like", "e5_like", "multilingual_e5_like"])
def reference(request: pytest.FixtureRequest) -> LocalEmbedder:
    folder: Path = request.getfixturevalue(request.param)
    return load_local(preset_for(folder.name), folder)


@pytest.mark.parametrize("numerics", ["fp32", "int8"])
def test_a_graph_agrees_with_sentence_transformers(reference: LocalEmbedder, numerics, tmp_path: Path) -> None:
    fast = compile_model(reference, numerics, tmp_path)
    assert worst_cosine(fast.embed_passages(TEXTS), reference.embed_passages(TEXTS)) >= LEAST_COSINE[numerics]
    queries = np.stack([fast.embed_query(text) for text in TEXTS])
    assert worst_cosine(queries, np.stack([reference.embed_query(text) for text in TEXTS])) >= LEAST_COSINE[numerics]
    assert fast.spec == replace(reference.spec, numerics=numerics)
    assert fast.count_tokens_batch(TEXTS) == reference.count_tokens_batch(TEXTS)
    assert fast.count_tokens("vpn " * 1000) == 1000


def test_the_bundled_model_in_int8_agrees_on_what_it_was_not_scaled_by(tmp_path: Path) -> None:
    reference = load_bundled()
    fast = compile_model(reference, "int8", tmp_path)
    texts = [
        "Expense reports: attach every receipt, choose the cost centre and submit before the 25th of the month.",
        "kubectl rollout undo deployment/checkout -n shop --to-revision=41",
        "The badge reader at the north gate blinks red twice and the door stays shut.",
        "ALERT CoreDNSDown: no CoreDNS target has answered Prometheus for fifteen minutes. " * 12,
    ]
    assert worst_cosine(fast.embed_passages(texts), reference.embed_passages(texts)) >= LEAST_COSINE["int8"]


def test_a_vector_does_not_depend_on_what_is_embedded_beside_it(bge_like: Path, tmp_path: Path) -> None:
    fast = compile_model(load_local(BGE_SMALL, bge_like), "int8", tmp_path)
    together = fast.embed_passages(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        assert np.array_equal(fast.embed_passages([text])[0], row)
    assert fast.embed_passages([]).shape == (0, 384)


def test_malformed_text_is_an_error_of_ours(bge_like: Path, tmp_path: Path) -> None:
    fast = compile_model(load_local(BGE_SMALL, bge_like), "int8", tmp_path)
    with pytest.raises(EmbeddingError, match="Unicode"):
        fast.embed_passages(["vpn \ud800"])


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        pytest.param({"hidden_act": "relu"}, "activation is 'relu'", id="activation"),
        pytest.param({"config": {"model_type": "t5"}}, "'t5' model", id="kind"),
        pytest.param({"config": {"position_embedding_type": "relative_key"}}, "relative", id="positions"),
    ],
)
def test_a_model_of_another_kind_is_not_compiled(shape, says: str, tmp_path: Path) -> None:
    changed = shape.pop("config", {})
    folder = make_model(tmp_path / "made", "cls", **shape)
    reference = load_local(BGE_SMALL, folder)
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **changed}))
    with pytest.raises(NotCompilableError, match=says):
        compile_model(reference, "int8", tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_an_unfaithful_graph_is_not_kept(bge_like: Path, e5_like: Path, tmp_path: Path) -> None:
    """The weights changed on disk after the model was loaded."""
    reference = load_local(BGE_SMALL, bge_like)
    impostor = LocalEmbedder(reference._model, reference.spec, e5_like)
    (tmp_path / "other").mkdir()
    with pytest.raises(NotCompilableError, match=r"cosine of .* expected 0\.9999"):
        compile_model(
            LocalEmbedder(reference._model, replace(impostor.spec, pooling="mean"), e5_like), "fp32", tmp_path
        )
    assert open_kept(tmp_path, reference.spec) is None


def test_what_is_kept_gives_the_same_vectors_when_opened(bge_like: Path, tmp_path: Path) -> None:
    fast = compile_model(load_local(BGE_SMALL, bge_like), "int8", tmp_path)
    opened = open_kept(tmp_path, fast.spec)
    assert opened is not None
    assert np.array_equal(opened.embed_passages(TEXTS), fast.embed_passages(TEXTS))


@pytest.mark.parametrize("name", ["graph.onnx", "tokenizer.json", "graph.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped"])
def test_a_damaged_graph_is_not_opened(bge_like: Path, tmp_path: Path, name: str, damage: str) -> None:
    spec = compile_model(load_local(BGE_SMALL, bge_like), "int8", tmp_path).spec
    file = tmp_path / spec_digest(spec) / name
    content = bytearray(file.read_bytes())
    if damage == "gone":
        file.unlink()
    else:
        content[len(content) // 2] ^= 0x55
        file.write_bytes(content if damage == "flipped" else content[:-9])
    assert open_kept(tmp_path, spec) is None


def test_a_processor_that_computes_something_else_is_noticed(bge_like: Path, tmp_path: Path) -> None:
    spec = compile_model(load_local(BGE_SMALL, bge_like), "int8", tmp_path).spec
    file = tmp_path / spec_digest(spec) / "graph.json"
    record = json.loads(file.read_text())
    record["probes"] = {at: vector[::-1] for at, vector in record["probes"].items()}
    file.write_text(json.dumps(record))
    assert open_kept(tmp_path, spec) is None


def test_what_a_killed_process_left_is_cleared(bge_like: Path, tmp_path: Path) -> None:
    (tmp_path / "abc.part").mkdir()
    spec = compile_model(load_local(BGE_SMALL, bge_like), "int8", tmp_path).spec
    assert [path.name for path in tmp_path.iterdir()] == [spec_digest(spec)]
