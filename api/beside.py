"""A home enters, whoever holds it; its ledger leaves, to be read. Takes no lock, and loads no model."""

from collections.abc import Iterator
from contextlib import contextmanager

from agent.ledger import Ledger
from api.actor import actor
from api.bootstrap import CATALOG_NAME, require_catalog
from api.decisions import Decisions
from api.settings import Settings
from api.shelf import Shelf
from index.catalog import Catalog
from ingest.freshness import FreshnessWindows


@contextmanager
def open_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """Open a home's decisions and its audit log.

    Args:
        settings: Which home.
        command: What the process does, for the audit log.

    Yields:
        Its ledger.

    Raises:
        NothingToDoError: There is no index in the home.
        LedgerError: The ledger cannot be read.
    """
    with _open_catalog(settings) as catalog:
        yield Ledger.open(catalog.engine, catalog.path, actor(command))


@contextmanager
def open_decisions(settings: Settings) -> Iterator[Decisions]:
    """Open a home's decisions for whoever may read them.

    Args:
        settings: Which home.

    Yields:
        Its decisions.

    Raises:
        NothingToDoError: There is no index in the home.
        LedgerError: The ledger cannot be read.
    """
    with _open_catalog(settings) as catalog:
        ledger = Ledger.open(catalog.engine, catalog.path, actor("runcite decisions"))
        # A decision's freshness is on record: no policy is asked for windows.
        yield Decisions(ledger, Shelf(catalog, ledger, settings.home, FreshnessWindows))


@contextmanager
def _open_catalog(settings: Settings) -> Iterator[Catalog]:
    require_catalog(settings.home)
    catalog = Catalog.open(settings.home / CATALOG_NAME)
    try:
        yield catalog
    finally:
        catalog.close()
