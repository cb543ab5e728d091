"""A model's description and how to load it enter, an embedder that loads it as soon as that can be done leaves."""

import threading
from collections.abc import Callable, Sequence

from index.models import EmbeddingSpec, FloatMatrix, FloatVector
from index.ports import Embedder


class LateEmbedder:
    """An `Embedder` whose model could not be had when it was made. Every use tries again; safe from several threads.

    So a server can start, hand tickets over and say what is missing, and answer as soon as the model is in its place.
    """

    def __init__(self, spec: EmbeddingSpec, load: Callable[[], Embedder]) -> None:
        self._spec = spec
        self._load = load
        self._embedder: Embedder | None = None
        self._loading = threading.Lock()

    @property
    def spec(self) -> EmbeddingSpec:
        """What the index records of the model."""
        return self._spec

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed passages: `(n_texts, dim) float32`, unit rows.

        Raises:
            EmbeddingError: The model still cannot be had.
        """
        return self._loaded().embed_passages(texts)

    def embed_query(self, text: str) -> FloatVector:
        """Embed one query: `(dim,) float32`, unit length.

        Raises:
            EmbeddingError: The model still cannot be had.
        """
        return self._loaded().embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed several queries: `(n_texts, dim) float32`, unit rows.

        Raises:
            EmbeddingError: The model still cannot be had.
        """
        return self._loaded().embed_queries(texts)

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in `text`, without special tokens and prefix."""
        return self._loaded().count_tokens(text)

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of several texts at once."""
        return self._loaded().count_tokens_batch(texts)

    def _loaded(self) -> Embedder:
        with self._loading:
            if self._embedder is None:
                self._embedder = self._load()
            return self._embedder
