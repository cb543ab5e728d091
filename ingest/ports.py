"""The seam to where runbooks live: a source enters, raw documents leave."""

from collections.abc import Callable, Iterator
from typing import Protocol

from ingest.models import RawDocument, Rejected, Unchanged

IsCurrent = Callable[[str, str], bool]
"""Told an article id and the etag its source gives it now; whether the index already holds just that."""


OnTotal = Callable[[int], None]
"""Told how many documents a scan is going to list, as soon as the source knows, and again where it knows better."""


def never_current(_article_id: str, _etag: str) -> bool:
    """Say that the index holds nothing yet."""
    return False


def ignore_total(_total: int) -> None:
    """Take no notice."""


class Source(Protocol):
    """A place that lists documents under lasting ids."""

    @property
    def key(self) -> str:
        """Lasting name of the source, such as `folder:/srv/wiki`; every article carries it."""
        ...

    def scan(
        self, is_current: IsCurrent = never_current, on_total: OnTotal = ignore_total, /
    ) -> Iterator[RawDocument | Unchanged | Rejected]:
        """List every document, in a stable order.

        Whatever is not listed has vanished; a document that is listed but cannot be handed over is a `Rejected`.

        Args:
            is_current: Lets a source that must fetch each document skip what the index already holds.
            on_total: Told how many it is going to be; never, by a source that finds out as it goes. Some may be gone by
                the time it comes to them.

        Raises:
            SourceError: The listing is incomplete, so nothing may be concluded from what is missing.
        """
        ...
