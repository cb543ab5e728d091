"""The seams of the index: what an embedder and a vector store must do, whoever makes them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from index.models import EmbeddingSpec, FloatMatrix, FloatVector, Hit, Point, SparseVector


class Embedder(Protocol):
    """Turns texts into unit vectors. Queries and passages are different things to it."""

    @property
    def spec(self) -> EmbeddingSpec:
        """What makes its vectors comparable to others."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed passages, the prefix included: `(n_texts, dim) float32`, unit rows."""
        ...

    def embed_query(self, text: str) -> FloatVector:
        """Embed one query, the prefix included: `(dim,) float32`, unit length."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed several queries in one pass of the model: `(n_texts, dim) float32`, unit rows."""
        ...

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in `text`, without special tokens and prefix."""
        ...

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of several texts at once."""
        ...


class VectorStore(Protocol):
    """Keeps points and finds the nearest ones. Nothing is durable before `flush` returns."""

    def prepare(self) -> None:
        """Make ready to be written to: what does not exist is made, what is damaged is put aside and made anew."""
        ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Insert or replace points by id."""
        ...

    def delete_revision(self, article_id: str, revision: str) -> None:
        """Delete every point of one article at one revision."""
        ...

    def set_access(self, article_id: str, audience: Sequence[str], labels: Sequence[str]) -> None:
        """Replace audience and labels on every point of an article, vectors untouched."""
        ...

    def search_dense(
        self,
        vector: FloatVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points nearest by cosine whose audience meets `audience`, best first.

        With `only`, none but the points of these ids; none of the `barred` articles.
        """
        ...

    def search_bm25(
        self,
        vector: SparseVector,
        limit: int,
        audience: Iterable[str],
        only: Collection[str] | None = None,
        barred: Collection[str] = (),
    ) -> list[Hit]:
        """Return the points best by dot product whose audience meets `audience`, best first.

        Whoever asks gives each term its weight: the store counts no terms, so that no score tells of points that the
        reader may not read. Points that share no term with `vector` are left out. With `only`, none but the points of
        these ids; none of the `barred` articles.
        """
        ...

    def revisions(self) -> dict[tuple[str, str], int]:
        """Count points by (article id, revision); for the sweep."""
        ...

    def count(self) -> int:
        """Count all points."""
        ...

    def points(self) -> Iterable[Point]:
        """Read every point, vectors included, in the order of their ids."""
        ...

    def read(self, ids: Sequence[str]) -> dict[str, Point]:
        """Read points by id, vectors included; those that are not there are left out."""
        ...

    def flush(self) -> None:
        """Make every earlier write durable before returning."""
        ...

    def optimize(self, should_stop: Callable[[], bool] = bool) -> None:
        """Rearrange what is stored so that queries are fast, where that is worth it; may take long, queries go on.

        `should_stop` is asked every now and then; once true, all stays as it is.
        """
        ...

    def close(self) -> None:
        """Release the store; later calls raise `StoreError`."""
        ...
