"""A network whose answers are angles: from its features to learned centres of each class, and back again."""

from __future__ import annotations

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from training.losses import CosineCentres
from training.network import ANSWER, FEATURES, dense

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]

_APART = 0.05
"""So far from one another the centres of one class begin, by the length of its middle."""


def angular(
    model: keras.Model,
    features: Floats,
    truth: Numbers,
    classes: int,
    *,
    centres: int,
    scale: float,
    dropout: float,
) -> keras.Model:
    """The network with centres in place of its linear head, that begin in the middle of each class.

    ``features`` (n, d) of pictures, ``truth`` their classes. A class of which there is none begins anywhere.
    """
    random = np.random.default_rng(0)
    x = keras.layers.Dropout(dropout, name="angular_dropout")(model.get_layer(FEATURES).output)
    layer = CosineCentres(classes, centres, scale, name=ANSWER)
    answer = layer(x)
    middles = random.normal(0, 1, (classes, features.shape[1]))
    for k in np.unique(truth):
        middles[k] = features[truth == k].mean(axis=0)
    unit = np.repeat(middles / np.linalg.norm(middles, axis=1, keepdims=True), centres, axis=0)
    if centres > 1:
        unit = unit + random.normal(0, _APART / np.sqrt(unit.shape[1]), unit.shape)
    layer.set_weights([unit.T.astype(np.float32)])
    return keras.Model(model.input, answer)


def linear(model: keras.Model, weights: Floats, bias: Floats) -> keras.Model:
    """The network with a linear head on its features in place of centres."""
    return keras.Model(model.input, dense(model.get_layer(FEATURES).output, weights, bias, ANSWER))
