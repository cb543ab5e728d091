"""Runs every benchmark and rewrites docs/scoreboard.md, the one place where figures are claimed."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    cold,
    confluence,
    embedding,
    faults,
    features,
    floors,
    ingest_split,
    injection,
    ledger,
    model_faults,
    quality,
    reading,
    recognise,
    resync,
    routing,
    scale,
    transfer,
)
from benchmarks.figure import Figure, machine

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scoreboard.md"
SUITES = (
    quality,
    transfer,
    features,
    floors,
    recognise,
    reading,
    embedding,
    ingest_split,
    injection,
    ledger,
    resync,
    cold,
    routing,
    confluence,
    faults,
    model_faults,
    scale,
)

INTRO = """# Scoreboard

Every figure Runcite claims, measured by `make scoreboard`, which rewrites this page. A figure that is not here is not
claimed. Shares carry 95 % Wilson intervals; timings are medians with their extremes, on a shared machine. `DATA` is the
folder of labelled corpora that `RUNCITE_EVAL_DATA` names; the corpora are not part of this repository.
"""


def main() -> None:
    """Measure and write the page."""
    figures: list[Figure] = []
    for suite in SUITES:
        print(f"measuring {suite.__name__} …", flush=True)
        figures += suite.measure()
    PAGE.write_text(page(figures), encoding="utf-8")
    missed = [figure for figure in figures if figure.met is False]
    for figure in missed:
        print(f"target missed: {figure.name}: {figure.value}, expected {figure.target}")
    print(f"{len(figures)} figures written to {PAGE.name}, {len(missed)} targets missed")


def page(figures: list[Figure]) -> str:
    """Render the page."""
    marks = {True: "met", False: "**missed**", None: ""}
    rows = [f"| {f.name} | {f.value} | {f.target} | {marks[f.met]} | {f.spread} | {f.command} |" for f in figures]
    head = ["| figure | measured | target | | spread | command |", "|---|---|---|---|---|---|"]
    when = datetime.now(UTC).date().isoformat()
    return "\n".join([INTRO, f"Measured {when} on {machine()}.", "", *head, *rows, ""])


if __name__ == "__main__":
    main()
