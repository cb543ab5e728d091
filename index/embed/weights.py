"""A model folder enters; its weights, their name and its architecture leave. Needs no torch."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.embed.encoder import Architecture
from index.errors import EmbeddingError, NotCompilableError
from index.models import Pooling

_DIGEST_DIGITS = 16
_BLOB_NAME = re.compile(r"[0-9a-f]{64}")
_KINDS = frozenset({"bert", "roberta", "xlm-roberta"})
_PREFIXES = ("", "bert.", "roberta.")
_WORDS = "embeddings.word_embeddings.weight"
_MOST_BYTES = 1_900_000_000
"""A serialised graph may not reach 2 GiB."""


def weights_revision(folder: Path) -> str:
    """Name the weights in a model folder by their content.

    Args:
        folder: A model folder.

    Returns:
        `sha256:` and the first 16 hexadecimal digits: the same for a hub download and a copy of it.

    Raises:
        EmbeddingError: The folder holds no weights.
    """
    files = sorted(folder.glob("**/*.safetensors")) or sorted(folder.glob("**/pytorch_model*.bin"))
    files = [file for file in files if not {"onnx", "openvino"} & set(file.relative_to(folder).parts)]
    if not files:
        raise EmbeddingError(
            f"No weights in {str(folder)!r}: expected '*.safetensors' or 'pytorch_model.bin'. Download the model again."
        )
    digests = [_digest(file) for file in files]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return f"sha256:{whole[:_DIGEST_DIGITS]}"


def file_digest(file: Path) -> str:
    """Compute the SHA-256 of a file.

    Args:
        file: The file.

    Returns:
        64 hexadecimal digits.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_architecture(folder: Path, pooling: Pooling) -> Architecture:
    """Read the shape of a BERT-like model.

    Args:
        folder: A model folder.
        pooling: How its token vectors become one.

    Returns:
        What a graph of it needs to know.

    Raises:
        NotCompilableError: It is of another kind.
    """
    config = _read_json(folder / "config.json")
    modules = [module["type"].rpartition(".")[2] for module in _read_modules(folder)]
    odd = [
        reason
        for reason, holds in (
            (f"it is a {config.get('model_type')!r} model", config.get("model_type") not in _KINDS),
            (f"its activation is {config.get('hidden_act')!r}", config.get("hidden_act", "gelu") != "gelu"),
            ("its positions are relative", config.get("position_embedding_type", "absolute") != "absolute"),
            (f"it pools by {pooling!r}", pooling not in {"cls", "mean"}),
            (
                f"it is made of {modules}",
                modules not in (["Transformer", "Pooling", "Normalize"], ["Transformer", "Pooling"]),
            ),
            ("it lower-cases by itself", bool(_read_json(folder / "sentence_bert_config.json").get("do_lower_case"))),
        )
        if holds
    ]
    if odd:
        raise NotCompilableError(f"No graph is drawn for the model in {str(folder)!r}: {', '.join(odd)}.")
    return Architecture(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config.get("layer_norm_eps", 1e-12),
        first_position=0 if config["model_type"] == "bert" else config.get("pad_token_id", 1) + 1,
        pooling="mean" if pooling == "mean" else "cls",
    )


def read_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read a BERT-like model's weights.

    Args:
        folder: A model folder.

    Returns:
        Arrays by their names in a checkpoint, without the model's own prefix.

    Raises:
        NotCompilableError: They are not in one file, in a format that needs torch, or too large for a graph.
    """
    from safetensors import SafetensorError  # noqa: PLC0415  # needed only where a graph is compiled
    from safetensors.numpy import load_file  # noqa: PLC0415  # as above

    file = folder / "model.safetensors"
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        raise NotCompilableError(f"No graph is drawn for {str(folder)!r}: its weights are not one file under 1.9 GB.")
    try:
        loaded: dict[str, NDArray[Any]] = load_file(file)
    except (SafetensorError, TypeError, KeyError, OSError) as error:
        raise NotCompilableError(f"No graph is drawn for {str(file)!r}: {error}.") from error
    prefix = next((one for one in _PREFIXES if f"{one}{_WORDS}" in loaded), None)
    if prefix is None:
        raise NotCompilableError(f"No graph is drawn for {str(file)!r}: it holds no {_WORDS!r}.")
    return {
        name.removeprefix(prefix): value.astype(np.float32)
        for name, value in loaded.items()
        if name.startswith(prefix) and np.issubdtype(value.dtype, np.floating)
    }


def _digest(file: Path) -> str:
    # The hub cache links each large file to a blob named by its SHA-256, so that 2 GB need not be read to name them.
    target = file.resolve().name
    return target if file.is_symlink() and _BLOB_NAME.fullmatch(target) else file_digest(file)


def _read_modules(folder: Path) -> list[dict[str, Any]]:
    modules: list[dict[str, Any]] = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    return modules


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read
