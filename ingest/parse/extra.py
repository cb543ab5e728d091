"""What the parsers of an extra share: the error where it is not installed, and silence where it talks."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import ParseError

INSTALL = "pip install 'runcite[office]'"


def extra_missing(what: str, error: ModuleNotFoundError) -> ParseError:
    """Say how to install what a kind of file needs.

    Args:
        what: The kind of file, in the plural.
        error: What the import raised.
    """
    return ParseError(f"{what} need the package {error.name!r}, which is not installed; run {INSTALL}")


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Keep a library's remarks on each odd object to itself: a file has one line in the report.

    Args:
        library: Name of its logger.
    """
    log = logging.getLogger(library)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
