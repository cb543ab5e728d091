"""What each part of the ranking brings: `python -m benchmarks.ablation` prints the table of docs/retrieval.md."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from agent.confidence import FEATURES
from benchmarks.labelled import Corpus, available, gather
from benchmarks.logit import HAND_SET

SHOWN = ("prom_runbooks", "govuk_alerts", "clinc150_calibration", "clinc150_intents", "kb_samples")
"""The weights were chosen on all but clinc150_intents and kb_samples."""

ALONE: Mapping[str, Mapping[str, float]] = {
    "best chunk's cosine alone": {"best_standing": 1.0},
    "BM25 alone": {"bm25": 1.0},
    "title's cosine alone": {"title_standing": 1.0},
}
LABELS = {
    "best_standing": "cosine of the best chunk",
    "centre_standing": "cosine of all chunks' mean",
    "title_standing": "cosine of the title",
    "bm25": "BM25 of the best chunk",
    "coverage": "share of the query in the article",
    "title_coverage": "share of the query in the title",
    "title_share": "share of the title in the query",
    "letters_standing": "letters",
    "named": "called by name",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=Path, help="keep the indexes here and use them again")
    options = parser.parse_args()
    names = set(available())
    corpora = list(gather([name for name in SHOWN if name in names], options.homes))
    print("\n".join(table(corpora)))


def table(corpora: list[Corpus]) -> list[str]:
    """Write the table: one line per ranking, hit@1 on each corpus."""
    rankings: dict[str, Mapping[str, float]] = {"as shipped": HAND_SET, **ALONE}
    for name in HAND_SET:
        rankings[f"without {LABELS[name]}"] = {**HAND_SET, name: 0.0}
    for factor in (0.5, 2.0):
        for name, weight in HAND_SET.items():
            rankings[f"{LABELS[name]} x {factor:g}"] = {**HAND_SET, name: factor * weight}
    columns = [corpus.name for corpus in corpora]
    lines = [f"| ranking | {' | '.join(columns)} | govuk Icinga | by group |", f"|---|{'---|' * (len(columns) + 2)}"]
    for label, weights in rankings.items():
        hits = [hit_at_1(corpus, weights) for corpus in corpora]
        icinga = [icinga_hit_at_1(corpus, weights) for corpus in corpora if corpus.name == "govuk_alerts"]
        cells = [f"{value:.3f}" for value in [*hits, *(value for pair in icinga for value in pair)]]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return lines


def right_at_1(corpus: Corpus, weights: Mapping[str, float]) -> np.ndarray:
    """Say of each ticket whether a right article ranks first, acceptable ones taken out: `(n_tickets,) bool`."""
    vector = np.array([weights.get(name, 0.0) for name in FEATURES])
    scores = np.where(corpus.found & ~corpus.acceptable, corpus.features @ vector, -np.inf)
    rows = np.arange(len(scores))
    right: np.ndarray = corpus.right[rows, scores.argmax(axis=1)]
    return right


def hit_at_1(corpus: Corpus, weights: Mapping[str, float]) -> float:
    """Return the share of the answerable tickets."""
    return float(right_at_1(corpus, weights)[corpus.answerable].mean())


def icinga_hit_at_1(corpus: Corpus, weights: Mapping[str, float]) -> tuple[float, float]:
    """Return the share of the Icinga checks of govuk_alerts, and its mean over the groups of like checks."""
    right = right_at_1(corpus, weights)
    groups: dict[str, list[bool]] = {}
    for row, hit, answerable in zip(corpus.rows, right, corpus.answerable, strict=True):
        if answerable and "icinga" in row.get("source", ""):
            groups.setdefault(row["group"], []).append(bool(hit))
    every = [hit for group in groups.values() for hit in group]
    return float(np.mean(every)), float(np.mean([np.mean(group) for group in groups.values()]))


if __name__ == "__main__":
    main()
