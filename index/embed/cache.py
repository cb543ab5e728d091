"""Texts enter, and those embedded before leave without another pass of the model: vectors by the hash of their text."""

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from index.embed.kept import spec_digest
from index.errors import EmbeddingError
from index.models import EmbeddingSpec, FloatMatrix, FloatVector
from index.ports import Embedder

CACHE_NAME = "embeddings.sqlite"
"""The file within a home."""

MOST_ROWS = 500_000
"""Beyond this the oldest rows go; 500,000 vectors of 384 take about 900 MB."""

_CHECK_BYTES = 8
_ROWS_PER_QUERY = 500
_BUSY_TIMEOUT_S = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY,
    vector BLOB NOT NULL,
    checksum BLOB NOT NULL
)
"""


class VectorCache:
    """Vectors in one SQLite file. It may be deleted at any time: nothing is lost but the time to embed again.

    A file that is damaged, or not ours, is put aside by starting a new one; a row that is damaged counts as absent.
    """

    def __init__(self, connection: sqlite3.Connection, spec: EmbeddingSpec, most_rows: int) -> None:
        self._connection = connection
        self._digest = spec_digest(spec).encode()
        self._bytes = spec.dimension * 4
        self._most_rows = most_rows
        self._lock = threading.Lock()

    @classmethod
    def open(cls, file: Path, spec: EmbeddingSpec, most_rows: int = MOST_ROWS) -> Self:
        """Open the cache in a file, or make a new one there.

        Args:
            file: The file.
            spec: The model whose vectors are kept; those of another are not found.
            most_rows: How many vectors it may hold.

        Returns:
            The cache.

        Raises:
            EmbeddingError: The file can be neither opened nor replaced.
        """
        try:
            connection = _connect(file)
        except sqlite3.OperationalError as error:
            raise EmbeddingError(
                f"The cache of embeddings {str(file)!r} cannot be opened: {error}. Make its folder writable."
            ) from error
        except sqlite3.DatabaseError:
            for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                part.unlink(missing_ok=True)
            connection = _connect(file)
        return cls(connection, spec, most_rows)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    def get(self, texts: Sequence[str]) -> dict[str, FloatVector]:
        """Look texts up.

        Args:
            texts: Passages, without prefix.

        Returns:
            `(dim,) float32`, unit length, by text; those not known are left out.
        """
        keys = {self._key(text): text for text in texts}
        found: dict[str, FloatVector] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _ROWS_PER_QUERY):
            part = wanted[start : start + _ROWS_PER_QUERY]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, vector, checksum FROM vectors WHERE key IN ({marks})"  # noqa: S608  # marks only
            for key, vector, checksum in self._read(query, part):
                if len(vector) == self._bytes and _checksum(key, vector) == checksum:
                    found[keys[key]] = np.frombuffer(vector, dtype="<f4").astype(np.float32)
        return found

    def put(self, texts: Sequence[str], vectors: FloatMatrix) -> None:
        """Keep vectors; where the disk does not take them, they are not kept, and that is all.

        Args:
            texts: Passages, without prefix.
            vectors: `(n_texts, dim) float32`, their rows.
        """
        rows = []
        for text, vector in zip(texts, vectors, strict=True):
            key, content = self._key(text), vector.astype("<f4").tobytes()
            rows.append((key, content, _checksum(key, content)))
        with self._lock:
            try:
                with self._connection:
                    self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
                    # Row ids rise with each insertion: the lowest are the oldest.
                    self._connection.execute(
                        "DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ?", (self._most_rows,)
                    )
            except sqlite3.DatabaseError:
                return

    def _read(self, query: str, parameters: Sequence[bytes]) -> list[tuple[bytes, bytes, bytes]]:
        with self._lock:
            try:
                return self._connection.execute(query, parameters).fetchall()
            except sqlite3.DatabaseError:
                return []

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(self._digest + text.encode("utf-8", "surrogatepass")).digest()


class CachedEmbedder:
    """An `Embedder` that asks a cache before it asks its model. Queries are not cached. As thread-safe as its model."""

    def __init__(self, embedder: Embedder, cache: VectorCache) -> None:
        self._embedder = embedder
        self._cache = cache

    @property
    def spec(self) -> EmbeddingSpec:
        """What makes its vectors comparable to others."""
        return self._embedder.spec

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed passages, those not embedded before by the model.

        Args:
            texts: The passages, without prefix.

        Returns:
            `(n_texts, dim) float32`, unit rows, in the order of `texts`.
        """
        known = self._cache.get(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            vectors = self._embedder.embed_passages(missing)
            self._cache.put(missing, vectors)
            known |= dict(zip(missing, vectors, strict=True))
        matrix = np.zeros((len(texts), self.spec.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            matrix[row] = known[text]
        return matrix

    def embed_query(self, text: str) -> FloatVector:
        """Embed one query: `(dim,) float32`, unit length."""
        return self._embedder.embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed several queries: `(n_texts, dim) float32`, unit rows."""
        return self._embedder.embed_queries(texts)

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in one text, without special tokens and prefix."""
        return self._embedder.count_tokens(text)

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """Count the model's tokens in several texts at once."""
        return self._embedder.count_tokens_batch(texts)


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)
    try:
        # A commit does not wait for the disk: after a power cut the last ones may be missing, the rest is whole.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
        connection.commit()
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _checksum(key: bytes, vector: bytes) -> bytes:
    return hashlib.sha256(key + vector).digest()[:_CHECK_BYTES]
