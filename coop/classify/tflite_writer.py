"""Writes small float32 networks as ``.tflite`` files with the LiteRT package's own schema.

Only the operators that an EfficientNet-Lite and a head on it need; no converter and no TensorFlow.
Tensors are NHWC, and their first dimension is the batch, which the runtime may resize.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

Floats = npt.NDArray[np.float32]

_FILE_IDENTIFIER = b"TFL3"
_SCHEMA_VERSION = 3
_MAX_OLD_OPERATOR_CODE = 127  # codes above it do not fit the field that old readers look at
_DATA_ALIGNMENT = 16  # what kernels may assume of constant data


@dataclass(frozen=True, slots=True)
class Node:
    """A tensor of the graph being built: its number there and its shape with batch size 1."""

    index: int
    shape: tuple[int, ...]


class GraphWriter:
    """Builds one graph, operator by operator; every method returns the operator's output."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: dict[int, int] = {}  # builtin operator -> its place in the file's operator table
        self._buffers: list[Any] = [schema.BufferT()]  # number 0 means "no data" by convention
        self._inputs: dict[str, Node] = {}

    def picture_input(self, name: str, size: int) -> Node:
        """A uint8 input of shape (batch, size, size, 3)."""
        node = self._tensor(name, (1, size, size, 3), schema.TensorType.UINT8)
        self._inputs[name] = node
        return node

    def cast_to_float(self, x: Node) -> Node:
        options = schema.CastOptionsT()
        options.inDataType, options.outDataType = schema.TensorType.UINT8, schema.TensorType.FLOAT32
        return self._add("CAST", [x], x.shape, options)

    def scale(self, x: Node, factor: float) -> Node:
        return self._add("MUL", [x, self._floats(np.float32(factor))], x.shape, schema.MulOptionsT())

    def shift(self, x: Node, term: float) -> Node:
        return self._add("ADD", [x, self._floats(np.float32(term))], x.shape, schema.AddOptionsT())

    def shift_each(self, x: Node, terms: Floats, name: str) -> Node:
        """Adds to each channel its own term."""
        return self._add("ADD", [x, self._floats(terms)], x.shape, schema.AddOptionsT(), name)

    def add(self, x: Node, y: Node) -> Node:
        """The element-wise sum of two tensors of one shape."""
        return self._add("ADD", [x, y], x.shape, schema.AddOptionsT())

    def conv(self, x: Node, weights: Floats, bias: Floats, *, stride: int, relu6: bool) -> Node:
        """Convolution with "same" padding. ``weights``: (out, height, width, in)."""
        options = schema.Conv2DOptionsT()
        self._set_conv(options, stride, relu6)
        parts = [x, self._floats(weights), self._floats(bias)]
        return self._add("CONV_2D", parts, _strided(x, stride, weights.shape[0]), options)

    def depthwise(self, x: Node, weights: Floats, bias: Floats, *, stride: int, relu6: bool) -> Node:
        """Depthwise convolution with "same" padding. ``weights``: (1, height, width, channels)."""
        options = schema.DepthwiseConv2DOptionsT()
        self._set_conv(options, stride, relu6)
        options.depthMultiplier = 1
        parts = [x, self._floats(weights), self._floats(bias)]
        return self._add("DEPTHWISE_CONV_2D", parts, _strided(x, stride, x.shape[3]), options)

    def average_over_picture(self, x: Node, name: str) -> Node:
        """(batch, h, w, channels) -> (batch, channels)."""
        axes = self._constant(np.array([1, 2], dtype=np.int32), schema.TensorType.INT32)
        return self._reduced("MEAN", x, axes, keep=False, name=name)

    def shrink(self, x: Node, factor: int) -> Node:
        """The average of each square of ``factor`` by ``factor`` places; the sides are divided by it."""
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH = options.strideW = options.filterHeight = options.filterWidth = factor
        options.fusedActivationFunction = schema.ActivationFunctionType.NONE
        shape = (1, x.shape[1] // factor, x.shape[2] // factor, x.shape[3])
        return self._add("AVERAGE_POOL_2D", [x], shape, options)

    def flat(self, x: Node, name: str) -> Node:
        """(batch, h, w, channels) -> (batch, h * w * channels)."""
        size = x.shape[1] * x.shape[2] * x.shape[3]
        options = schema.ReshapeOptionsT()
        options.newShape = np.array([-1, size], dtype=np.int32)
        parts = [x, self._constant(options.newShape, schema.TensorType.INT32)]
        return self._add("RESHAPE", parts, (1, size), options, name)

    def soft_maximum(self, x: Node) -> Node:
        """(batch, h, w, channels) -> (batch, channels): the logarithm of the mean exponential over places."""
        axes = self._constant(np.array([1, 2], dtype=np.int32), schema.TensorType.INT32)
        highest = self._reduced("REDUCE_MAX", x, axes, keep=True)
        lowered = self._add("SUB", [x, highest], x.shape, schema.SubOptionsT())  # cannot overflow
        shares = self.exp(lowered)
        mean = self._reduced("MEAN", shares, axes, keep=False)
        return self.add(self.log(mean), self._reduced("REDUCE_MAX", x, axes, keep=False))

    def dense(self, x: Node, weights: Floats, bias: Floats, name: str = "") -> Node:
        """Fully connected layer. ``weights``: (out, in), ``bias``: (out,)."""
        parts = [x, self._floats(weights), self._floats(bias)]
        options = schema.FullyConnectedOptionsT()
        return self._add("FULLY_CONNECTED", parts, (1, weights.shape[0]), options, name)

    def softmax(self, x: Node) -> Node:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        return self._add("SOFTMAX", [x], x.shape, options)

    def exp(self, x: Node) -> Node:
        return self._add("EXP", [x], x.shape, schema.ExpOptionsT())

    def log(self, x: Node, name: str = "") -> Node:
        return self._add("LOG", [x], x.shape, None, name)

    def finish(self, outputs: Mapping[str, Node]) -> bytes:
        """The file's bytes. ``outputs`` become tensors and signature entries of these names."""
        graph = schema.SubGraphT()
        graph.name = "main"
        graph.tensors = self._tensors
        graph.operators = self._operators
        graph.inputs = [node.index for node in self._inputs.values()]
        graph.outputs = [node.index for node in outputs.values()]
        model = schema.ModelT()
        model.version = _SCHEMA_VERSION
        model.description = self._description
        model.operatorCodes = [_operator_code(code) for code in self._codes]
        model.subgraphs = [graph]
        model.buffers = self._buffers
        model.signatureDefs = [_signature(self._inputs, outputs)]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), _FILE_IDENTIFIER)
        return bytes(builder.Output())

    def _reduced(self, operator: str, x: Node, axes: Node, *, keep: bool, name: str = "") -> Node:
        """One number for all places of a map (batch, h, w, channels); with ``keep`` as a map of one place."""
        options = schema.ReducerOptionsT()
        options.keepDims = keep
        shape = (1, 1, 1, x.shape[3]) if keep else (1, x.shape[3])
        return self._add(operator, [x, axes], shape, options, name)

    def _add(
        self, operator: str, parts: list[Node], shape: tuple[int, ...], options: Any, name: str = ""
    ) -> Node:
        output = self._tensor(
            name or f"{operator.lower()}_{len(self._operators)}", shape, schema.TensorType.FLOAT32
        )
        op = schema.OperatorT()
        code: int = getattr(schema.BuiltinOperator, operator)
        op.opcodeIndex = self._codes.setdefault(code, len(self._codes))
        op.inputs = [part.index for part in parts]
        op.outputs = [output.index]
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._operators.append(op)
        return output

    def _tensor(self, name: str, shape: tuple[int, ...], kind: int, buffer: int = 0) -> Node:
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.buffer = name, kind, buffer
        tensor.shape = list(shape)
        if not buffer:
            tensor.shapeSignature = [-1, *shape[1:]]
        self._tensors.append(tensor)
        return Node(len(self._tensors) - 1, shape)

    def _floats(self, values: Floats | np.float32) -> Node:
        return self._constant(np.asarray(values, dtype=np.float32), schema.TensorType.FLOAT32)

    def _constant(self, values: npt.NDArray[Any], kind: int) -> Node:
        self._buffers.append(_AlignedBuffer(values.tobytes()))
        number = len(self._buffers) - 1
        return self._tensor(f"constant_{number}", values.shape, kind, number)

    @staticmethod
    def _set_conv(options: Any, stride: int, relu6: bool) -> None:
        kinds = schema.ActivationFunctionType
        options.padding = schema.Padding.SAME
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = 1
        options.fusedActivationFunction = kinds.RELU6 if relu6 else kinds.NONE


class _AlignedBuffer:
    """Constant data, aligned in the file as kernels expect; packs itself as the schema's ``BufferT`` does."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def Pack(self, builder: Any) -> int:  # the name that the schema's ModelT calls
        builder.StartVector(1, len(self._data), _DATA_ALIGNMENT)
        builder.head -= len(self._data)
        builder.Bytes[builder.head : builder.head + len(self._data)] = self._data
        vector = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, vector)
        packed: int = schema.BufferEnd(builder)
        return packed


def _strided(x: Node, stride: int, channels: int) -> tuple[int, ...]:
    """The shape after a "same" convolution: sizes are divided by the stride and rounded up."""
    return (1, -(-x.shape[1] // stride), -(-x.shape[2] // stride), channels)


def _operator_code(code: int) -> Any:
    entry = schema.OperatorCodeT()
    entry.builtinCode = code
    entry.deprecatedBuiltinCode = min(code, _MAX_OLD_OPERATOR_CODE)
    entry.version = 1
    return entry


def _signature(inputs: Mapping[str, Node], outputs: Mapping[str, Node]) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey = "serving_default"
    signature.inputs = [_named(name, node) for name, node in inputs.items()]
    signature.outputs = [_named(name, node) for name, node in outputs.items()]
    return signature


def _named(name: str, node: Node) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, node.index
    return entry
