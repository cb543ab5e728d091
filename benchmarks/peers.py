"""Runcite beside what a user would pick instead, on the same corpora, weights and machine; docs/peers.md leaves.

`python -m benchmarks.peers PYTHON` takes the interpreter of an environment with benchmarks/peers-requirements.txt.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from agent.evaluate.dataset import Dataset, LabelledTicket, load_dataset
from agent.evaluate.metrics import coverage_at
from agent.models import Ticket
from api.bootstrap import open_runtime
from api.settings import Settings, prepare_environment
from benchmarks.figure import eval_data, machine

PAGE = Path(__file__).resolve().parent.parent / "docs" / "peers.md"
CHILD = Path(__file__).with_name("peers_child.py")
CORPORA = {"prom_runbooks": 1, "clinc150_intents": 18, "govuk_alerts": 1}
"""Every so-many-th ticket is asked."""

NAMES = {"runcite": "Runcite", "llamaindex": "LlamaIndex", "txtai": "txtai hybrid"}

HEAD = """# Beside other tools

Runcite and what one would otherwise pick up for the same job, in one run on the same corpora, with the weights of
all-MiniLM-L6-v2 and the same tickets. `make peers` measures it and rewrites this page.

- **LlamaIndex**: `VectorStoreIndex` on `qdrant-client`'s local mode, chunks of 256 tokens, which is what the model
  reads (LlamaIndex's default of 1,024 would lose the rest of each chunk).
- **txtai**: `Embeddings(hybrid=True)`, BM25 and vectors with its own fusion, over the same chunks.
- **Runcite**: `runcite ingest` and a whole triage: reading the ticket, retrieval, confidence, gates, quotes.

The first 32 chunks are grouped by article for the other two, the best counts. *hit@1*: share of the answerable tickets
whose right article comes first. *Coverage*: share of the answerable tickets answered rightly by a threshold on the
tool's own score that lets at most 5 % of all answers be wrong, tickets that nothing answers included; the threshold is
the best in hindsight for each. Ingest is from Markdown files to the first possible query, models loaded.
"""


def main() -> None:
    prepare_environment()
    python, rows = sys.argv[1], list[str]()
    data = eval_data()
    if data is None:
        sys.exit("no labelled corpora here; set RUNCITE_EVAL_DATA to their folder")
    for name, every in CORPORA.items():
        dataset = load_dataset(data / name)
        tickets = dataset.tickets[::every]
        for system, title in NAMES.items():
            found = _runcite(dataset, tickets) if system == "runcite" else _other(python, system, dataset, tickets)
            rows.append(_row(f"{name} ({len(tickets)} tickets)", title, tickets, found))
            print(rows[-1], flush=True)
            PAGE.write_text(_page(rows), encoding="utf-8")


def _runcite(dataset: Dataset, tickets: tuple[LabelledTicket, ...]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=Path(scratch, "home"), embedding="bundled")
        with open_runtime(settings, create=True) as runtime:
            began = time.perf_counter()
            runtime.ingest(str(dataset.pages))
            ingest_s = time.perf_counter() - began
            triager = runtime.triager
            triager.explain(Ticket("warm", "the first query loads what is loaded late"), as_of=dataset.as_of)
            times, answers = [], []
            for ticket in tickets:
                began = time.perf_counter()
                case, _ = triager.explain(ticket.ticket, as_of=dataset.as_of)
                times.append((time.perf_counter() - began) * 1e3)
                answers.append([(one.candidate.article.article_id, one.confidence) for one in case.candidates])
    return {"ingest_s": ingest_s, "ms": times, "answers": answers}


def _other(python: str, system: str, dataset: Dataset, tickets: tuple[LabelledTicket, ...]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch, "tickets.json")
        asked.write_text(json.dumps([ticket.ticket.body for ticket in tickets]), encoding="utf-8")
        command = [python, CHILD, system, dataset.pages.resolve(), asked]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=scratch)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(corpus: str, title: str, tickets: tuple[LabelledTicket, ...], found: dict[str, Any]) -> str:
    ranked = [
        [pair for pair in pairs if pair[0] not in ticket.acceptable]
        for ticket, pairs in zip(tickets, found["answers"], strict=True)
    ]
    right = np.array(
        [bool(pairs) and pairs[0][0] in ticket.expected for ticket, pairs in zip(tickets, ranked, strict=True)]
    )
    scores = np.array([pairs[0][1] if pairs else 0.0 for pairs in ranked])
    answerable = sum(bool(ticket.expected) for ticket in tickets)
    coverage, _ = coverage_at(scores, right, answerable, 0.05)
    p50, p95 = np.percentile(found["ms"], [50, 95])
    return (
        f"| {corpus} | {title} | {found['ingest_s']:.1f} s | {p50:.1f} / {p95:.1f} ms "
        f"| {right.sum() / answerable:.3f} | {coverage:.3f} |"
    )


def _page(rows: list[str]) -> str:
    head = ["| corpus | | ingest | query p50 / p95 | hit@1 | coverage at ≤ 5 % wrong |", "|---|---|---|---|---|---|"]
    load = f"with {os.getloadavg()[0]:.0f} processes running or waiting to"
    when = f"Measured {datetime.now(UTC).date().isoformat()} on {machine()}, {load}."
    return "\n".join([HEAD, when, "", *head, *rows, ""])


if __name__ == "__main__":
    main()
