"""An EfficientNet-Lite as a Keras network that can be tuned, from the published weights and back again.

Batch normalisation is folded into the convolutions, so it is in inference mode whatever is trained, and the
tuned weights go into a model package the same way as the published ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import (
    PIXEL_MEAN,
    PIXEL_SCALE,
    Block,
    BlockWeights,
    Convolution,
    LiteWeights,
)

Floats = npt.NDArray[np.float32]

FEATURES = "embedding"
ANSWER = "answer"
EXACT = "float32"
"""Of features and answers, whatever the layers before them reckon in."""


def backbone(picture: keras.KerasTensor, weights: LiteWeights) -> keras.KerasTensor:
    """RGB pictures (batch, side, side, 3), 0 to 255, to features (batch, 1280)."""
    x = keras.layers.Rescaling(1 / PIXEL_SCALE, offset=-PIXEL_MEAN / PIXEL_SCALE)(picture)
    x = _conv(x, weights.stem, "stem", stride=2, relu6=True)
    for number, (block, parts) in enumerate(zip(weights.plan.blocks(), weights.blocks, strict=True)):
        x = _block(x, block, parts, f"block{number}")
    x = _conv(x, weights.top, "top", stride=1, relu6=True)
    return keras.layers.GlobalAveragePooling2D(name=FEATURES, dtype=EXACT)(x)


def dense(x: keras.KerasTensor, weights: Floats, bias: Floats, name: str) -> keras.KerasTensor:
    """A linear layer. ``weights``: (outputs, inputs), ``bias``: (outputs,)."""
    return _with_weights(keras.layers.Dense(len(weights), name=name, dtype=EXACT), x, (weights.T, bias))


def tunable(
    weights: LiteWeights, head: tuple[Floats, Floats], *, side: int, frozen: int, dropout: float
) -> keras.Model:
    """The network with a linear head that is to be tuned: pictures in, one number for each output out.

    ``frozen``: the stem and so many of the blocks (Lite0 has sixteen) stay as they are.
    """
    picture = keras.Input((side, side, 3), name="image")
    features = backbone(picture, weights)
    answer = dense(keras.layers.Dropout(dropout, name="dropout")(features), *head, ANSWER)
    model = keras.Model(picture, answer)
    kept = ("stem", *(f"block{number}_" for number in range(frozen)))
    for layer in model.layers:
        layer.trainable = not layer.name.startswith(kept)
    return model


def features_of(model: keras.Model) -> keras.Model:
    """The part of a tunable network that ends with the features."""
    return keras.Model(model.input, model.get_layer(FEATURES).output)


def tuned_weights(model: keras.Model, published: LiteWeights) -> LiteWeights:
    """The weights of a tuned network as a package is written from them."""
    blocks = tuple(
        BlockWeights(
            expand=None if parts.expand is None else _read(model, f"block{number}_expand", (3, 0, 1, 2)),
            depthwise=_read(model, f"block{number}_depthwise", (3, 0, 1, 2)),
            project=_read(model, f"block{number}_project", (3, 0, 1, 2)),
        )
        for number, parts in enumerate(published.blocks)
    )
    return replace(
        published,
        stem=_read(model, "stem", (3, 0, 1, 2)),
        blocks=blocks,
        top=_read(model, "top", (3, 0, 1, 2)),
    )


def _read(model: keras.Model, name: str, order: tuple[int, ...]) -> Convolution:
    kernel, bias = model.get_layer(name).get_weights()
    return Convolution(np.ascontiguousarray(kernel.transpose(order), dtype=np.float32), np.asarray(bias))


def _block(x: keras.KerasTensor, block: Block, parts: BlockWeights, name: str) -> keras.KerasTensor:
    y = x
    if parts.expand is not None:
        y = _conv(y, parts.expand, f"{name}_expand", stride=1, relu6=True)
    y = _depthwise(y, parts.depthwise, f"{name}_depthwise", stride=block.stride)
    y = _conv(y, parts.project, f"{name}_project", stride=1, relu6=False)
    return keras.layers.Add(name=f"{name}_sum")([x, y]) if block.residual else y


def _conv(
    x: keras.KerasTensor, conv: Convolution, name: str, *, stride: int, relu6: bool
) -> keras.KerasTensor:
    layer = keras.layers.Conv2D(
        conv.weights.shape[0],
        conv.weights.shape[1:3],
        strides=stride,
        padding="same",
        activation="relu6" if relu6 else None,
        name=name,
    )
    return _with_weights(layer, x, (conv.weights.transpose(1, 2, 3, 0), conv.bias))


def _depthwise(x: keras.KerasTensor, conv: Convolution, name: str, *, stride: int) -> keras.KerasTensor:
    layer = keras.layers.DepthwiseConv2D(
        conv.weights.shape[1:3], strides=stride, padding="same", activation="relu6", name=name
    )
    return _with_weights(layer, x, (conv.weights.transpose(1, 2, 3, 0), conv.bias))


def _with_weights(
    layer: keras.layers.Layer, x: keras.KerasTensor, weights: Iterable[Floats]
) -> keras.KerasTensor:
    output = layer(x)
    layer.set_weights(list(weights))
    return output
