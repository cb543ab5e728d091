"""A LlamaIndex query enters; passages of the runbooks leave as nodes, with what is needed to cite and to trust them."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, get_args

from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from api.engine import open_engine
from api.errors import UsageError
from api.schemas import PassageV1, SearchV1
from api.settings import load_settings, prepare_environment
from ingest.freshness import FreshnessState

ALL_STATES: tuple[FreshnessState, ...] = get_args(FreshnessState)

_NOT_FOR_THE_MODEL = ["revision", "index_revision", "start", "end", "similarity", "freshness_basis"]
"""Metadata that a program needs to cite a node; to a language model it would be noise in the prompt."""


class Searcher(Protocol):
    """What the retriever asks: an open home, or a client of the server that holds it."""

    def search(self, text: str, *, audience: frozenset[str], limit: int) -> SearchV1:
        """Find the best passage of each article that the audience may read."""
        ...


class RunciteRetriever(BaseRetriever):  # type: ignore[misc]  # LlamaIndex's own annotations do not pass strict checks
    """Retrieves the best passage of each article, in Runcite's order; a node's score is its cosine alone.

    A node's metadata says `article_id`, `title`, `url`, `version`, `revision`, `section`, `start`, `end`,
    `similarity`, `owner`, `freshness`, `freshness_basis`, `review_by` and `index_revision`; its text is
    `[start, end)` of the article at that revision, verbatim.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        audience: Collection[str] = (),
        limit: int = 5,
        states: Collection[FreshnessState] = ALL_STATES,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Connect it to a home.

        Args:
            searcher: What searches; see `open_retriever`.
            audience: Groups and names of whoever reads the answers. What is for everyone is always included.
            limit: How many articles at most, 1 to 50.
            states: Nodes of articles in other states of freshness are left out, and no others take their place: what
                was written about the question is out of date, and something else would not answer it better.
            callback_manager: LlamaIndex's, if there is one.

        Raises:
            UsageError: `limit` or `states` cannot be, or `audience` is one string.
        """
        if isinstance(audience, str):
            raise UsageError(
                f"audience={audience!r} is one string; expected a collection of groups, as in [{audience!r}]"
            )
        if not 1 <= limit <= 50:
            raise UsageError(f"limit={limit!r} cannot be used; expected 1 to 50")
        if unknown := set(states) - set(ALL_STATES):
            raise UsageError(f"states={sorted(unknown)!r} cannot be used; expected some of {', '.join(ALL_STATES)}")
        self._searcher = searcher
        self._audience = frozenset(audience)
        self._limit = limit
        self._states = frozenset(states)
        super().__init__(callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if not query_bundle.query_str.strip():
            return []
        found = self._searcher.search(query_bundle.query_str, audience=self._audience, limit=self._limit)
        return [
            NodeWithScore(node=_node(passage, found.index_revision), score=passage.similarity)
            for passage in found.results
            if passage.freshness.state in self._states
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        # A search works or waits for tens of milliseconds; the caller's event loop goes on meanwhile.
        return await asyncio.to_thread(self._retrieve, query_bundle)


@contextmanager
def open_retriever(
    home: Path | str | None = None,
    *,
    audience: Collection[str] = (),
    limit: int = 5,
    states: Collection[FreshnessState] = ALL_STATES,
) -> Iterator[RunciteRetriever]:
    """Open a home for retrieval; where a `runcite serve` holds it, that server is asked instead.

    Args:
        home: The home; `RUNCITE_HOME` or `.runcite` where it is left out.
        audience: As for `RunciteRetriever`.
        limit: As for `RunciteRetriever`.
        states: As for `RunciteRetriever`.

    Yields:
        The retriever, of use until the block ends.

    Raises:
        NothingToDoError: There is no index in the home.
        StoreHeldError: A process holds the home that serves nobody.
        ConfigurationError: A setting cannot be used.
    """
    prepare_environment()
    with open_engine(load_settings(None if home is None else Path(home))) as engine:
        yield RunciteRetriever(engine, audience=audience, limit=limit, states=states)


def _node(passage: PassageV1, index_revision: str) -> TextNode:
    freshness = passage.freshness
    return TextNode(
        # The same passage has the same id in every answer, and an edited one another.
        id_=f"{passage.article_id}@{passage.revision}#{passage.start}-{passage.end}",
        text=passage.quote,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        # Flat and of plain types: other LlamaIndex parts take nothing else.
        metadata={
            "article_id": passage.article_id,
            "title": passage.title,
            "url": passage.url,
            "version": passage.version,
            "revision": passage.revision,
            "section": " > ".join(passage.section),
            "start": passage.start,
            "end": passage.end,
            "similarity": passage.similarity,
            "owner": passage.owner,
            "freshness": freshness.state,
            "freshness_basis": freshness.basis,
            "review_by": freshness.review_by and freshness.review_by.isoformat(),
            "index_revision": index_revision,
        },
        excluded_llm_metadata_keys=_NOT_FOR_THE_MODEL,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.article_id)},
    )
