"""What the one who draws a graph and the one who runs it must agree on."""

from dataclasses import dataclass
from typing import Literal

IDS = "ids"
"""Input: token ids of one text, `(1, n_tokens) int64`."""

VECTOR = "vector"
"""Output: its embedding, `(1, dim) float32`, a unit row."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a configuration says of a BERT-like encoder.

    Attributes:
        layers: Number of blocks.
        heads: Attention heads per block.
        epsilon: Of the layer norms.
        first_position: Row of the position table that the first token takes.
        pooling: `cls` or `mean`.
    """

    layers: int
    heads: int
    epsilon: float
    first_position: int
    pooling: Literal["cls", "mean"]
