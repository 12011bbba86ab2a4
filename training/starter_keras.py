"""The starter network in Keras, from the same weights: it proves the hand-written ``model.tflite`` right."""

from __future__ import annotations

from collections.abc import Iterable

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import (
    INPUT_SIZE,
    PIXEL_MEAN,
    PIXEL_SCALE,
    Block,
    BlockWeights,
    Convolution,
    Lite0Weights,
    lite0_blocks,
)
from coop.classify.starter import SMALLEST_SHARE
from coop.classify.starter_classes import group_matrix, read_starter_classes
from coop.errors import CoopError

Floats = npt.NDArray[np.float32]

_TINY = 1e-300
_FEWEST = 10  # pictures


class ParityError(CoopError, AssertionError):
    """Two versions of one network that do not agree, or outputs that could not show it if they did."""


def build_starter(weights: Lite0Weights) -> keras.Model:
    """Input (batch, 224, 224, 3): RGB, 0 to 255. Outputs by name: ``logits``, ``embedding``, ``imagenet``."""
    picture = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="image")
    x = keras.layers.Rescaling(1 / PIXEL_SCALE, offset=-PIXEL_MEAN / PIXEL_SCALE)(picture)
    x = _conv(x, weights.stem, stride=2, relu6=True)
    for block, parts in zip(lite0_blocks(), weights.blocks, strict=True):
        x = _block(x, block, parts)
    x = _conv(x, weights.top, stride=1, relu6=True)
    embedding = keras.layers.GlobalAveragePooling2D()(x)
    imagenet = _dense(embedding, weights.classifier, weights.bias)
    groups = group_matrix(read_starter_classes())
    sums = _dense(
        keras.layers.Softmax()(imagenet), groups, np.full(len(groups), SMALLEST_SHARE, dtype=np.float32)
    )
    return keras.Model(picture, {"logits": keras.ops.log(sums), "embedding": embedding, "imagenet": imagenet})


def check_parity(left: Floats, right: Floats, *, tolerance: float) -> float:
    """The largest difference between two networks' outputs (pictures, n) for the same pictures.

    Raises ParityError if it is above ``tolerance`` times the outputs' own spread, and also if the outputs
    prove nothing: a constant output agrees with itself, whatever the weights.
    """
    if left.shape != right.shape or left.ndim != 2 or len(left) < _FEWEST:
        raise ParityError(
            f"Outputs of shapes {left.shape} and {right.shape} prove nothing. "
            f"Give both networks the same pictures, at least {_FEWEST}"
        )
    for outputs in (left, right):
        _refuse_degenerate(outputs.astype(np.float64))
    difference = float(np.abs(left - right).max())
    if difference > tolerance * float(left.std(axis=0).mean()):
        raise ParityError(
            f"The networks differ by {difference:.2g}, allowed are {tolerance:.2g} of the spread"
        )
    return difference


def _refuse_degenerate(outputs: npt.NDArray[np.float64]) -> None:
    """Refuses outputs that hardly depend on the picture, or on one thing in it only, such as its brightness.

    Measured: the first principal component of the starter's outputs holds 6% to 35% of their variance, of an
    untrained network's 81% to 100%.
    """
    if not np.isfinite(outputs).all():
        raise ParityError("Some outputs are not finite")
    spread = float(outputs.std(axis=0).mean()) / max(float(np.abs(outputs).mean()), _TINY)
    variances = np.linalg.svd(outputs - outputs.mean(axis=0), compute_uv=False) ** 2
    first = float(variances[0]) / max(float(variances.sum()), _TINY)
    if spread < 0.01 or first > 0.7:
        raise ParityError(
            f"The outputs hardly depend on the picture (spread {spread:.2g} of their size, {first:.0%} of it "
            "in one direction), as those of an untrained network. Agreement would prove nothing"
        )


def _block(x: keras.KerasTensor, block: Block, parts: BlockWeights) -> keras.KerasTensor:
    y = x
    if parts.expand is not None:
        y = _conv(y, parts.expand, stride=1, relu6=True)
    y = _depthwise(y, parts.depthwise, stride=block.stride)
    y = _conv(y, parts.project, stride=1, relu6=False)
    return keras.layers.Add()([x, y]) if block.residual else y


def _conv(x: keras.KerasTensor, conv: Convolution, *, stride: int, relu6: bool) -> keras.KerasTensor:
    layer = keras.layers.Conv2D(
        conv.weights.shape[0],
        conv.weights.shape[1:3],
        strides=stride,
        padding="same",
        activation="relu6" if relu6 else None,
    )
    return _with_weights(layer, x, (conv.weights.transpose(1, 2, 3, 0), conv.bias))


def _depthwise(x: keras.KerasTensor, conv: Convolution, *, stride: int) -> keras.KerasTensor:
    layer = keras.layers.DepthwiseConv2D(
        conv.weights.shape[1:3], strides=stride, padding="same", activation="relu6"
    )
    return _with_weights(layer, x, (conv.weights.transpose(1, 2, 3, 0), conv.bias))


def _dense(x: keras.KerasTensor, weights: Floats, bias: Floats) -> keras.KerasTensor:
    return _with_weights(keras.layers.Dense(len(weights)), x, (weights.T, bias))


def _with_weights(
    layer: keras.layers.Layer, x: keras.KerasTensor, weights: Iterable[Floats]
) -> keras.KerasTensor:
    output = layer(x)
    layer.set_weights(list(weights))
    return output
