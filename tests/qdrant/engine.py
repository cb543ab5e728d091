"""Operations as Qdrant's two interfaces name them enter, answers in the models of its REST interface leave.

The work is done by the client's local mode; what a server checks and local mode does not is checked here.
"""

import threading
import time
import warnings
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models

warnings.filterwarnings("ignore", "Payload indexes have no effect in the local Qdrant")


class RefusalError(Exception):
    """What the server answers with instead, in Qdrant's own words."""

    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


@dataclass
class Behaviour:
    """How the server misbehaves until told otherwise."""

    delay_s: float = 0.0
    status: int = 0
    said: str = ""
    html: bool = False
    version: str = "1.19.1"


class Engine:
    """One Qdrant: collections in memory, or in a folder where they survive a kill."""

    def __init__(self, folder: Path | None, api_key: str | None) -> None:
        self._client = QdrantClient(path=str(folder), force_disable_check_same_thread=True) if folder else None
        self._client = self._client or QdrantClient(":memory:")
        self._api_key = api_key
        self._lock = threading.Lock()
        self.behaviour = Behaviour()
        self.calls: dict[str, int] = {}
        self.kept_as: dict[str, models.CreateCollection] = {}

    def admit(self, api_key: str | None) -> None:
        """Refuse a caller without the key, and misbehave where told to."""
        if self._api_key is not None and api_key != self._api_key:
            # https://github.com/qdrant/qdrant/blob/master/src/actix/auth.rs
            said = "Invalid API key or JWT" if api_key else "Must provide an API key or an Authorization bearer token"
            raise RefusalError(HTTPStatus.UNAUTHORIZED, said)
        time.sleep(self.behaviour.delay_s)
        if self.behaviour.status:
            raise RefusalError(HTTPStatus(self.behaviour.status), self.behaviour.said)

    def run(self, operation: str, collection: str = "", **given: Any) -> Any:
        """Run one operation, one at a time, on a collection that has to exist."""
        self.note(operation)
        with self._lock:
            if collection and operation != "create_collection" and not self._client.collection_exists(collection):
                raise RefusalError(HTTPStatus.NOT_FOUND, f"Not found: Collection `{collection}` doesn't exist!")
            if operation == "create_collection" and self._client.collection_exists(collection):
                raise RefusalError(HTTPStatus.CONFLICT, f"Wrong input: Collection `{collection}` already exists!")
            if operation in ("upsert", "query_points"):
                self._check_dimension(collection, given)
            names = {"collection_name": collection} if collection else {}
            return getattr(self._client, operation)(**names, **given)

    def note(self, what: str) -> None:
        """Count that something was asked for."""
        with self._lock:
            self.calls[what] = self.calls.get(what, 0) + 1

    def exists(self, collection: str) -> bool:
        """Tell whether there is such a collection."""
        with self._lock:
            return self._client.collection_exists(collection)

    def drop(self, collection: str) -> bool:
        """Delete a collection; `False` where there is none, which is no error."""
        return self.exists(collection) and bool(self.run("delete_collection", collection))

    def _check_dimension(self, collection: str, given: dict[str, Any]) -> None:
        vectors = self._client.get_collection(collection).config.params.vectors
        sent = [point.vector["dense"] for point in given.get("points", ())]
        if given.get("using") == "dense":
            query = given["query"]
            sent = [query.nearest if isinstance(query, models.NearestQuery) else query]
        for vector in sent:
            if len(vector) != vectors["dense"].size:
                said = f"Vector dimension error: expected dim: {vectors['dense'].size}, got {len(vector)}"
                raise RefusalError(HTTPStatus.BAD_REQUEST, f"Wrong input: {said}")
