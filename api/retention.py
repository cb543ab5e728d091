"""A ledger and how long tickets' words are kept enter; from then on older ones are erased, for as long as this runs."""

import logging
import threading
from datetime import UTC, datetime, timedelta

from agent.errors import LedgerError
from agent.ledger import Ledger

LOOK_INTERVAL_S = 3600.0

_log = logging.getLogger("runcite.retention")


class Retention:
    """A thread that erases at its start and every hour."""

    def __init__(self, ledger: Ledger, days: int) -> None:
        self._ledger = ledger
        self._days = days
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runcite-retention", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is in hand."""
        self._stopping.set()
        self._thread.join()

    def sweep(self) -> None:
        """Erase what is too old now; a ledger that cannot be written now may be in an hour."""
        try:
            erased = self._ledger.erase_words(datetime.now(UTC) - timedelta(days=self._days))
        except LedgerError as error:
            _log.warning("old tickets' words could not be erased, in an hour it is tried again: %s", error)
            return
        if erased:
            _log.info("erased the words of %d tickets older than %d days", erased, self._days)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.sweep()
            self._stopping.wait(LOOK_INTERVAL_S)
