"""An interval enters, the moments to run at leave; and the thread in which a server keeps to them."""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Sequence

from ulid import ULID

from api.errors import UsageError
from api.history import RunHistory
from api.runs import RunQueue
from api.schemas import IngestRunIn
from ingest.errors import RunciteError

MIN_INTERVAL_S = 10
"""Shorter ones would ask a wiki for its whole listing all the time."""

MAX_INTERVAL_S = 366 * 86_400

_UNIT_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_INTERVAL = re.compile(r"(?=[0-9])(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")

_log = logging.getLogger("runcite.schedule")


def parse_interval(text: str) -> int:
    """Read how often something is to be done.

    Args:
        text: Such as `30m`, `1h30m` or `1d`: days, hours, minutes and seconds, in this order.

    Returns:
        Seconds.

    Raises:
        UsageError: It is no interval, or one too short or too long.
    """
    match = _INTERVAL.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"--every {text!r} is no interval; expected one such as 30m, 1h30m or 1d")
    seconds = sum(int(number or 0) * unit_s for number, unit_s in zip(match.groups(), _UNIT_S.values(), strict=True))
    if not MIN_INTERVAL_S <= seconds <= MAX_INTERVAL_S:
        raise UsageError(f"--every {text!r} cannot be used; expected {MIN_INTERVAL_S}s to 366d, such as 30m")
    return seconds


class Beat:
    """Equally spaced moments, the first of them now: from start to start, however long the work between them takes.

    A moment that passes while the work goes on is left out; the ones after it stay where they are.

    Args:
        every_s: Seconds between two.
        clock: Seconds that only grow: one that people set would make the beat stumble.
    """

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._first = clock()

    def wait_s(self) -> float:
        """Return how many seconds there are to the next moment: more than none, at most the interval."""
        passed = self._clock() - self._first
        return (math.floor(passed / self._every_s) + 1) * self._every_s - passed


class Schedule:
    """Hands a server's own jobs to its queue: once at its start, and then at every beat if there is one.

    Args:
        runs: The queue.
        history: Where it is remembered that a job could not be handed over.
        sources: What to bring in.
        every_s: Seconds from start to start; only once where it is `None`.
    """

    def __init__(self, runs: RunQueue, history: RunHistory, sources: Sequence[str], every_s: float | None) -> None:
        self._runs = runs
        self._history = history
        self._sources = sources
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="runcite-schedule", daemon=True)

    def start(self) -> None:
        """Hand over the first jobs, and go on."""
        self._thread.start()

    def stop(self) -> None:
        """End at once."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        beat = Beat(self._every_s or MAX_INTERVAL_S)
        while not self._stopping.is_set():
            for source in self._sources:
                self._hand_over(source)
            if self._every_s is None:
                return
            self._stopping.wait(beat.wait_s())

    def _hand_over(self, source: str) -> None:
        if self._runs.has_open(source):
            _log.info("%r is still being ingested; its turn is left out", source)
            return
        try:
            self._runs.submit(IngestRunIn(source=source))
        except RunciteError as error:
            _log.warning("%r cannot be ingested now: %s", source, error)
            self._history.fail(str(ULID()), source, str(error))
