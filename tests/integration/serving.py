"""`runcite serve` as a process of its own, for tests that ask it over HTTP."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.announce import FILE_NAME

WAIT_S = 120
COMMAND = [sys.executable, "-c", "from api.cli.main import main; main()"]


@dataclass
class Served:
    """A server and a client for it."""

    process: subprocess.Popen[str]
    http: httpx.Client

    def outcome(self, text: str) -> tuple[str, str | None]:
        """Have a ticket decided; what was decided, and why it was refused."""
        answer = self.http.post("/v1/triage", json={"text": text})
        assert answer.status_code == 200, answer.text
        decision = answer.json()
        return decision["outcome"], decision["refusal"] and decision["refusal"]["reason"]

    def readiness(self) -> tuple[int, str]:
        """Status and detail of /readyz."""
        answer = self.http.get("/readyz")
        return answer.status_code, answer.json()["detail"]

    def until_ready(self, status: int = 200) -> str:
        """Wait until /readyz answers with this status; its detail."""
        deadline = time.monotonic() + WAIT_S
        while (now := self.readiness())[0] != status:
            assert time.monotonic() < deadline, now
            time.sleep(0.05)
        return now[1]


@contextmanager
def serving(home: Path, arguments: Sequence[str] = ()) -> Iterator[Served]:
    """Serve a home for as long as the block runs."""
    command = [*COMMAND, "--home", home, "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=_address(home, process), timeout=WAIT_S, trust_env=False) as client:
            yield Served(process, client)
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=WAIT_S)
        assert "Traceback" not in said, said


def _address(home: Path, process: subprocess.Popen[str]) -> str:
    announcement = home / FILE_NAME
    deadline = time.monotonic() + WAIT_S
    while True:
        if announcement.exists():
            said = json.loads(announcement.read_text())
            if said["pid"] == process.pid:
                return str(said["url"])
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
