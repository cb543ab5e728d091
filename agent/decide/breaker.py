"""A model's failures enter, whether it is worth asking leaves."""

import threading
import time
from collections.abc import Callable

FAILURES = 3
REST_S = 30.0


class Breaker:
    """Leaves a model alone for a while once it has failed several times in a row, so that tickets need not wait for it.

    Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def closed(self) -> bool:
        """Say whether the model may be asked."""
        with self._lock:
            return self._clock() >= self._rests_until

    def record(self, *, failed: bool) -> None:
        """Count how asking went. After its rest one failure is enough to let it rest again."""
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= FAILURES:
                self._rests_until = self._clock() + REST_S
