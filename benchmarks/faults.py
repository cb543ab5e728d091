"""How long a ticket waits while the Qdrant server is frozen, killed or slow, and how soon it is answered again."""

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figure import Figure, seconds
from tests.integration.serving import Served, serving
from tests.qdrant.process import QdrantProcess

SAMPLES = Path(__file__).resolve().parent.parent / "kb_samples"
TICKET = "The VPN drops every few minutes on hotel wifi"
TICKETS = 100
AT_ONCE = 8
ROUNDS = 3
COMMAND = "`python -m benchmarks.faults`"


def measure() -> list[Figure]:
    """Serve the samples from a Qdrant process, make it fail in three ways, and time what a client sees."""
    with tempfile.TemporaryDirectory() as scratch, QdrantProcess(Path(scratch, "qdrant")) as qdrant:
        # The time a call may take is the one users get.
        settings = qdrant.settings(prefer_grpc=True) | {"RUNCITE_EMBEDDING": "bundled", "RUNCITE_QDRANT_TIMEOUT_S": ""}
        os.environ.update(settings)
        faults: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "frozen": (qdrant.freeze, qdrant.thaw),
            "killed": (qdrant.kill, qdrant.start),
            "slow": (lambda: qdrant.behave(delay_s=3), lambda: (qdrant.thaw(), qdrant.behave())),
        }
        figures = []
        with serving(Path(scratch, "home")) as server:
            _ingest(server)
            for name, (begin, end) in faults.items():
                figures += _measure(server, name, begin, end)
    return figures


def _ingest(server: Served) -> None:
    server.http.post("/v1/ingest-runs", json={"source": str(SAMPLES)})
    server.until_ready()


def _measure(server: Served, name: str, begin: Callable[[], object], end: Callable[[], object]) -> list[Figure]:
    waits, recoveries, failed = [], [], 0

    def ask(_number: int) -> tuple[float, bool]:
        started = time.perf_counter()
        answer = server.http.post("/v1/triage", json={"text": TICKET})
        refusal = answer.json()["refusal"] if answer.status_code == 200 else None
        decided = refusal is not None and refusal["reason"] == "index_unavailable"
        return time.perf_counter() - started, decided

    for _ in range(ROUNDS):
        server.until_ready()
        begin()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(ask, range(TICKETS)))
        waits.append(max(wait for wait, _ in answers))
        failed += sum(not decided for _, decided in answers)
        end()
        started = time.perf_counter()
        server.until_ready()
        recoveries.append(time.perf_counter() - started)
    tickets = f"{TICKETS} tickets, {AT_ONCE} at once, Qdrant {name}"
    return [
        seconds(f"longest wait of {tickets}", waits, at_most=2.0, command=COMMAND),
        seconds(f"until ready again after Qdrant was {name}", recoveries, at_most=5.0, command=COMMAND),
        Figure(f"not handed over, of {tickets}", str(failed), "0", failed == 0, f"{ROUNDS} rounds", COMMAND),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(figure)
