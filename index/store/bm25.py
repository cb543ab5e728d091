"""Text enters, its BM25 term vector leaves: the same for every store, so that scores agree."""

import numpy as np
from qdrant_edge import Bm25, Bm25Config
from qdrant_edge import SparseVector as EdgeSparseVector

from index.models import SparseVector, TermIds


class TermEncoder:
    """Stems, folds and hashes words into BM25 term vectors; stop words are left out. Safe from several threads."""

    def __init__(self) -> None:
        self._model = Bm25(Bm25Config(language="english", ascii_folding=True))

    def document(self, text: str) -> SparseVector:
        """Encode a passage: each term weighted by its saturated frequency.

        Args:
            text: The passage.

        Returns:
            Its term vector; empty for a text without words.
        """
        return _ordered(self._model.embed_document(text))

    def query(self, text: str) -> SparseVector:
        """Encode a query: each term weighted 1.

        Args:
            text: The query.

        Returns:
            Its term vector; empty for a text without words.
        """
        return _ordered(self._model.embed_query(text))

    def terms(self, text: str) -> TermIds:
        """List the terms of a text.

        Args:
            text: Any text.

        Returns:
            `(n_terms,) uint32`, ascending and unique.
        """
        return self.query(text).indices


def _ordered(vector: EdgeSparseVector) -> SparseVector:
    indices = np.asarray(vector.indices, dtype=np.uint32)
    values = np.asarray(vector.values, dtype=np.float32)
    unique, where = np.unique(indices, return_index=True)
    return SparseVector(indices=unique, values=values[where])
