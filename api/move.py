"""A home and a Qdrant server enter; what the one holds of the index's vectors is copied to the other."""

from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from api.errors import NothingToDoError
from api.stores import Stores
from index.carry import Carried, Carrying, carry
from index.catalog import Catalog
from index.space import require_space


@dataclass(frozen=True, slots=True)
class Mover:
    """Copies the live vectors of an index from its home to a server, or back. For the holder of the home's lock.

    Which of the two answers is the operator's choice, by `RUNCITE_QDRANT_URL`; the catalog is the same for both, and
    is not changed.

    Attributes:
        catalog: The catalog.
        home: The vectors in the home.
        server: Those on the server.
    """

    catalog: Catalog
    home: Stores
    server: Stores

    def push(self, how: Carrying) -> Carried:
        """Copy the vectors to the server; once it has all of them, its collection takes the alias, in one step.

        Args:
            how: How to go about it.

        Returns:
            What was done.

        Raises:
            NothingToDoError: The home has no vectors.
            StoreError: Either store failed, or does not hold what it should.
        """
        live = self.catalog.generations.live()
        folder = self.home.folder(live.number)
        if not folder.is_dir():
            raise NothingToDoError(
                f"no vectors in {str(folder)!r}; expected those of this index. With RUNCITE_QDRANT_URL set, `runcite "
                "ingest SOURCE` makes them on the server"
            )
        done = self._carry(self.home, self.server, how)
        if done.done:
            self.server.settle(live)
            how.on_step("settled")
        return done

    def pull(self, how: Carrying) -> Carried:
        """Copy the vectors into the home; what the server holds stays as it is.

        Args:
            how: How to go about it.

        Returns:
            What was done.

        Raises:
            DiskFullError: The home has too little room.
            StoreError: Either store failed, or does not hold what it should.
        """
        room = partial(require_space, self.home.settings.home)
        return self._carry(self.server, self.home, replace(how, require_room=room))

    def _carry(self, source: Stores, target: Stores, how: Carrying) -> Carried:
        live, wanted = self.catalog.generations.live(), self.catalog.generations.wanted()
        if live.embedding is None:
            raise NothingToDoError("the index holds no vectors; run `runcite ingest FOLDER` first")
        dimension = live.embedding.dimension
        with (
            # That neither is said to serve keeps the alias where it is until all is there.
            closing(source.open(live.number, dimension, serves=False)) as giving,
            closing(target.open(live.number, dimension, serves=False)) as taking,
        ):
            return carry(giving, taking, wanted, self.catalog.live, how)
