"""A server's address and a time limit enter, a Qdrant client whose every call ends in that time leaves."""

import math
import warnings
from collections.abc import Callable

import httpx
from qdrant_client import QdrantClient

from index.store.server_options import ServerOptions

RECONNECT_MS = 1000
"""gRPC would otherwise wait up to two minutes before it looks whether a server is back."""


def client_of(options: ServerOptions, timeout_s: float) -> QdrantClient:
    """Make a client. The server is not asked anything yet.

    Args:
        options: Where the server is.
        timeout_s: How long a call may take, to a fraction of a second over REST; gRPC rounds up to whole ones.

    Returns:
        The client.

    Raises:
        ValueError: The address cannot be one.
    """
    with warnings.catch_warnings():
        # That a key is sent unencrypted is the operator's choice, and docs/qdrant-server.md tells of it.
        warnings.filterwarnings("ignore", "Api key is used with an insecure connection")
        client = QdrantClient(
            url=options.url,
            grpc_port=options.grpc_port,
            prefer_grpc=options.prefer_grpc,
            timeout=math.ceil(timeout_s),
            api_key=options.api_key,
            # Asked for where an error of ours can tell of it.
            check_compatibility=False,
            # Nothing between here and the server is to see the key.
            trust_env=False,
            grpc_options={
                "grpc.enable_http_proxy": 0,
                "grpc.initial_reconnect_backoff_ms": RECONNECT_MS,
                "grpc.min_reconnect_backoff_ms": RECONNECT_MS,
                "grpc.max_reconnect_backoff_ms": RECONNECT_MS,
            },
        )

    def in_time(request: httpx.Request, send: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        request.extensions["timeout"] = httpx.Timeout(timeout_s).as_dict()
        return send(request)

    client.http.client.add_middleware(in_time)
    return client
