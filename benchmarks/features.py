"""What weighing the candidates costs beside retrieval: the features and the confidence of one ticket, alone."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from agent.confidence import estimate, preset
from agent.triage import CANDIDATES
from api.bootstrap import open_runtime
from api.home import LocalRuntime
from api.settings import Settings
from benchmarks.figure import Figure
from index.background import Backgrounds, off_topic_digest
from index.features import TELLING_TERMS, Asked, Found, features_of, fuse
from index.generations import FIRST
from index.kept import Kept
from index.letters import Letters, letters_of
from index.models import Candidate, Features, Retrieval
from index.portraits import Portrait
from index.retrieve import LETTER_BYTES, PORTRAIT_BYTES
from index.sentences import MAX_SENTENCES
from index.store.bm25 import TermEncoder
from ingest.models import EVERYONE

ROOT = Path(__file__).resolve().parent.parent
AT_MOST_MS = 1.0
ROUNDS = 20


def measure() -> list[Figure]:
    """Weigh what the sample tickets find, over and over."""
    with (
        tempfile.TemporaryDirectory() as home,
        open_runtime(Settings(home=Path(home), embedding="bundled"), create=True) as runtime,
    ):
        runtime.ingest(str(ROOT / "kb_samples"))
        samples = _time(runtime)
    p50, p95 = np.percentile(samples, [50, 95])
    return [
        Figure(
            "features and confidence of a ticket, beside retrieval",
            f"p50 {p50:.2f} ms, p95 {p95:.2f} ms",
            f"p95 ≤ {AT_MOST_MS:g} ms",
            bool(p95 <= AT_MOST_MS),
            f"{len(samples)} tickets, each with {MAX_SENTENCES} sentences",
            "`python -m benchmarks.features`",
        )
    ]


def _time(runtime: LocalRuntime) -> list[float]:
    portraits = Kept(runtime.catalog.vectors(FIRST).portraits, PORTRAIT_BYTES)
    letters: Kept[Letters] = Kept(
        lambda keys: {key: letters_of(key[0], *both) for key, both in runtime.catalog.texts(keys).items()}, LETTER_BYTES
    )
    off_topic = runtime.catalog.vectors(FIRST).off_topic(off_topic_digest())
    if off_topic is None:
        raise ValueError("The index has no vectors of the off-topic tickets, expected them after its first run.")
    lexicon = runtime.catalog.lexicon().seen_by(frozenset({EVERYONE}))
    background = Backgrounds(portraits.get, letters.get, lambda: off_topic).of(lexicon)
    if background is None:
        raise ValueError("The index is empty, expected the samples.")
    terms, rng, samples = TermEncoder(), np.random.default_rng(0), []
    lines = (ROOT / "kb_samples" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        text = f"{row['subject']}\n{row['body']}"
        retrieval = runtime.live.now.searcher.retrieve(text, audience=frozenset(), limit=50)
        found = _found(retrieval.candidates, portraits, terms)
        rows = rng.standard_normal((1 + MAX_SENTENCES, off_topic.shape[1])).astype(np.float32)
        asked = Asked(
            text, rows / np.linalg.norm(rows, axis=1, keepdims=True), lexicon.weigh(terms.terms(text), TELLING_TERMS)
        )
        for _ in range(ROUNDS if found else 0):
            started = time.perf_counter()
            _decide(features_of(asked, found, lexicon, background, letters.get), retrieval)
            samples.append((time.perf_counter() - started) * 1000)
    return samples


def _found(candidates: Sequence[Candidate], portraits: Kept[Portrait], terms: TermEncoder) -> list[Found]:
    keys = [(one.article.article_id, one.article.revision) for one in candidates]
    kept = portraits.get(keys)
    return [
        Found(one.article, one.evidence, kept[key], terms.terms(one.article.title))
        for key, one in zip(keys, candidates, strict=True)
    ]


def _decide(weighed: list[tuple[Found, Features]], retrieval: Retrieval) -> None:
    """Rank by the features and estimate the confidence of the best, as retrieval and triage do."""
    ranked = sorted((features for _, features in weighed), key=fuse, reverse=True)[:CANDIDATES]
    candidates = [replace(any_, features=own) for own, any_ in zip(ranked, retrieval.candidates, strict=False)]
    estimate(replace(retrieval, candidates=tuple(candidates)), preset())


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.value} ({figure.spread})")
