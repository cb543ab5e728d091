"""`python -m tests.qdrant`: a process that speaks as a Qdrant server does; prints its two ports as JSON when ready."""

import argparse
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from tests.qdrant import rest, rpc
from tests.qdrant.engine import Engine


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--grpc-port", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    engine = Engine(given.folder, os.environ.get("QDRANT__SERVICE__API_KEY"))
    bound = socket.create_server(("127.0.0.1", given.port))
    _server, grpc_port = rpc.serve(engine, given.grpc_port)
    sys.stdout.write(json.dumps({"port": bound.getsockname()[1], "grpc_port": grpc_port}) + "\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(rest.application(engine), log_level="warning")).run(sockets=[bound])


main()
