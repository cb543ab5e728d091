"""A model folder and its preset enter, an embedder that runs in this process leaves."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.embed.presets import Preset
from index.embed.weights import weights_revision
from index.errors import EmbeddingError
from index.models import EmbeddingSpec, FloatMatrix, FloatVector, Pooling

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH_SIZE = 16
"""Texts per forward pass; larger batches were no faster on two cores and pad more."""

_PASSAGE_PROMPTS = ("document", "passage", "corpus")
"""The names under which models ship the prompt of a passage, as sentence-transformers looks for them."""

_POOLING: dict[str, Pooling] = {"cls": "cls", "mean": "mean", "lasttoken": "lasttoken", "max": "max"}


class LocalEmbedder:
    """An `Embedder` over a sentence-transformers model. Safe to call from several threads."""

    def __init__(self, model: "SentenceTransformer", spec: EmbeddingSpec, folder: Path) -> None:
        self._model = model
        self._spec = spec
        self._folder = folder

    @property
    def spec(self) -> EmbeddingSpec:
        """What makes its vectors comparable to others."""
        return self._spec

    @property
    def folder(self) -> Path:
        """Where the model lies."""
        return self._folder

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on something faster than the processor."""
        return str(self._model.device.type) != "cpu"

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed passages.

        Args:
            texts: The passages, without prefix.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.
        """
        return self._encode(texts, self._spec.passage_prefix)

    def embed_query(self, text: str) -> FloatVector:
        """Embed one query.

        Args:
            text: The query, without prefix.

        Returns:
            `(dim,) float32`, unit length.
        """
        vector: FloatVector = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed several queries in one pass of the model.

        Args:
            texts: The queries, without prefix.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.
        """
        return self._encode(texts, self._spec.query_prefix)

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in one text.

        Args:
            text: Any text.

        Returns:
            Tokens, without special tokens and prefix.
        """
        return self.count_tokens_batch([text])[0]

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """Count the model's tokens in several texts at once.

        Args:
            texts: Any texts.

        Returns:
            One count per text, without special tokens and prefix.
        """
        if not texts:
            return []
        # verbose=False: a text longer than the model takes is exactly what a chunker asks about.
        ids = self._model.tokenizer(
            list(texts), add_special_tokens=False, return_attention_mask=False, truncation=False, verbose=False
        )["input_ids"]
        return [len(row) for row in ids]

    def _encode(self, texts: Sequence[str], prefix: str) -> FloatMatrix:
        if not texts:
            return np.zeros((0, self._spec.dimension), dtype=np.float32)
        try:
            # prompt="" keeps a prompt in the model's own configuration from being added to ours.
            vectors = self._model.encode(
                [prefix + text for text in texts],
                prompt="",
                batch_size=_BATCH_SIZE,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        except (RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise EmbeddingError(
                f"The model {self._spec.model!r} failed on {len(texts)} texts: {error}. Expected well-formed Unicode "
                "and enough memory."
            ) from error
        return np.asarray(vectors, dtype=np.float32)


def load_local(preset: Preset, folder: Path, revision: str | None = None) -> LocalEmbedder:
    """Load a model from a folder; the network is never asked.

    Args:
        preset: How the model wants to be used. Where the model ships prompts of its own, those are used instead: it
            was trained with them.
        folder: A sentence-transformers model folder.
        revision: Digest of the weights where the caller has computed it already.

    Returns:
        The embedder, on a GPU where there is one, else on the CPU.

    Raises:
        EmbeddingError: The folder holds no model, or not the one the preset describes.
    """
    if not (folder / "modules.json").is_file():
        raise EmbeddingError(
            f"{str(folder)!r} is not a sentence-transformers model: expected a folder with 'modules.json'. "
            "Point --embedding at a downloaded model folder."
        )
    model = _load(folder)
    _check(model, preset, folder)
    max_tokens = min(model.max_seq_length or preset.max_tokens, preset.max_tokens)
    model.max_seq_length = max_tokens
    shipped = {name: prompt for name, prompt in model.prompts.items() if prompt}
    spec = EmbeddingSpec(
        model=preset.hub_id,
        revision=revision or weights_revision(folder),
        dimension=preset.dimension,
        pooling=preset.pooling,
        query_prefix=shipped.get("query", preset.query_prefix),
        passage_prefix=next((shipped[name] for name in _PASSAGE_PROMPTS if name in shipped), preset.passage_prefix),
        max_tokens=max_tokens,
    )
    return LocalEmbedder(model, spec, folder)


def _load(folder: Path) -> "SentenceTransformer":
    from safetensors import SafetensorError  # noqa: PLC0415  # comes with the next
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # heavy

    try:
        with _quiet():
            return SentenceTransformer(str(folder), local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        raise EmbeddingError(
            f"The model in {str(folder)!r} cannot be loaded: {error}. Expected a complete sentence-transformers "
            "folder; download it again."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the "Loading weights" bar and load notices off the terminal, and put everything back."""
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415  # heavy

    hf_logging: Any = transformers_logging  # its functions are not annotated

    level = hf_logging.get_verbosity()
    bar = hf_logging.is_progress_bar_enabled()
    logger = logging.getLogger("sentence_transformers")
    own_level = logger.level
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hf_logging.set_verbosity(level)
        logger.setLevel(own_level)
        if bar:
            hf_logging.enable_progress_bar()


def _check(model: "SentenceTransformer", preset: Preset, folder: Path) -> None:
    dimension = model.get_embedding_dimension()
    if dimension != preset.dimension:
        raise EmbeddingError(
            f"The model in {str(folder)!r} makes vectors of {dimension!r}, {preset.name!r} is expected to make "
            f"{preset.dimension}. Name the preset that belongs to it: NAME@FOLDER."
        )
    pooling = _pooling_of(model)
    if pooling != preset.pooling:
        raise EmbeddingError(
            f"The model in {str(folder)!r} pools by {pooling!r}, {preset.name!r} is expected to pool by "
            f"{preset.pooling!r}. Name the preset that belongs to it: NAME@FOLDER."
        )


def _pooling_of(model: "SentenceTransformer") -> Pooling:
    modules: Sequence[Any] = list(model)
    for module in modules:
        mode = getattr(module, "pooling_mode", None)
        if isinstance(mode, str):
            return _POOLING.get(mode, "unknown")
    return "unknown"
