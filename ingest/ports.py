"""The seam to where runbooks live: a source enters, raw documents leave."""

from collections.abc import Iterator
from typing import Protocol

from ingest.models import RawDocument, Rejected


class Source(Protocol):
    """A place that lists documents under lasting ids."""

    @property
    def key(self) -> str:
        """Lasting name of the source, such as `folder:/srv/wiki`; every article carries it."""
        ...

    def scan(self) -> Iterator[RawDocument | Rejected]:
        """List every document, in a stable order.

        Whatever is not listed has vanished; a document that is listed but cannot be handed over is a `Rejected`.

        Raises:
            SourceError: The listing is incomplete, so nothing may be concluded from what is missing.
        """
        ...
