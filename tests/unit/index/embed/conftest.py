from pathlib import Path

import pytest

from tests.small_models import make_model


@pytest.fixture(scope="session")
def bge_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CLS pooling; ships no prompts, as BGE does."""
    folder = tmp_path_factory.mktemp("bge")
    return make_model(folder, "cls").rename(folder / "bge-small-en-v1.5")


@pytest.fixture(scope="session")
def e5_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mean pooling; ships no prompts, as E5 does."""
    folder = tmp_path_factory.mktemp("e5")
    return make_model(folder, "mean").rename(folder / "e5-small-v2")


@pytest.fixture(scope="session")
def multilingual_e5_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mean pooling over an XLM-RoBERTa, whose positions begin behind the padding."""
    folder = tmp_path_factory.mktemp("multilingual-e5")
    return make_model(folder, "mean", "xlm-roberta").rename(folder / "multilingual-e5-small")
