"""Options and a client enter; the collection of one index on a Qdrant server, made or checked, leaves.

The layout is Edge's: named vectors `dense` (cosine) and `bm25` (sparse), keyword indexes on what is filtered by.
An alias with the name the operator chose points at the collection that serves, so that a rebuilt one takes its place in
one atomic step: `runcite` -> `runcite-01kabc…-1`.
"""

import re
from dataclasses import dataclass

from qdrant_client import QdrantClient, models

from index.errors import EmbeddingMismatchError, StoreError
from index.store.server_options import Quantisation, ServerOptions

DENSE = "dense"
BM25 = "bm25"
KEYWORDS = ("article_id", "revision", "audience")

OLDEST_SERVER = (1, 19)
"""An older one may miss writes that it has confirmed just after a restart: https://github.com/qdrant/qdrant/issues/9930"""

_VERSION = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a collection is kept, as its server says: it may have been made under other settings than this process has.

    Attributes:
        replicas: Copies of each shard.
        quantisation: How its vectors are compressed.
    """

    replicas: int
    quantisation: Quantisation


@dataclass(frozen=True, slots=True)
class Collection:
    """The collection of one index.

    Attributes:
        options: Where it is, and how a new one is laid out.
        dimension: Length of the dense vectors.
        index_id: Id of the index whose points it holds.
        generation: Which of the index's sets of vectors it is.
        serves: Whether it is the live one, and has the alias.
    """

    options: ServerOptions
    dimension: int
    index_id: str
    generation: int = 1
    serves: bool = True

    @property
    def name(self) -> str:
        """Its own name, by which it is read and written: an alias may be moved while a search is on its way."""
        return f"{self._prefix}{self.generation}"

    def check(self, client: QdrantClient) -> Layout:
        """Check that the server serves this index as it must be served.

        Args:
            client: Whom to ask.

        Returns:
            How it is kept.

        Raises:
            EmbeddingMismatchError: The collection holds vectors of another length.
            StoreError: The server is too old, or has no collection under the name, or another index's.
        """
        self._require_version(client)
        if self._serving(client) is None and self.serves:
            raise StoreError(
                f"The Qdrant server at {self.options.url!r} has no collection {self.options.collection!r}, expected "
                "the one of this index. Run `runcite ingest SOURCE`: it is made, and filled from the catalog."
            )
        return self._require_layout(client, self.name)

    def make(self, client: QdrantClient) -> Layout:
        """Make the collection where there is none yet; a kill half way leaves nothing that is served.

        Args:
            client: Whom to ask; given time.

        Returns:
            How it is kept.

        Raises:
            EmbeddingMismatchError: There is one, with vectors of another length.
            StoreError: The server is too old, or serves another index under the name.
        """
        self._require_version(client)
        serving = self._serving(client)
        if serving != self.name:
            if not client.collection_exists(self.name):
                self._create(client, self.name)
            for field in KEYWORDS:
                client.create_payload_index(self.name, field, models.PayloadSchemaType.KEYWORD, wait=True)
            if self.serves:
                self._take_alias(client, serving)
        return self._require_layout(client, self.name)

    def _take_alias(self, client: QdrantClient, serving: str | None) -> None:
        alias = self.options.collection
        steps: list[models.AliasOperations] = []
        if serving is not None:
            steps.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
        taken = models.CreateAlias(collection_name=self.name, alias_name=alias)
        steps.append(models.CreateAliasOperation(create_alias=taken))
        client.update_collection_aliases(steps)

    @property
    def _prefix(self) -> str:
        return f"{self.options.collection}-{self.index_id.lower()}-"

    def _create(self, client: QdrantClient, name: str) -> None:
        options = self.options
        client.create_collection(
            name,
            vectors_config={
                DENSE: models.VectorParams(
                    size=self.dimension, distance=models.Distance.COSINE, on_disk=options.on_disk_vectors
                )
            },
            sparse_vectors_config={BM25: models.SparseVectorParams()},
            shard_number=options.shards,
            replication_factor=options.replicas,
            write_consistency_factor=options.confirmed_by,
            on_disk_payload=options.on_disk_payload,
            quantization_config=_quantisation(options.quantisation),
        )

    def _serving(self, client: QdrantClient) -> str | None:
        for alias in client.get_aliases().aliases:
            if alias.alias_name == self.options.collection:
                if not alias.collection_name.startswith(self._prefix):
                    raise StoreError(
                        f"The name {self.options.collection!r} at the Qdrant server {self.options.url!r} belongs to "
                        f"another index: {alias.collection_name!r}, expected {self._prefix + '…'!r}. Set "
                        "RUNCITE_QDRANT_COLLECTION to another name, or delete that collection if its index is no more."
                    )
                return alias.collection_name
        return None

    def _require_version(self, client: QdrantClient) -> None:
        version = client.info().version
        found = _VERSION.match(version)
        if found is None or (int(found[1]), int(found[2])) < OLDEST_SERVER:
            raise StoreError(
                f"The Qdrant server at {self.options.url!r} is version {version!r}, expected 1.19 or later. Upgrade it."
            )

    def _require_layout(self, client: QdrantClient, name: str) -> Layout:
        config = client.get_collection(name).config
        params = config.params
        vectors, sparse = params.vectors, params.sparse_vectors or {}
        dense = vectors.get(DENSE) if isinstance(vectors, dict) else None
        bm25 = sparse.get(BM25)
        if dense is None or bm25 is None or bm25.modifier not in (None, models.Modifier.NONE):
            raise StoreError(
                f"The collection {name!r} at the Qdrant server {self.options.url!r} is not laid out by Runcite: "
                f"expected vectors {DENSE!r} and {BM25!r}, without modifier. Set RUNCITE_QDRANT_COLLECTION to another "
                "name."
            )
        if dense.size != self.dimension or dense.distance != models.Distance.COSINE:
            raise EmbeddingMismatchError(
                f"The collection {name!r} at the Qdrant server {self.options.url!r} holds vectors of {dense.size} by "
                f"{dense.distance.value}, expected {self.dimension} by cosine. Pass the --embedding the index was "
                "built with, or delete that collection and run `runcite ingest SOURCE`: it is filled from the catalog."
            )
        return Layout(params.replication_factor or 1, _compressed(config.quantization_config))


def _compressed(config: object) -> Quantisation:
    match config:
        case models.ScalarQuantization():
            return "int8"
        case models.BinaryQuantization():
            return "binary"
        case _:
            return "none"


def _quantisation(chosen: Quantisation) -> models.QuantizationConfig | None:
    if chosen == "int8":
        return models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        )
    if chosen == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None
