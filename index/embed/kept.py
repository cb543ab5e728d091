"""A compiled graph enters a home's folder, and leaves it as an embedder where nothing about it has changed."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from index.embed.fast import FastEmbedder, Session, TextTokenizer
from index.embed.probes import PROBES
from index.errors import EmbeddingError
from index.models import EmbeddingSpec, FloatMatrix, Numerics

MODELS_NAME = "models"
"""The folder within a home."""

TOKENIZER = "tokenizer.json"

LEAST_COSINE: dict[Numerics, float] = {"fp32": 0.9999, "int8": 0.995}
"""How near a graph's vectors must be to the original's, on every probe, for the graph to stand in for it."""

_GRAPH, _RECORD = "graph.onnx", "graph.json"
_QUICK = (2, 3)
"""Short probes, embedded whenever a graph is loaded: a processor that gets them wrong must not go on."""

_DIGEST_DIGITS = 16


def spec_digest(spec: EmbeddingSpec) -> str:
    """Name a model in all that changes its vectors, in 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode()).hexdigest()[:_DIGEST_DIGITS]


def keep(models: Path, spec: EmbeddingSpec, graph: bytes, tokenizer: Path, probes: FloatMatrix) -> None:
    """Put a graph into a home, whole or not at all.

    Args:
        models: The home's folder of graphs.
        spec: What it computes.
        graph: The graph.
        tokenizer: The model's `tokenizer.json`.
        probes: What the original makes of `PROBES`.
    """
    models.mkdir(parents=True, exist_ok=True)
    for left_behind in models.glob("*.part"):
        shutil.rmtree(left_behind)
    part = Path(tempfile.mkdtemp(suffix=".part", dir=models))
    (part / _GRAPH).write_bytes(graph)
    shutil.copyfile(tokenizer, part / TOKENIZER)
    record = {
        "spec": asdict(spec),
        "files": {name: _digest(part / name) for name in (_GRAPH, TOKENIZER)},
        "probes": {str(at): probes[at].tolist() for at in _QUICK},
    }
    (part / _RECORD).write_text(json.dumps(record), encoding="utf-8")
    whole = models / spec_digest(spec)
    if whole.exists():
        shutil.rmtree(whole)
    part.rename(whole)


def open_kept(models: Path, spec: EmbeddingSpec) -> FastEmbedder | None:
    """Load the graph that a home keeps for a model.

    Args:
        models: The home's folder of graphs.
        spec: The model that the index records.

    Returns:
        The embedder; `None` where there is no graph, it is damaged, or this processor computes something else with it.
    """
    folder = models / spec_digest(spec)
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        expected = {int(at): np.asarray(vector, dtype=np.float32) for at, vector in record["probes"].items()}
        intact = all(_digest(folder / name) == record["files"][name] for name in (_GRAPH, TOKENIZER))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not intact:
        return None
    try:
        tokenizer = TextTokenizer(folder / TOKENIZER)
        session = Session(folder / _GRAPH)
        rows = tokenizer.ids([PROBES[at] for at in expected], spec.passage_prefix, spec.max_tokens)
        found = vectors_of(session, rows)
    except EmbeddingError:
        return None
    cosines = np.sum(found * np.stack(list(expected.values())), axis=1)
    return FastEmbedder(session, tokenizer, spec) if cosines.min() >= LEAST_COSINE[spec.numerics] else None


def vectors_of(session: Session, rows: Sequence[Sequence[int]]) -> FloatMatrix:
    """Embed texts one after the other: token ids to `(n_texts, dim) float32`, unit rows."""
    return np.stack([session.vector(row) for row in rows])


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
