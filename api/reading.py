"""Locations and documents enter, sources and articles leave: ingest's readers, loaded when the first is needed.

Together they take longer to load than a triage takes, and a triage needs none of them.
"""

from api.settings import Settings
from ingest.models import Article, RawDocument
from ingest.ports import Source


def open_source(location: str, *, settings: Settings) -> Source:
    """Open a source; see `api.sources.open_source`."""
    from api.sources import open_source as opened  # noqa: PLC0415  # as said above

    return opened(location, settings=settings)


def read(raw: RawDocument) -> Article:
    """Read a document; see `ingest.read.read`."""
    from ingest.read import read as done  # noqa: PLC0415  # as said above

    return done(raw)


def fingerprint(raw: RawDocument) -> str:
    """Name a document by its content; see `ingest.read.fingerprint`."""
    from ingest.read import fingerprint as taken  # noqa: PLC0415  # as said above

    return taken(raw)


def fingerprint_etag(etag: str) -> str:
    """Name a document by its source's tag; see `ingest.read.fingerprint_etag`."""
    from ingest.read import fingerprint_etag as taken  # noqa: PLC0415  # as said above

    return taken(etag)
