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
_INT8_ACTIVATIONS = 4
"""What ONNX Runtime calls the accuracy level that rounds activations to 8 bits too."""

_NARROW = ".narrow"

# How much of an activation's range is moved into the weights, after SmoothQuant (https://arxiv.org/abs/2211.10438), for
# the layers that are rounded with one scale per text. What enters the narrowing layers, behind the GELU, has outliers
# that no such scale fits: it is rounded in blocks, at half the speed. Measured with all-MiniLM-L6-v2 on 200 chunks of
# runbooks, worst cosine to fp32: 0.983 with one scale and nothing moved, 0.994 with one scale and the best shares
# found; as here 0.998, on 626 chunks.
_MOVED_SHARE = 0.5
_BLOCK = 128
_UNSIGNED_ZERO = 128

Precision = Literal["fp32", "int8", "int8 but narrow layers"]
"""What the layers compute in; the narrow ones are those from 4 x hidden to hidden."""


@dataclass(slots=True)
class _Drawing:
    """A graph in the making."""

    weights: Mapping[str, Array]
    ranges: Mapping[str, Array]
    precision: Precision
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
        narrow = name.endswith(_NARROW)
        if self.precision == "fp32" or (narrow and (self.precision != "int8" or len(weight) % _BLOCK)):
            product = self.node("MatMul", [entering, self.constant(f"{name}.weight", weight)], f"{name}.product")
            return self.node("Add", [product, bias], output)
        if narrow:
            return self.node("Add", [self._by_blocks(entering, name, weight), bias], output)
        smooth = _smoothing(self.ranges[entering], weight)
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

    def _by_blocks(self, entering: str, name: str, weight: Array) -> str:
        """Multiply with a scale for every 128 inputs, of each token and of each output."""
        n_in, n_out = weight.shape
        blocks = weight.T.reshape(n_out, n_in // _BLOCK, _BLOCK)
        scale = np.maximum(np.abs(blocks).max(axis=2), _SMALLEST) / _INT8_MAX
        rounded = (np.rint(blocks / scale[:, :, None]) + _UNSIGNED_ZERO).astype(np.uint8)
        return self.node(
            "MatMulNBits",
            [
                entering,
                self.constant(f"{name}.weight", rounded),
                self.constant(f"{name}.scale", scale.astype(np.float32)),
            ],
            f"{name}.product",
            domain=_MICROSOFT,
            K=n_in,
            N=n_out,
            bits=8,
            block_size=_BLOCK,
            accuracy_level=_INT8_ACTIVATIONS,
        )


def _smoothing(ranges: Array, weight: Array) -> Array:
    """Return the factor per input channel, `(n_in,) float32`, that the weights take over from the activation."""
    of_weight = np.maximum(np.abs(weight).max(axis=1), _SMALLEST)
    factor = np.maximum(ranges, _SMALLEST) ** _MOVED_SHARE / of_weight ** (1 - _MOVED_SHARE)
    centred: Array = (factor / np.exp(np.log(factor).mean())).astype(np.float32)
    return centred


def draw(
    weights: Mapping[str, Array],
    shape: Architecture,
    precision: Precision = "fp32",
    ranges: Mapping[str, Array] | None = None,
    shows: Literal["vector", "activations"] = "vector",
) -> bytes:
    """Draw the graph of a model.

    Args:
        weights: By their names in a BERT checkpoint, without prefix; float32.
        shape: The architecture.
        precision: What its layers compute in.
        ranges: Greatest absolute value per channel of what enters each layer, as `ranges_of` finds them; needed
            unless they compute in fp32.
        shows: Whether what enters each layer is an output too.

    Returns:
        A serialised model: `ids (1, n_tokens) int64` to `vector (1, dim) float32`, a unit row.
    """
    drawing = _Drawing(weights, ranges or {}, precision)
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
