from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from index.embed.choose import choose_embedder
from index.embed.local import LocalEmbedder, load_local
from index.embed.presets import BGE_SMALL, MINILM
from index.errors import EmbeddingError, EmbeddingMismatchError
from index.models import EmbeddingSpec
from tests.small_models import make_model


@dataclass
class FakeHub:
    """A hub that has, or has not, one model."""

    in_cache: Path | None = None
    answers: bool = False
    to_download: Path | None = None
    asked: int = 0

    def cached(self, hub_id: str) -> Path | None:
        return self.in_cache if hub_id == BGE_SMALL.hub_id else None

    def reachable(self, hub_id: str) -> bool:
        self.asked += 1
        return self.answers

    def download(self, hub_id: str) -> Path:
        if self.to_download is None:
            raise EmbeddingError(f"The model {hub_id!r} cannot be downloaded: test.")
        return self.to_download


@pytest.fixture(scope="module")
def bge_spec(bge_like: Path) -> EmbeddingSpec:
    return load_local(BGE_SMALL, bge_like).spec


def test_a_new_index_takes_bge_where_it_is_cached(bge_like: Path, tmp_path: Path) -> None:
    hub = FakeHub(in_cache=bge_like)
    embedder, line = choose_embedder("auto", None, tmp_path, hub)
    assert embedder.spec.model == BGE_SMALL.hub_id
    assert "on this machine" in line
    assert hub.asked == 0


def test_a_new_index_takes_bge_where_the_hub_answers(bge_like: Path, tmp_path: Path) -> None:
    embedder, line = choose_embedder("auto", None, tmp_path, FakeHub(answers=True, to_download=bge_like))
    assert embedder.spec.model == BGE_SMALL.hub_id
    assert "the model hub has it" in line


@pytest.mark.parametrize("hub", [FakeHub(), FakeHub(answers=True)], ids=["unreachable", "download fails"])
def test_a_new_index_takes_the_bundled_model_else(hub: FakeHub, tmp_path: Path) -> None:
    embedder, line = choose_embedder("auto", None, tmp_path, hub)
    assert embedder.spec.model == MINILM.hub_id
    assert "bundled" in line
    assert "\n" not in line


def test_an_index_keeps_its_model_and_the_hub_is_not_asked(
    bge_like: Path, bge_spec: EmbeddingSpec, tmp_path: Path
) -> None:
    hub = FakeHub(in_cache=bge_like, answers=True)
    embedder, line = choose_embedder("auto", bge_spec, tmp_path, hub)
    assert embedder.spec == bge_spec
    assert "built with it" in line
    assert hub.asked == 0


def test_an_index_of_the_bundled_model_keeps_it_although_bge_came_later(bge_like: Path, tmp_path: Path) -> None:
    spec = choose_embedder("bundled", None, tmp_path, FakeHub())[0].spec
    embedder, _ = choose_embedder("auto", spec, tmp_path, FakeHub(in_cache=bge_like))
    assert embedder.spec == spec


def test_recorded_weights_that_have_changed_are_refused(
    bge_like: Path, bge_spec: EmbeddingSpec, tmp_path: Path
) -> None:
    recorded = replace(bge_spec, revision="sha256:0000000000000000")
    with pytest.raises(EmbeddingMismatchError, match=rf"sha256:0000000000000000.*{bge_spec.revision}"):
        choose_embedder("auto", recorded, tmp_path, FakeHub(in_cache=bge_like))


def test_a_recorded_model_that_is_nowhere_says_how_to_get_it(bge_spec: EmbeddingSpec, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="cannot be downloaded"):
        choose_embedder("auto", bge_spec, tmp_path, FakeHub())


@pytest.mark.parametrize("requested", ["minilm", "bundled", "sentence-transformers/all-MiniLM-L6-v2"])
def test_another_model_than_recorded_is_refused_with_both_names(
    requested: str, bge_spec: EmbeddingSpec, tmp_path: Path
) -> None:
    with pytest.raises(EmbeddingMismatchError) as caught:
        choose_embedder(requested, bge_spec, tmp_path, FakeHub())
    message = str(caught.value)
    assert "'BAAI/bge-small-en-v1.5'" in message
    assert "'sentence-transformers/all-MiniLM-L6-v2'" in message
    assert "--embedding BAAI/bge-small-en-v1.5" in message
    assert "`runcite reindex --embedding sentence-transformers/all-MiniLM-L6-v2`" in message


def test_a_folder_is_recognised_by_its_name(bge_like: Path, tmp_path: Path) -> None:
    embedder, line = choose_embedder(str(bge_like), None, tmp_path, FakeHub())
    assert embedder.spec.model == BGE_SMALL.hub_id
    assert str(bge_like) in line


def test_a_folder_in_the_hubs_cache_is_recognised(bge_like: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--BAAI--bge-small-en-v1.5" / "snapshots" / "0123"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(bge_like)
    embedder, _ = choose_embedder(str(snapshot), None, tmp_path, FakeHub())
    assert embedder.spec.model == BGE_SMALL.hub_id


def test_a_folder_may_be_given_its_preset(bge_like: Path, tmp_path: Path) -> None:
    link = tmp_path / "my model"
    link.symlink_to(bge_like)
    embedder, _ = choose_embedder(f"bge-small-en-v1.5@{link}", None, tmp_path, FakeHub())
    assert embedder.spec.model == BGE_SMALL.hub_id


def test_a_folder_of_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"bge-m3.*NAME@FOLDER"):
        choose_embedder(str(tmp_path), None, tmp_path, FakeHub())


def test_an_unknown_name_is_refused(bge_like: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"'gpt-9'.*minilm"):
        choose_embedder("gpt-9", None, tmp_path, FakeHub())


def test_an_index_is_opened_in_what_it_was_embedded_in(bge_like: Path, bge_spec: EmbeddingSpec, tmp_path: Path) -> None:
    """Without the model's own folder, once the home has a graph."""
    for numerics in ("fp32", "int8"):
        recorded = replace(bge_spec, numerics=numerics)
        compiled, _ = choose_embedder("auto", recorded, tmp_path, FakeHub(in_cache=bge_like))
        opened, line = choose_embedder("auto", recorded, tmp_path, FakeHub())
        assert compiled.spec == opened.spec == recorded
        assert line.endswith(f"Computes in {numerics}.")
        assert np.array_equal(compiled.embed_query("vpn"), opened.embed_query("vpn"))


def test_a_damaged_graph_is_compiled_again(bge_like: Path, bge_spec: EmbeddingSpec, tmp_path: Path) -> None:
    recorded = replace(bge_spec, numerics="int8")
    whole, _ = choose_embedder("auto", recorded, tmp_path, FakeHub(in_cache=bge_like))
    for graph in tmp_path.glob("models/*/graph.onnx"):
        graph.write_bytes(graph.read_bytes()[:1000])
    with pytest.raises(EmbeddingError, match="cannot be downloaded"):
        choose_embedder("auto", recorded, tmp_path, FakeHub())
    again, _ = choose_embedder("auto", recorded, tmp_path, FakeHub(in_cache=bge_like))
    assert np.array_equal(again.embed_query("vpn"), whole.embed_query("vpn"))


def test_a_model_without_a_graph_runs_as_it_is_and_never_under_an_int8_index(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "made", "cls", hidden_act="relu").rename(tmp_path / "bge-small-en-v1.5")
    home = tmp_path / "home"
    embedder, line = choose_embedder(str(folder), None, home, FakeHub())
    assert isinstance(embedder, LocalEmbedder)
    assert line.endswith("Computes in fp32.")
    assert choose_embedder(str(folder), embedder.spec, home, FakeHub())[0].spec == embedder.spec
    with pytest.raises(EmbeddingMismatchError, match=r"embedded in int8.*'relu'.*runcite reindex"):
        choose_embedder(str(folder), replace(embedder.spec, numerics="int8"), home, FakeHub())
