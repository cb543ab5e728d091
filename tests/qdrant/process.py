"""Starts, freezes, thaws and kills a process that speaks as a Qdrant server does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

TIMEOUT_S = 2.0
"""Long enough for a busy machine to answer in; what takes longer is frozen, or told to be slow."""

ROOT = Path(__file__).parents[2]


class QdrantProcess:
    """The process; what is in its folder survives a kill."""

    def __init__(self, folder: Path | None = None, api_key: str | None = None) -> None:
        self._folder = folder
        self._key = {} if api_key is None else {"QDRANT__SERVICE__API_KEY": api_key}
        self.port = self.grpc_port = 0
        self.start()

    def start(self) -> None:
        """Start it, on the ports it had before."""
        where = ["--port", str(self.port), "--grpc-port", str(self.grpc_port)]
        kept = [] if self._folder is None else ["--folder", str(self._folder)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.qdrant", *where, *kept],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._key},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.port, self.grpc_port = said["port"], said["grpc_port"]

    @property
    def url(self) -> str:
        """Its REST address."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, *, prefer_grpc: bool) -> dict[str, str]:
        """The environment in which Runcite uses it."""
        return {
            "RUNCITE_QDRANT_URL": self.url,
            "RUNCITE_QDRANT_GRPC_PORT": str(self.grpc_port),
            "RUNCITE_QDRANT_TIMEOUT_S": str(TIMEOUT_S),
            "RUNCITE_QDRANT_PREFER_GRPC": str(prefer_grpc).lower(),
        }

    def behave(self, **how: object) -> dict[str, int]:
        """Make it misbehave in these ways only; returns how often each operation has run."""
        answer = httpx.put(f"{self.url}/-/behaviour", json=how, trust_env=False)
        return dict(answer.json())

    def freeze(self) -> None:
        """Stop it where it stands: connections open, nobody answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.thaw()
        self.kill()
