"""Settings enter; the vectors of each generation of a home leave: in folders of it, or in collections of a server."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from api.errors import ConfigurationError
from api.settings import Settings, revealed
from index.catalog import Catalog
from index.generations import FIRST, Generation
from index.ports import VectorStore
from index.space import require_space_for_another
from index.store.edge import EdgeStore
from index.store.rebuilding import RebuildingStore
from index.store.server_options import ServerOptions

if TYPE_CHECKING:
    from index.store.server import ServerStore

VECTORS_NAME = "vectors"
"""The folder of the first generation; that of the second is `vectors-2`."""

GRACE_S = 600.0
"""How long a collection of a server outlives its replacement: other processes notice within seconds, and then load."""

_FOLDER = re.compile(rf"{VECTORS_NAME}(?:-(\d+))?")

OnNotice = Callable[[str], None]
"""Called with one line that a person should see, such as which model was chosen and why."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The vectors of one index, generation by generation.

    Attributes:
        settings: Which home, and which server if any.
        catalog: The home's catalog.
        notice: Told what a person should know.
    """

    settings: Settings
    catalog: Catalog
    notice: OnNotice

    @property
    def are_shared(self) -> bool:
        """Whether they are on a server, where other processes read them too."""
        return self.settings.qdrant_url is not None

    def open(self, number: int, dimension: int, *, serves: bool = True) -> VectorStore:
        """Open the vectors of a generation; made where there are none.

        Args:
            number: The generation.
            dimension: Length of its dense vectors.
            serves: Whether it is the live one.
        """
        if self.settings.qdrant_url is not None:
            return self._collection(self.settings.qdrant_url, number, dimension, serves=serves)
        folder = self.folder(number)
        return RebuildingStore(partial(EdgeStore.open, folder, dimension), partial(self._put_aside, folder))

    def require_room(self) -> None:
        """Check that there is room for a second generation beside the live one.

        Raises:
            StoreError: There is not.
        """
        if not self.are_shared:
            live = self.folder(self.catalog.generations.live().number)
            require_space_for_another(self.settings.home, live)

    def settle(self, live: Generation) -> None:
        """Give a server's alias to the generation that has just become live; folders need nothing of the kind."""
        url = self.settings.qdrant_url
        if url is not None and live.embedding is not None:
            store = self._collection(url, live.number, live.embedding.dimension, serves=True)
            try:
                store.prepare()
            finally:
                store.close()

    def tidy(self) -> None:
        """Delete the vectors that no process reads any more. For the holder of the home's lock.

        A kill half way leaves the rest to the next time.
        """
        generations = self.catalog.generations
        for retired in generations.retired(GRACE_S if self.are_shared else 0.0):
            self._discard(retired)
            generations.forget(retired.number)
        if not self.are_shared:
            kept = {one.number for one in (generations.live(), generations.unfinished()) if one is not None}
            for folder in self.settings.home.glob(f"{VECTORS_NAME}*"):
                named = _FOLDER.fullmatch(folder.name)
                if named and int(named[1] or FIRST) not in kept:
                    shutil.rmtree(folder)

    def _discard(self, retired: Generation) -> None:
        if self.settings.qdrant_url is None or retired.embedding is None:
            shutil.rmtree(self.folder(retired.number), ignore_errors=True)
            return
        store = self._collection(self.settings.qdrant_url, retired.number, retired.embedding.dimension, serves=False)
        try:
            store.discard()
        finally:
            store.close()

    def folder(self, number: int) -> Path:
        """Name the folder of the home that a generation is in where no server is set."""
        return self.settings.home / (VECTORS_NAME if number == FIRST else f"{VECTORS_NAME}-{number}")

    def _put_aside(self, folder: Path) -> None:
        """Move damaged vectors out of the way. One such folder is kept, for whoever wants to know what became of it."""
        if not folder.exists():
            return
        aside = folder.with_name(f"{folder.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        self.notice(
            f"The vectors in {str(folder)!r} are damaged: moved to {aside.name!r}, and made again from the catalog."
        )

    def _collection(self, url: str, number: int, dimension: int, *, serves: bool) -> "ServerStore":
        from index.store.server import ServerStore  # noqa: PLC0415 - the client loads only where it is used

        options = server_options(self.settings, url)
        return ServerStore.connect(options, dimension, self.catalog.index_id(), number, serves=serves)


def server_options(settings: Settings, url: str) -> ServerOptions:
    """Make the options of a Qdrant server from the settings.

    Args:
        settings: How its collections are laid out.
        url: Its address.

    Raises:
        ConfigurationError: More copies are to confirm a write than there are.
    """
    replicas, confirming = settings.qdrant_replication_factor, settings.qdrant_write_consistency_factor
    if confirming is not None and confirming > replicas:
        raise ConfigurationError(
            f"RUNCITE_QDRANT_WRITE_CONSISTENCY_FACTOR={confirming} cannot be used; expected at most "
            f"RUNCITE_QDRANT_REPLICATION_FACTOR={replicas}: that many copies there are"
        )
    return ServerOptions(
        url=url,
        api_key=revealed(settings.qdrant_api_key),
        prefer_grpc=settings.qdrant_prefer_grpc,
        grpc_port=settings.qdrant_grpc_port,
        collection=settings.qdrant_collection,
        shards=settings.qdrant_shards,
        replicas=replicas,
        write_consistency=confirming,
        quantisation=settings.qdrant_quantisation,
        on_disk_vectors=settings.qdrant_on_disk_vectors,
        on_disk_payload=settings.qdrant_on_disk_payload,
        timeout_s=settings.qdrant_timeout_s,
    )
