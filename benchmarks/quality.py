"""Ranking, confidence and freshness on the labelled corpora, by `runcite eval`, as a user would run it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, eval_data, share

HIT_AT_1_TARGETS = {"prom_runbooks": 0.93}


def measure() -> list[Figure]:
    """Evaluate every corpus this machine has."""
    data = eval_data()
    if data is None:
        print("quality: no labelled corpora here; set RUNCITE_EVAL_DATA to their folder", file=sys.stderr)
        return []
    names = ("prom_runbooks", "govuk_alerts")
    return [figure for name in names if (data / name).is_dir() for figure in _figures(name, _evaluate(data / name))]


def _evaluate(dataset: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        runcite = Path(sys.executable).with_name("runcite")
        done = subprocess.run(
            [runcite, "--home", home, "eval", str(dataset), "--json"], check=True, stdout=subprocess.PIPE
        )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _figures(name: str, report: dict[str, Any]) -> Iterator[Figure]:
    command = f"`runcite eval DATA/{name}`"
    hit = report["hit_at_1"]
    if name in HIT_AT_1_TARGETS:
        at_least = HIT_AT_1_TARGETS[name]
        yield share(f"{name}: hit@1", hit["value"], hit["low"], hit["high"], at_least=at_least, command=command)
    else:
        yield _plain(f"{name}: hit@1", hit["value"], f"95 % {hit['low']:.3f}–{hit['high']:.3f}", command)
    hit3 = report["hit_at_3"]
    yield _plain(f"{name}: hit@3", hit3["value"], f"95 % {hit3['low']:.3f}–{hit3['high']:.3f}", command)
    yield _plain(f"{name}: hit@1, mean over groups", report["hit_at_1_by_group"], "–", command)
    yield _drawn(f"{name}: MRR", report["mrr"], command)
    # The shipped coefficients were fitted to these corpora among others; `transfer` has the figures without that.
    seen = f"{name}, among those fitted to"
    yield _drawn(f"{seen}: AUROC of confidence", report["auroc"], command)
    yield _drawn(f"{seen}: AUGRC of confidence", report["augrc"], command)
    yield _drawn(f"{seen}: coverage at ≤ 5 % wrong", report["coverage_at_5"], command)
    yield _drawn(f"{seen}: coverage at ≤ 1 % wrong", report["coverage_at_1"], command)
    yield _drawn(f"{seen}: calibration error", report["ece"], command)
    for kind, part in report["slices"].items():
        hit_at_1 = "–" if part["hit_at_1"] is None else f"hit@1 {part['hit_at_1']:.3f}"
        yield Figure(f"{name}: {kind}", f"{part['answered']} of {part['n']} acted on", "–", None, hit_at_1, command)
    stale = report["stale_refused"]
    if stale["n"]:
        yield Figure(
            f"{name}: found stale articles refused as stale",
            f"{round(stale['value'] * stale['n'])} of {stale['n']}",
            "all",
            stale["value"] == 1.0,
            f"95 % {stale['low']:.3f}–{stale['high']:.3f}",
            command,
        )
    acted = report["acted_on_stale"]
    yield Figure(f"{name}: actions on articles not in date", str(acted), "0", acted == 0, "–", command)
    yield Figure(
        f"{name}: triage latency, no model",
        f"p50 {report['latency_p50_ms']['value']:.0f} ms, p95 {report['latency_p95_ms']['value']:.0f} ms",
        "–",
        None,
        f"{report['tickets']} tickets",
        command,
    )


def _drawn(name: str, figure: dict[str, float], command: str) -> Figure:
    return _plain(name, figure["value"], f"95 % {figure['low']:.3f}–{figure['high']:.3f}", command)


def _plain(name: str, value: float, spread: str, command: str) -> Figure:
    return Figure(name, f"{value:.3f}", "–", None, spread, command)
