"""Fits the coefficients in agent/confidence.json and says how they do on corpora they have not seen.

python -m benchmarks.fit_confidence           leave-one-corpus-out figures, nothing written
python -m benchmarks.fit_confidence --write   and the coefficients fitted to all
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from agent.confidence import FEATURES, Coefficients
from agent.evaluate.metrics import IntArray, auroc, bootstrap, calibration_error, coverage_at
from agent.triage import CANDIDATES as LOOKED_AT
from benchmarks.labelled import Corpus, available, gather
from benchmarks.logit import fit, predict

FILE = Path(__file__).resolve().parent.parent / "agent" / "confidence.json"
FITTED = ("prom_runbooks", "govuk_alerts", "clinc150_calibration", "kb_samples")
REPORTED = ("prom_runbooks", "govuk_alerts", "clinc150_intents", "kb_samples")


@dataclass(frozen=True)
class Result:
    """How the fit to the other corpora does on one; soft tickets are left out."""

    corpus: str
    hit_at_1: float
    auroc: float | None
    coverage_at_5: float
    coverage_at_5_interval: tuple[float, float]
    coverage_at_1: float
    coverage_at_1_interval: tuple[float, float]
    ece: float


def main() -> None:
    """Fit, report, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write agent/confidence.json")
    parser.add_argument("--homes", type=Path, help="keep the indexes here and use them again")
    options = parser.parse_args()
    names = available()
    if missing := set(FITTED) - set(names):
        sys.exit(f"no corpora {sorted(missing)}; set RUNCITE_EVAL_DATA to the folder that holds them")
    corpora = {corpus.name: corpus.first(LOOKED_AT) for corpus in gather(names, options.homes)}
    results = [left_out(name, corpora) for name in REPORTED]
    for one in results:
        print(json.dumps(asdict(one)))
    if options.write:
        fitted = [corpora[name] for name in FITTED]
        FILE.write_text(_document(fit(fitted), fitted, results), encoding="utf-8")
        print(f"written to {FILE}", file=sys.stderr)


def left_out(name: str, corpora: dict[str, Corpus]) -> Result:
    """Fit to the other corpora and measure on one; both parts of clinc150 are the same corpus."""
    others = [corpora[other] for other in FITTED if other[:6] != name[:6]]
    return measure(corpora[name], fit(others))


def measure(corpus: Corpus, coefficients: Coefficients) -> Result:
    """Measure a model on a corpus, acceptable articles counted right and soft tickets left out."""
    chances = predict(corpus, coefficients, corpus.found)
    hard = np.array([not row.get("soft", False) for row in corpus.rows])
    top = chances.argmax(axis=1)
    rows = np.arange(len(top))
    right = (corpus.right | corpus.acceptable)[rows, top][hard]
    confidence, answerable = chances[rows, top][hard], corpus.answerable[hard]
    groups = [row.get("group") or row["id"] for row, counts in zip(corpus.rows, hard, strict=True) if counts]

    def coverage(max_wrong: float) -> Callable[[IntArray], float]:
        return lambda drawn: coverage_at(confidence[drawn], right[drawn], int(answerable[drawn].sum()), max_wrong)[0]

    every = np.arange(len(right))
    return Result(
        corpus=corpus.name,
        hit_at_1=float(right[answerable].mean()),
        auroc=auroc(confidence, right),
        coverage_at_5=coverage(0.05)(every),
        coverage_at_5_interval=bootstrap(groups, coverage(0.05)),
        coverage_at_1=coverage(0.01)(every),
        coverage_at_1_interval=bootstrap(groups, coverage(0.01)),
        ece=calibration_error(confidence, right),
    )


def _document(coefficients: Coefficients, fitted: Sequence[Corpus], results: list[Result]) -> str:
    shown = [{key: _rounded(value) for key, value in asdict(one).items()} for one in results]
    content = {
        "about": "Coefficients of agent/confidence.py; docs/confidence.md explains them.",
        "fitted_on": datetime.now(UTC).date().isoformat(),
        "script": "python -m benchmarks.fit_confidence --write",
        "embedding": "sentence-transformers/all-MiniLM-L6-v2",
        "corpora": [
            {"name": one.name, "tickets": len(one.rows), "answerable": int(one.answerable.sum())} for one in fitted
        ],
        "left_out": shown,
        "features": {
            name: {"weight": coefficients.weights[name], "typical": coefficients.typical[name]} for name in FEATURES
        },
        "none": coefficients.none,
        "none_unknown": coefficients.none_unknown,
    }
    return json.dumps(content, indent=2) + "\n"


def _rounded(value: object) -> object:
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
