"""A compiled graph and its tokenizer enter, an embedder that needs no torch leaves. Sole user of onnxruntime."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from tokenizers import Encoding, Tokenizer

from index.embed.encoder import IDS, VECTOR
from index.embed.processor import usable_cores
from index.errors import EmbeddingError
from index.models import EmbeddingSpec, FloatMatrix, FloatVector

_FAILURES = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,
)
"""ONNX Runtime's own have no parent in common."""


class Session:
    """A loaded graph. Safe to run from several threads at once."""

    def __init__(self, graph: bytes | Path) -> None:
        options = onnxruntime.SessionOptions()
        # Texts run side by side, one thread each: their matrices are too small to share out.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Its fusion of addition and layer norm takes four times as long as the two apart.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # Without VNNI the quick 8-bit product overflows; this makes ONNX Runtime take the exact one there.
        options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 4
        source = graph if isinstance(graph, bytes) else str(graph)
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except _FAILURES as error:
            raise EmbeddingError(f"The compiled model cannot be loaded: {error}.") from error

    def vector(self, ids: Sequence[int]) -> FloatVector:
        """Embed one text: token ids to `(dim,) float32`, unit length."""
        found: NDArray[np.float32] = self._run(ids, [VECTOR])[0][0]
        return found

    def activations(self, ids: Sequence[int]) -> dict[str, NDArray[np.float32]]:
        """Return every output but the vector, for one text."""
        names = [output.name for output in self._session.get_outputs() if output.name != VECTOR]
        return dict(zip(names, self._run(ids, names), strict=True))

    def _run(self, ids: Sequence[int], names: list[str]) -> list[Any]:
        tokens = np.asarray([ids], dtype=np.int64)
        try:
            return list(self._session.run(names, {IDS: tokens}))
        except _FAILURES as error:
            raise EmbeddingError(f"The compiled model failed on a text of {len(ids)} tokens: {error}.") from error


class TextTokenizer:
    """A model's tokenizer, without padding. Safe to call from several threads."""

    def __init__(self, file: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # what the library raises is a bare Exception
            raise EmbeddingError(f"The tokenizer {str(file)!r} cannot be read: {error}.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def ids(self, texts: Sequence[str], prefix: str, max_tokens: int) -> list[list[int]]:
        """Turn texts into token ids, prefix and special tokens included, cut at `max_tokens`."""
        rows = []
        # As sentence-transformers does, whitespace around a text is dropped.
        for encoding in self._encode([(prefix + text).strip() for text in texts]):
            encoding.truncate(max_tokens - self._special)
            rows.append(self._tokenizer.post_process(encoding).ids)
        return rows

    def count(self, texts: Sequence[str]) -> list[int]:
        """Count tokens, without special ones."""
        return [len(encoding) for encoding in self._encode(texts)]

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        try:
            encodings: list[Encoding] = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, ValueError) as error:
            raise EmbeddingError(
                f"{len(texts)} texts cannot be tokenized: {error}. Expected well-formed Unicode."
            ) from error
        return encodings


class FastEmbedder:
    """An `Embedder` over a compiled graph. Safe to call from several threads."""

    def __init__(self, session: Session, tokenizer: TextTokenizer, spec: EmbeddingSpec) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._spec = spec
        self._threads = usable_cores()
        self._starting = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    @property
    def spec(self) -> EmbeddingSpec:
        """What makes its vectors comparable to others."""
        return self._spec

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed passages, side by side on all cores, the longest first so that none is left waiting for at the end.

        Args:
            texts: The passages, without prefix.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.

        Raises:
            EmbeddingError: A text is not well-formed Unicode.
        """
        return self._embed(texts, self._spec.passage_prefix)

    def embed_query(self, text: str) -> FloatVector:
        """Embed one query.

        Args:
            text: The query, without prefix.

        Returns:
            `(dim,) float32`, unit length.

        Raises:
            EmbeddingError: The text is not well-formed Unicode.
        """
        (row,) = self._tokenizer.ids([text], self._spec.query_prefix, self._spec.max_tokens)
        return self._session.vector(row)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed several queries, side by side.

        Args:
            texts: The queries, without prefix.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.

        Raises:
            EmbeddingError: A text is not well-formed Unicode.
        """
        return self._embed(texts, self._spec.query_prefix)

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in one text.

        Args:
            text: Any text.

        Returns:
            Tokens, without special tokens and prefix.
        """
        return self._tokenizer.count([text])[0]

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """Count the model's tokens in several texts at once.

        Args:
            texts: Any texts.

        Returns:
            One count per text, without special tokens and prefix.
        """
        return self._tokenizer.count(texts)

    def _embed(self, texts: Sequence[str], prefix: str) -> FloatMatrix:
        vectors = np.zeros((len(texts), self._spec.dimension), dtype=np.float32)
        rows = self._tokenizer.ids(texts, prefix, self._spec.max_tokens)
        order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        found = self._workers().map(self._session.vector, [rows[at] for at in order])
        for at, vector in zip(order, found, strict=True):
            vectors[at] = vector
        return vectors

    def _workers(self) -> ThreadPoolExecutor:
        with self._starting:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embed")
            return self._pool
