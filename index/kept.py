"""Things by article and revision: those asked for last stay in memory, the others are loaded again."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from threading import Lock
from typing import Generic, Protocol, TypeVar

Key = tuple[str, str]
"""Article id and revision."""


class Sized(Protocol):
    """Something that knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        ...


_Thing = TypeVar("_Thing", bound=Sized)


class Kept(Generic[_Thing]):
    """Things that were loaded, as many as there is room for. Safe to use from several threads."""

    def __init__(self, load: Callable[[Collection[Key]], Mapping[Key, _Thing]], room_bytes: int) -> None:
        """Connect it to where they come from.

        Args:
            load: Loads things; leaves out what is not there.
            room_bytes: Memory to use at most.
        """
        self._load = load
        self._room = room_bytes
        self._kept: OrderedDict[Key, _Thing] = OrderedDict()
        self._lock = Lock()

    def get(self, wanted: Iterable[Key]) -> dict[Key, _Thing]:
        """Return things.

        Args:
            wanted: Which.

        Returns:
            Those there are; an article published anew since has none of its old revision any more.
        """
        found: dict[Key, _Thing] = {}
        missing: list[Key] = []
        with self._lock:
            for key in wanted:
                thing = self._kept.get(key)
                if thing is None:
                    missing.append(key)
                else:
                    self._kept.move_to_end(key)
                    found[key] = thing
        if missing:
            loaded = self._load(missing)
            found.update(loaded)
            self._keep(loaded)
        return found

    def _keep(self, loaded: Mapping[Key, _Thing]) -> None:
        with self._lock:
            for key, thing in loaded.items():
                if key not in self._kept:
                    self._kept[key] = thing
                    self._room -= thing.nbytes
            while self._room < 0:
                self._room += self._kept.popitem(last=False)[1].nbytes
