"""What can go wrong between chunks and candidates.

RunciteError
└── IndexingError                the index as a whole
    ├── EmbeddingError           a model cannot be found, loaded or trusted
    │   ├── EmbeddingMismatchError the index was built with another model
    │   └── NotCompilableError   a model is run as it is, for want of a graph
    ├── StoreError               the vector store failed
    │   ├── StoreHeldError       another process holds it
    │   └── DiskFullError        there is too little room to write safely
    └── CatalogError             the catalog cannot be read
        └── CatalogVersionError  another version of Runcite wrote it
"""

from ingest.errors import RunciteError


class IndexingError(RunciteError):
    """The index cannot do what was asked."""


class EmbeddingError(IndexingError):
    """An embedding model cannot be found, loaded or trusted."""


class EmbeddingMismatchError(EmbeddingError):
    """The index was built with another model, dimension or prefix than the one asked for."""


class NotCompilableError(EmbeddingError):
    """No graph is drawn for a kind of model, or the graph would not be faithful to it."""


class StoreError(IndexingError):
    """The vector store failed."""


class StoreHeldError(StoreError):
    """Another process holds the store."""


class DiskFullError(StoreError):
    """The disk has too little room to write safely; nothing is damaged."""


class CatalogError(IndexingError):
    """The catalog cannot be read: damaged, or written by another version."""


class CatalogVersionError(CatalogError):
    """The catalog is whole, and of a schema that this version does not read."""
