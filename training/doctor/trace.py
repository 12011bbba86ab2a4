"""One forward pass, layer by layer: what goes in, what comes out, and which layer feeds which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.doctor.untouched import PROBE_ERRORS, value_of

Array = npt.NDArray[Any]
L = keras.layers

CONVOLUTIONS = (L.Conv1D, L.Conv2D, L.Conv3D, L.Conv1DTranspose, L.Conv2DTranspose, L.SeparableConv2D)
WEIGHTED = (L.Dense, L.EinsumDense, *CONVOLUTIONS, L.DepthwiseConv1D, L.DepthwiseConv2D, L.RNN)
NORMS = (L.BatchNormalization, L.LayerNormalization, L.Normalization, L.GroupNormalization)
PASSING = (
    L.Dropout,
    L.SpatialDropout1D,
    L.SpatialDropout2D,
    L.Flatten,
    L.Reshape,
    L.Permute,
    L.BatchNormalization,
    L.AveragePooling1D,
    L.AveragePooling2D,
    L.GlobalAveragePooling1D,
    L.GlobalAveragePooling2D,
    L.ZeroPadding1D,
    L.ZeroPadding2D,
    L.RepeatVector,
)
"""Layers that are linear or leave what they get: nothing that could come between two linear layers."""
_OPAQUE = (L.RNN, L.Bidirectional, L.TimeDistributed, L.MultiHeadAttention)


@dataclass(frozen=True, eq=False)
class Call:
    """One layer at work. ``outputs`` is empty where it failed."""

    layer: Any
    inputs: list[Any]
    outputs: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.layer.name)

    @property
    def given(self) -> Array:
        return np.asarray(self.inputs[0])

    @property
    def gave(self) -> Array:
        return np.asarray(self.outputs[0])


@dataclass(frozen=True, eq=False)
class Trace:
    calls: list[Call]
    output: Any
    failure: Exception | None = None

    def last(self, *types: type) -> Call | None:
        return next((call for call in reversed(self.calls) if isinstance(call.layer, types)), None)

    def first(self, *types: type) -> Call | None:
        return next((call for call in self.calls if isinstance(call.layer, types)), None)

    def maker(self, tensor: Any) -> Call | None:
        """The call whose output the tensor is."""
        return next((c for c in reversed(self.calls) if c.outputs and c.outputs[0] is tensor), None)

    def behind(self, call: Call) -> Call | None:
        """The call before this one whose output it gets; a layer at rest, as dropout, gives what it gets."""
        earlier = self.calls[: self.calls.index(call)]
        return Trace(earlier, None).maker(call.inputs[0]) if call.inputs else None


def trace(model: Any, x: Any, training: bool = False) -> Trace:
    """Runs the model eagerly and remembers each layer's call; a failure ends the trace, with its cause."""
    calls: list[Call] = []
    with _recorded(calls):
        try:
            output = model(x, training=training)
        except PROBE_ERRORS as failure:
            return Trace(calls, None, failure)
    return Trace(calls, output)


@contextmanager
def _recorded(calls: list[Call]) -> Iterator[None]:
    original = L.Layer.__call__
    inside = 0

    def remembered(layer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        if inside or isinstance(layer, keras.Model) or not _is_leaf(layer):
            return original(layer, *args, **kwargs)
        inputs = [part for part in keras.tree.flatten(args) if hasattr(part, "shape")]
        call = Call(layer, inputs)
        calls.append(call)
        inside += 1
        try:
            outputs = original(layer, *args, **kwargs)
        finally:
            inside -= 1
        call.outputs.extend(part for part in keras.tree.flatten(outputs) if hasattr(part, "shape"))
        return outputs

    L.Layer.__call__ = remembered
    try:
        yield
    finally:
        L.Layer.__call__ = original


def _is_leaf(layer: Any) -> bool:
    return isinstance(layer, _OPAQUE) or not layer._layers


def activation_name(layer: Any) -> str | None:
    """The name of a layer's own activation; None where it has none."""
    if isinstance(layer, L.ReLU):
        return "relu"
    if isinstance(layer, L.Softmax):
        return "softmax"
    activation = getattr(layer, "activation", None)
    if activation is None or isinstance(layer, L.RNN):
        return None
    name = getattr(activation, "__name__", None) or type(activation).__name__
    return str(name).lower()


def kernel_of(layer: Any) -> Any:
    """The trainable matrix that a layer multiplies by; None where there is none."""
    of = layer.cell if isinstance(layer, L.RNN) and hasattr(layer, "cell") else layer
    for name in ("kernel", "_kernel", "depthwise_kernel", "_embeddings", "embeddings"):
        found = getattr(of, name, None)
        if found is not None and hasattr(found, "shape"):
            return found
    return None


def width_of(layer: Any) -> int | None:
    for name in ("units", "filters"):
        if isinstance(getattr(layer, name, None), int):
            return int(getattr(layer, name))
    return None


def as_made(layer: Any, kernel: Any) -> bool:
    """Is it as its initializer made it? One with a seed, and all of Keras have one, gives the same again."""
    of = layer.cell if isinstance(layer, L.RNN) else layer
    initializer = getattr(of, "kernel_initializer", None) or getattr(of, "embeddings_initializer", None)
    if initializer is None or not isinstance(getattr(initializer, "seed", None), int):
        return False
    return bool(np.array_equal(value_of(initializer(kernel.shape, dtype=kernel.dtype)), value_of(kernel)))
