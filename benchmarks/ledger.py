"""What recording a decision adds to it, and how long the audit log of many takes to verify."""

import sqlite3
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from agent.decide.extractive import ExtractiveDecider
from agent.desk import Desk
from agent.ledger import Ledger, verify_export
from agent.models import Ticket
from agent.triage import Triager
from benchmarks.figure import Figure, seconds
from tests.cases import Shelf, rules
from tests.ledgers import DAY, NOON, VPN, OneCandidate, a_ledger, decided

COMMAND = "`python -m benchmarks.ledger`"
DECISIONS = 1_000
ENTRIES = 100_000
RUNS = 3
MAX_MS = 10


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with a_ledger(home) as ledger:
            return [_recording(ledger, home), *_verifying(ledger)]


def _recording(ledger: Ledger, home: Path) -> Figure:
    """Decide the same ticket with retrieval that costs nothing: all else that a decision without a model takes."""
    triager = Triager(OneCandidate(), Shelf(VPN), ExtractiveDecider(), rules, "none", now=lambda: NOON)
    desk = Desk(triager, ledger, Shelf(VPN))
    took_ms: list[float] = []
    for number in range(DECISIONS):
        ticket = Ticket(f"INC-{number}", "VPN drops on hotel Wi-Fi every few minutes, since the update of yesterday")
        started = time.perf_counter()
        decision = desk.triage(ticket, as_of=DAY)
        took_ms.append((time.perf_counter() - started) * 1000)
        if not decision.provenance.recorded:
            raise RuntimeError(decision.refusal)
    took_ms.sort()
    p95 = took_ms[int(0.95 * len(took_ms))]
    return Figure(
        "deciding and recording without a model, retrieval aside: p95",
        f"{p95:.1f} ms",
        f"≤ {MAX_MS} ms",
        p95 <= MAX_MS,
        f"p50 {median(took_ms):.1f} ms, max {took_ms[-1]:.1f} ms, n={DECISIONS}, each commit synced "
        f"(a bare synced commit here: p95 {_bare_commit_ms(home):.1f} ms)",
        COMMAND,
    )


def _bare_commit_ms(home: Path) -> float:
    """Commit one row at a time by SQLite alone: what the disk asks for, whoever writes."""
    took_ms = []
    connection = sqlite3.connect(home / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bare (row TEXT)")
    for _ in range(DECISIONS):
        started = time.perf_counter()
        connection.execute("INSERT INTO bare VALUES (?)", ("x" * 4_000,))
        took_ms.append((time.perf_counter() - started) * 1000)
    connection.close()
    return sorted(took_ms)[int(0.95 * len(took_ms))]


def _verifying(ledger: Ledger) -> list[Figure]:
    case, decision = decided()
    for number in range(ENTRIES - DECISIONS):
        at = NOON + timedelta(seconds=number)
        ledger.record(case, replace(decision, decision_id=f"01K{number:023}", created_at=at), DAY)
    lines = list(ledger.export())
    whole, chain = [], []
    for _ in range(RUNS):
        started = time.perf_counter()
        report = ledger.verify({})
        whole.append(time.perf_counter() - started)
        if report.faults:
            raise RuntimeError(report.faults)
        started = time.perf_counter()
        verify_export(lines, {})
        chain.append(time.perf_counter() - started)
    count = f"{report.entries:,}"
    return [
        seconds(
            f"verifying an audit log of {count} entries with all their decisions", whole, at_most=10, command=COMMAND
        ),
        seconds(f"verifying an export of {count} entries", chain, at_most=3, command=COMMAND),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.value} ({figure.target}), {figure.spread}")
