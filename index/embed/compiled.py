"""A model as sentence-transformers runs it enters; a graph that computes the same faster, and is checked, leaves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embed.fast import FastEmbedder, Session, TextTokenizer
from index.embed.graph import Precision, draw, ranges_of
from index.embed.kept import LEAST_COSINE, TOKENIZER, keep, vectors_of
from index.embed.local import LocalEmbedder
from index.embed.probes import PROBES
from index.embed.weights import read_architecture, read_weights
from index.errors import NotCompilableError
from index.models import Numerics

_LADDERS: dict[Numerics, tuple[Precision, ...]] = {
    "fp32": ("fp32",),
    "int8": ("int8", "int8 but narrow layers"),
}


def compile_model(reference: LocalEmbedder, numerics: Numerics, models: Path) -> FastEmbedder:
    """Make a graph of a loaded model and keep it.

    Args:
        reference: The model as sentence-transformers runs it.
        numerics: What the graph is to compute in.
        models: The home's folder of graphs.

    Returns:
        An embedder over the graph; its spec differs from the reference's in numerics at most.

    Raises:
        NotCompilableError: No graph is drawn for such a model, or it would not be faithful to it.
    """
    shape = read_architecture(reference.folder, reference.spec.pooling)
    weights = read_weights(reference.folder)
    tokenizer = TextTokenizer(reference.folder / TOKENIZER)
    ids = tokenizer.ids(PROBES, reference.spec.passage_prefix, reference.spec.max_tokens)
    wanted = reference.embed_passages(PROBES)
    spec = replace(reference.spec, numerics=numerics)
    ranges: dict[str, NDArray[np.float32]] = {}
    if numerics == "int8":
        observer = Session(draw(weights, shape, shows="activations"))
        for row in ids:
            ranges = ranges_of(observer.activations(row), ranges)
    worst = -1.0
    for precision in _LADDERS[numerics]:
        graph = draw(weights, shape, precision, ranges)
        session = Session(graph)
        worst = float(np.min(np.sum(vectors_of(session, ids) * wanted, axis=1)))
        if worst >= LEAST_COSINE[numerics]:
            keep(models, spec, graph, reference.folder / TOKENIZER, wanted)
            return FastEmbedder(session, tokenizer, spec)
    raise NotCompilableError(
        f"{spec.model!r} compiled to {numerics} comes only within a cosine of {worst:.4f} of the original, expected "
        f"{LEAST_COSINE[numerics]} or more; it is used as it is."
    )
