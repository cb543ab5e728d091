"""The generations of a home enter, one after the other; the one that is live leaves to whoever asks, for as long.

A request that began with one generation ends with it, whatever becomes live meanwhile; the old one is closed when its
last request has ended.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from agent.desk import Desk
from agent.rules import PolicyKeeper
from agent.triage import Triager
from index.generations import Generations
from index.health import Health, WatchedSearcher
from index.sync import Syncer
from ingest.errors import RunciteError

LOOK_INTERVAL_S = 2.0

_log = logging.getLogger("runcite.live")


@dataclass(frozen=True, slots=True)
class Serving:
    """An open generation and everything that depends on its model.

    Attributes:
        number: Its number.
        searcher: Finds articles by it.
        triager: Decides by it, on trial.
        desk: Decides by it for good, and keeps a record.
        policy: What it decides by; thresholds depend on the model.
        syncer: Brings it up to sources.
        health: Whether it can answer.
        opened: What is to be closed with it.
    """

    number: int
    searcher: WatchedSearcher
    triager: Triager
    desk: Desk
    policy: PolicyKeeper
    syncer: Syncer
    health: Health
    opened: ExitStack = field(repr=False)


class Live:
    """The generation that answers in this process. Safe to use from several threads."""

    def __init__(self, first: Serving, generations: Generations, open_live: Callable[[], Serving]) -> None:
        """Begin with a generation.

        Args:
            first: An open generation.
            generations: Says which one is live.
            open_live: Opens the live one.
        """
        self._now = first
        self._generations = generations
        self._open_live = open_live
        self._users: Counter[int] = Counter()
        self._changed = threading.Condition()
        self._switching = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def now(self) -> Serving:
        """The generation that answers; for the use of whoever makes sure that it is not replaced meanwhile."""
        return self._now

    @contextmanager
    def using(self) -> Iterator[Serving]:
        """Use the generation that answers; it stays open until the block ends.

        Yields:
            The generation.
        """
        with self._changed:
            mine = self._now
            self._users[mine.number] += 1
        try:
            yield mine
        finally:
            with self._changed:
                self._users[mine.number] -= 1
                self._changed.notify_all()

    def follow(self) -> None:
        """Switch to the generation that the catalog says is live; nothing to do where it is the one in use.

        Raises:
            IndexingError: It cannot be opened; the one in use goes on answering.
        """
        with self._switching:
            if self._generations.live().number == self._now.number:
                return
            fresh = self._open_live()
            with self._changed:
                before, self._now = self._now, fresh
                self._changed.wait_for(lambda: not self._users[before.number])
            before.opened.close()

    def watch(self) -> None:
        """Follow in the background, where other processes make generations live."""
        self._thread = threading.Thread(target=self._watch, name="runcite-live", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the generation in use."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._now.opened.close()

    def _watch(self) -> None:
        told = ""
        while not self._stopping.wait(LOOK_INTERVAL_S):
            try:
                self.follow()
                told = ""
            except RunciteError as error:
                if str(error) != told:
                    told = str(error)
                    _log.warning("The new index cannot be opened, the one before goes on answering: %s", told)
