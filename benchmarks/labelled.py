"""A labelled corpus enters; what retrieval finds for each of its tickets leaves, as arrays to fit and to measure on."""

import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.confidence import FEATURES
from agent.models import Requester, Ticket
from agent.ports import Searcher
from agent.reading import read_ticket
from api.bootstrap import open_runtime
from api.settings import Settings
from benchmarks.figure import eval_data
from index.models import Retrieval

ROOT = Path(__file__).resolve().parent.parent
CANDIDATES = 16
"""Twice as many as a decision looks at, so that another ranking can bring others up."""
SAMPLED = (1_500, 334)
"""Tickets taken of a set that has more, answerable ones and others, by a fixed seed."""

SETS = {
    "prom_runbooks": ("prom_runbooks", "queries.jsonl"),
    "govuk_alerts": ("govuk_alerts", "queries.jsonl"),
    "clinc150_calibration": ("clinc150_intents", "calibration.jsonl"),
    "clinc150_intents": ("clinc150_intents", "queries.jsonl"),
    "kb_samples": ("kb_samples", "tickets.jsonl"),
}
"""Folder and file of each set; of clinc150_intents one part is for fitting and the other for reporting."""


@dataclass(frozen=True)
class Corpus:
    """What retrieval found for every ticket of a set, at most `CANDIDATES` each, best first.

    Attributes:
        name: Name of the set.
        features: `(n_tickets, n_candidates, n_signals) float64`, in the order of `FEATURES`.
        fused: `(n_tickets, n_candidates) float64`.
        found: `(n_tickets, n_candidates) bool`; where false there was no further candidate.
        right: `(n_tickets, n_candidates) bool`.
        acceptable: `(n_tickets, n_candidates) bool`: arguably right.
        answerable: `(n_tickets,) bool`.
        unknown: `(n_tickets,) float64`: share of terms that no article uses.
        rows: The tickets as their file has them.
    """

    name: str
    features: NDArray[np.float64]
    fused: NDArray[np.float64]
    found: NDArray[np.bool_]
    right: NDArray[np.bool_]
    acceptable: NDArray[np.bool_]
    answerable: NDArray[np.bool_]
    unknown: NDArray[np.float64]
    rows: list[dict[str, Any]]

    def first(self, n: int) -> "Corpus":
        """Keep only the first candidates of each ticket."""
        return replace(
            self,
            features=self.features[:, :n],
            fused=self.fused[:, :n],
            found=self.found[:, :n],
            right=self.right[:, :n],
            acceptable=self.acceptable[:, :n],
        )


def available() -> list[str]:
    """Name the sets whose folder is here."""
    data = eval_data()
    return [name for name, (folder, _) in SETS.items() if folder == "kb_samples" or (data and (data / folder).is_dir())]


def gather(names: list[str], homes: Path | None = None) -> Iterator[Corpus]:
    """Index each set's articles as a user would, and run its tickets through retrieval.

    Args:
        names: Which sets, in an order that keeps those over the same articles together.
        homes: Indexes are kept below this folder and used again.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            folder, file = SETS[name]
            root = ROOT / folder if folder == "kb_samples" else (eval_data() or Path()) / folder
            pages = root if folder == "kb_samples" else root / "pages"
            rows = _sample([json.loads(line) for line in (root / file).read_text(encoding="utf-8").splitlines()])
            settings = Settings(home=(homes or Path(scratch)) / folder, embedding="bundled")
            with open_runtime(settings, create=True) as runtime:
                runtime.ingest(str(pages))
                yield _corpus(name, rows, [_find(runtime.live.now.searcher, _ticket(row)) for row in rows])


def _find(searcher: Searcher, ticket: Ticket) -> Retrieval:
    return searcher.retrieve(read_ticket(ticket).text, audience=ticket.requester.audience, limit=CANDIDATES)


def _ticket(row: dict[str, Any]) -> Ticket:
    requester = row.get("requester", {})
    return Ticket(
        row["id"],
        row["body"] if "body" in row else row["text"],
        row.get("subject"),
        requester=Requester(requester.get("email"), tuple(requester.get("groups", ()))),
    )


def _sample(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) <= sum(SAMPLED):
        return rows
    chance = random.Random(1)  # noqa: S311 - a sample that is the same every time
    answerable, others = ([row for row in rows if bool(_expected(row)) == wanted] for wanted in (True, False))
    chance.shuffle(answerable)
    chance.shuffle(others)
    return answerable[: SAMPLED[0]] + others[: SAMPLED[1]]


def _corpus(name: str, rows: list[dict[str, Any]], retrievals: list[Retrieval]) -> Corpus:
    n = len(rows)
    shape = (n, CANDIDATES)
    features = np.zeros((*shape, len(FEATURES)))
    fused = np.full(shape, -np.inf)
    found, right, acceptable = (np.zeros(shape, dtype=bool) for _ in range(3))
    expected = [_expected(row) for row in rows]
    for i, retrieval in enumerate(retrievals):
        for j, candidate in enumerate(retrieval.candidates):
            article_id = candidate.article.article_id
            features[i, j] = astuple(candidate.features)
            fused[i, j] = candidate.fused
            found[i, j] = True
            right[i, j] = article_id in expected[i]
            acceptable[i, j] = article_id in rows[i].get("acceptable", ())
    return Corpus(
        name=name,
        features=features,
        fused=fused,
        found=found,
        right=right,
        acceptable=acceptable,
        answerable=np.array([bool(one) for one in expected]),
        unknown=np.array([one.unknown_term_share for one in retrievals]),
        rows=rows,
    )


def _expected(row: dict[str, Any]) -> frozenset[str]:
    if "expected" in row:
        return frozenset(row["expected"])
    return frozenset(filter(None, [row["expected_article"]]))
