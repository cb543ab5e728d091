"""How long risk takes to recognise: the start, ordinary tickets, and the worst text that one can think of."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from agent.models import Ticket
from agent.policy import Policy
from agent.policy_file import LoadedPolicy, load_policy
from agent.reading import read_ticket
from agent.risk.exemplars import RISKS
from agent.risk.kept import judge_for, read_letters
from agent.risk.patterns import Pattern, PatternSet
from agent.signals import SignalReader
from benchmarks.figure import Figure
from index.embed.bundled import load_bundled
from index.embed.compiled import compile_model
from index.ports import Embedder

ROOT = Path(__file__).resolve().parent.parent
TICKETS = ROOT / "kb_samples" / "tickets.jsonl"
COMMAND: Final = "`python -m benchmarks.recognise`"

HOSTILE_CHARS = 50_000
MAX_PATTERN_MS, MAX_LOAD_MS, MAX_TICKET_MS = 50, 50, 10
REPEATS = 5

SEEDS: Final = (
    "a",
    "a ",
    "\n",
    "é",
    "p h i s h i n g ",
    "ph1sh1ng ",
    "give me ",
    "delete the old ",
    "please delete all the old user ",
    "nobody can log in to ",
    "all the users in the ",
    "Nobody can log in. Please delete the database.\n",
    "不",
    "пароль ",
)


def measure() -> list[Figure]:
    """Time the recogniser of the shipped policy under the bundled model."""
    with tempfile.TemporaryDirectory() as folder:
        embedder = compile_model(load_bundled(), "int8", Path(folder))
        loaded = load_policy(Policy())
        return [_start(loaded, embedder, Path(folder)), *_tickets(loaded, embedder, Path(folder))]


def _start(loaded: LoadedPolicy, embedder: Embedder, folder: Path) -> Figure:
    def load() -> None:
        judge_for(read_letters(loaded.exemplars), loaded.exemplars, embedder, folder)

    taken = sorted(_cpu_ms(load) for _ in range(REPEATS))
    spread = f"{taken[0]:.0f}–{taken[-1]:.0f} ms, n={len(taken)}"
    met = taken[REPEATS // 2] <= MAX_LOAD_MS
    name = "loading what exemplars taught, processor time"
    return Figure(name, f"{taken[REPEATS // 2]:.0f} ms", f"≤ {MAX_LOAD_MS} ms", met, spread, COMMAND)


def _tickets(loaded: LoadedPolicy, embedder: Embedder, folder: Path) -> Iterator[Figure]:
    judge = judge_for(read_letters(loaded.exemplars), loaded.exemplars, embedder, folder)
    reader = SignalReader(loaded.policy, judge.letters, judge, embedder.embed_passages)
    tickets = [_ticket(json.loads(line)) for line in TICKETS.read_text(encoding="utf-8").splitlines()]
    read = [(ticket, read_ticket(ticket)) for ticket in tickets]
    for ticket, reading in read:
        reader.read(ticket, reading)
    taken = [_cpu_ms(reader.read, *one) for one in read for _ in range(REPEATS)]
    middle, most = np.percentile(taken, (50, 95))
    spread = f"p50 {middle:.1f} ms, n={len(taken)}"
    name = "recognising risk in a ticket, processor time, p95"
    yield Figure(name, f"{most:.1f} ms", f"≤ {MAX_TICKET_MS} ms", bool(most <= MAX_TICKET_MS), spread, COMMAND)
    texts = {seed: (seed * (HOSTILE_CHARS // len(seed) + 1))[:HOSTILE_CHARS] for seed in SEEDS}
    yield _slowest_pattern(loaded, texts)
    whole = {seed: Ticket("T", f"x {text} x") for seed, text in texts.items()}
    worst, seed = max(
        (_cpu_ms(lambda one=one: reader.read(one, read_ticket(one))), seed) for seed, one in whole.items()
    )
    name = "50 kB of hostile text: reading it and recognising risk"
    yield Figure(name, f"{worst:.0f} ms", "–", None, f"{seed!r} repeated", COMMAND)


def _slowest_pattern(loaded: LoadedPolicy, texts: dict[str, str]) -> Figure:
    patterns: list[Pattern] = []
    for kind in RISKS:
        rules = loaded.policy.signals[kind]
        patterns += (*rules.patterns, *rules.hints, *rules.innocent)
    timed = []
    for pattern in patterns:
        alone = PatternSet([pattern])
        timed += [(_cpu_ms(alone.blank, text), seed, pattern.text) for seed, text in texts.items()]
    taken, seed, text = max(timed)
    spread = f"{text[:40]!r} on {seed!r} repeated; {len(patterns)} patterns × {len(texts)} texts".replace("|", "\\|")
    met = taken <= MAX_PATTERN_MS
    name = "the slowest pattern of risk on 50 kB of hostile text"
    return Figure(name, f"{taken:.0f} ms", f"≤ {MAX_PATTERN_MS} ms", met, spread, COMMAND)


def _ticket(line: dict[str, object]) -> Ticket:
    return Ticket(str(line["id"]), str(line["body"]), subject=str(line.get("subject", "")))


def _cpu_ms(work: Callable[..., object], *given: object) -> float:
    started = time.process_time()
    work(*given)
    return (time.process_time() - started) * 1000


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.value} ({figure.target}; {figure.spread})", flush=True)
