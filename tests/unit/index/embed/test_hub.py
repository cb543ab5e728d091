import threading
import time
from pathlib import Path

import pytest

from index.embed.hub import REACH_TIMEOUT_S, HuggingFaceHub
from index.errors import EmbeddingError

MODEL = "runcite-tests/no-such-model"


def test_what_was_never_downloaded_is_not_cached() -> None:
    assert HuggingFaceHub().cached(MODEL) is None


def test_an_unreachable_hub_is_no_quickly_and_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    assert not HuggingFaceHub().reachable(MODEL)
    assert time.monotonic() - began < REACH_TIMEOUT_S + 2
    assert capfd.readouterr() == ("", "")


def test_a_hub_that_never_answers_is_abandoned() -> None:
    gate = threading.Event()
    began = time.monotonic()
    assert not HuggingFaceHub(ask=lambda _hub_id: bool(gate.wait(60)), timeout_s=0.2).reachable(MODEL)
    assert time.monotonic() - began < 2
    gate.set()


def test_a_hub_that_answers_is_reachable() -> None:
    assert HuggingFaceHub(ask=lambda hub_id: hub_id == MODEL).reachable(MODEL)


@pytest.mark.filterwarnings("ignore:A test tried")  # pytest-socket's own
def test_a_download_that_fails_is_an_error_of_ours() -> None:
    with pytest.raises(EmbeddingError, match=r"--embedding"):
        HuggingFaceHub().download(MODEL)


def test_a_cached_model_without_weights_does_not_count(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--runcite-tests--no-such-model" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    refs = tmp_path / "models--runcite-tests--no-such-model" / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    (snapshot / "modules.json").write_text("[]")
    (snapshot / "config.json").write_text("{}")
    hub = HuggingFaceHub(cache=tmp_path)
    assert hub.cached(MODEL) is None
    (snapshot / "model.safetensors").write_bytes(b"weights")
    assert hub.cached(MODEL) == snapshot
