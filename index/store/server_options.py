"""What an operator chose enters, the options of a Qdrant server leave. Loads nothing of its client, which is slow."""

from dataclasses import dataclass, field
from typing import Literal

TIMEOUT_S = 0.5
"""A search is up to four calls, and none is begun after this; over gRPC one may take the next whole second."""

Quantisation = Literal["none", "int8", "binary"]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where a Qdrant server or cluster is, and how a new collection is laid out there.

    Attributes:
        url: Its REST address.
        api_key: Sent to that address and to no other.
        prefer_grpc: Speak gRPC for everything it can do; REST where not.
        grpc_port: Its gRPC port.
        collection: The alias that this index is served under.
        shards: Shards of a new collection.
        replicas: Copies of each shard of a new collection.
        write_consistency: How many copies confirm a write; the majority where left out.
        quantisation: How vectors are compressed; found ones are scored again by the whole vectors.
        on_disk_vectors: Keep the whole vectors out of memory.
        on_disk_payload: Keep the payload out of memory.
        timeout_s: How long one of the calls of a search may take.
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    prefer_grpc: bool = True
    grpc_port: int = 6334
    collection: str = "runcite"
    shards: int = 1
    replicas: int = 1
    write_consistency: int | None = None
    quantisation: Quantisation = "none"
    on_disk_vectors: bool = False
    on_disk_payload: bool = False
    timeout_s: float = TIMEOUT_S

    @property
    def confirmed_by(self) -> int:
        """How many copies confirm a write: with reads by majority, enough to read every confirmed write."""
        return self.write_consistency or self.replicas // 2 + 1
