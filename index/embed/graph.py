"""A BERT-like model's weights enter, an ONNX graph that makes one unit vector of one text leaves. Sole user of onnx.

The graph takes one text at a time: nothing is padded, and what a text's 8-bit scales are depends on that text alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from index.embed.encoder import IDS, VECTOR, Architecture
from index.models import FloatMatrix

Array = NDArray[np.float32]

_OPSET = 18
_MICROSOFT = "com.microsoft"
_IR_VERSION = 9
_INT8_MAX = 127
_SMALLEST = 1e-5

# How much of an activation's range is moved into the weights, after SmoothQuant (https://arxiv.org/abs/2211.10438).
# Measured with all-MiniLM-L6-v2 on 200 chunks of runbooks, worst cosine to fp32: 0.983 unscaled; 0.968 with 0.5
# everywhere; 0.951 to 0.995 with one value for all; 0.994 as here, 0.997 with the first third of the narrowing layers
# left in fp32.
_MOVED_SHARE: Mapping[str, float] = {"qkv": 0.5, "output": 0.5, "widen": 0.5, "narrow": 0.9}

Fp32Layers = Literal["all", "every narrow", "first narrow"]
"""Which layers stay in fp32: all, or those that narrow (4 x hidden to hidden) in every block or the first third."""


@dataclass(slots=True)
class _Drawing:
    """A graph in the making."""

    weights: Mapping[str, Array]
    ranges: Mapping[str, Array]
    in_fp32: frozenset[str]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inputs_of_layers: list[str] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def norm(self, entering: str, name: str, output: str, epsilon: float) -> str:
        scale = self.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        shift = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.node("LayerNormalization", [entering, scale, shift], output, axis=-1, epsilon=epsilon)

    def linear(self, entering: str, name: str, source: list[str], output: str) -> str:
        """Multiply by the weights of one or more layers side by side, and add their biases."""
        weight = np.concatenate([self.weights[f"{one}.weight"] for one in source]).T
        bias = self.constant(f"{name}.bias", np.concatenate([self.weights[f"{one}.bias"] for one in source]))
        self.inputs_of_layers.append(entering)
        if name in self.in_fp32:
            product = self.node("MatMul", [entering, self.constant(f"{name}.weight", weight)], f"{name}.product")
            return self.node("Add", [product, bias], output)
        smooth = _smoothing(self.ranges[entering], weight, _MOVED_SHARE[name.rpartition(".")[2]])
        smoothed = self.node("Mul", [entering, self.constant(f"{name}.smooth", 1 / smooth)], f"{name}.smoothed")
        weight = weight * smooth[:, None]
        scale = np.maximum(np.abs(weight).max(axis=0), _SMALLEST) / _INT8_MAX
        rounded = np.rint(weight / scale).astype(np.int8)
        operands = [
            smoothed,
            self.constant(f"{name}.weight", rounded),
            self.constant(f"{name}.scale", scale.astype(np.float32)),
            self.constant(f"{name}.zero", np.zeros(len(scale), dtype=np.int8)),
            bias,
        ]
        return self.node("DynamicQuantizeMatMul", operands, output, domain=_MICROSOFT)


def _smoothing(ranges: Array, weight: Array, moved: float) -> Array:
    """Return the factor per input channel, `(n_in,) float32`, that the weights take over from the activation."""
    of_weight = np.maximum(np.abs(weight).max(axis=1), _SMALLEST)
    factor = np.maximum(ranges, _SMALLEST) ** moved / of_weight ** (1 - moved)
    centred: Array = (factor / np.exp(np.log(factor).mean())).astype(np.float32)
    return centred


def draw(
    weights: Mapping[str, Array],
    shape: Architecture,
    fp32_layers: Fp32Layers = "all",
    ranges: Mapping[str, Array] | None = None,
    shows: Literal["vector", "activations"] = "vector",
) -> bytes:
    """Draw the graph of a model.

    Args:
        weights: By their names in a BERT checkpoint, without prefix; float32.
        shape: The architecture.
        fp32_layers: Which layers are not reduced to 8 bits.
        ranges: Greatest absolute value per channel of what enters each layer, as `ranges_of` finds them; needed
            unless all layers stay in fp32.
        shows: Whether what enters each layer is an output too.

    Returns:
        A serialised model: `ids (1, n_tokens) int64` to `vector (1, dim) float32`, a unit row.
    """
    drawing = _Drawing(weights, ranges or {}, _in_fp32(shape.layers, fp32_layers))
    state = _embed(drawing, shape)
    for block in range(shape.layers):
        state = _block(drawing, shape, block, state)
    _pool(drawing, shape, state)
    dimension = weights["embeddings.word_embeddings.weight"].shape[1]
    outputs = [helper.make_tensor_value_info(VECTOR, TensorProto.FLOAT, [1, dimension])]
    if shows == "activations":
        seen = dict.fromkeys(drawing.inputs_of_layers)
        outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in seen]
    graph = helper.make_graph(
        drawing.nodes,
        "encoder",
        [helper.make_tensor_value_info(IDS, TensorProto.INT64, [1, "tokens"])],
        outputs,
        drawing.constants,
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()
    return made


def ranges_of(activations: Mapping[str, FloatMatrix], known: Mapping[str, Array]) -> dict[str, Array]:
    """Widen the ranges found so far by one more text's.

    Args:
        activations: What entered each layer, `(1, n_tokens, n_channels)`.
        known: The ranges so far.

    Returns:
        Greatest absolute value per channel, by the layer's input.
    """
    found: dict[str, Array] = {}
    for name, values in activations.items():
        greatest = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
        found[name] = np.maximum(greatest, known[name]) if name in known else greatest
    return found


def _in_fp32(layers: int, which: Fp32Layers) -> frozenset[str]:
    if which == "all":
        return frozenset(f"{block}.{part}" for block in range(layers) for part in _MOVED_SHARE)
    return frozenset(f"{block}.narrow" for block in range(layers if which == "every narrow" else -(-layers // 3)))


def _embed(drawing: _Drawing, shape: Architecture) -> str:
    weights = drawing.weights
    # One text has one segment: its row is added to the positions once and for all.
    positions = weights["embeddings.position_embeddings.weight"][shape.first_position :]
    positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
    words = drawing.constant("words", weights["embeddings.word_embeddings.weight"])
    found = drawing.node("Gather", [words, IDS], "found")
    length = drawing.node("Shape", [IDS], "length", start=1)
    start = drawing.constant("start", np.array([0], dtype=np.int64))
    placed = drawing.node("Slice", [drawing.constant("positions", positions), start, length], "placed")
    summed = drawing.node("Add", [found, placed], "embedded")
    return drawing.norm(summed, "embeddings.LayerNorm", "state0", shape.epsilon)


def _block(drawing: _Drawing, shape: Architecture, block: int, state: str) -> str:
    name = f"encoder.layer.{block}"
    mine = str(block)
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    drawing.linear(state, f"{mine}.qkv", parts, f"{mine}.projected")
    split = [f"{mine}.query", f"{mine}.key", f"{mine}.value"]
    drawing.nodes.append(helper.make_node("Split", [f"{mine}.projected"], split, num_outputs=3, axis=-1))
    attended = drawing.node("MultiHeadAttention", split, f"{mine}.attended", domain=_MICROSOFT, num_heads=shape.heads)
    said = drawing.linear(attended, f"{mine}.output", [f"{name}.attention.output.dense"], f"{mine}.said")
    summed = drawing.node("Add", [said, state], f"{mine}.said_and_state")
    middle = drawing.norm(summed, f"{name}.attention.output.LayerNorm", f"{mine}.middle", shape.epsilon)
    wide = drawing.linear(middle, f"{mine}.widen", [f"{name}.intermediate.dense"], f"{mine}.wide")
    bent = drawing.node("Gelu", [wide], f"{mine}.bent", domain=_MICROSOFT)
    narrow = drawing.linear(bent, f"{mine}.narrow", [f"{name}.output.dense"], f"{mine}.narrowed")
    whole = drawing.node("Add", [narrow, middle], f"{mine}.whole")
    return drawing.norm(whole, f"{name}.output.LayerNorm", f"state{block + 1}", shape.epsilon)


def _pool(drawing: _Drawing, shape: Architecture, state: str) -> None:
    if shape.pooling == "mean":
        axis = drawing.constant("token_axis", np.array([1], dtype=np.int64))
        drawing.node("ReduceMean", [state, axis], "pooled", keepdims=0)
    else:
        first = drawing.constant("first_token", np.array(0, dtype=np.int64))
        drawing.node("Gather", [state, first], "pooled", axis=1)
    drawing.node("LpNormalization", ["pooled"], VECTOR, axis=-1, p=2)
