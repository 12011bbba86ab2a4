"""The starter network in Keras, from the same weights: it proves the hand-written ``model.tflite`` right."""

from __future__ import annotations

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from coop.classify.efficientnet_lite import INPUT_SIZE, Lite0Weights
from coop.classify.starter import SMALLEST_SHARE
from coop.classify.starter_classes import group_matrix, read_starter_classes
from coop.errors import CoopError
from training.network import backbone, dense

Floats = npt.NDArray[np.float32]

_TINY = 1e-300
_FEWEST = 10  # pictures


class ParityError(CoopError, AssertionError):
    """Two versions of one network that do not agree, or outputs that could not show it if they did."""


def build_starter(weights: Lite0Weights) -> keras.Model:
    """Input (batch, 224, 224, 3): RGB, 0 to 255. Outputs by name: ``logits``, ``embedding``, ``imagenet``."""
    picture = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="image")
    embedding = backbone(picture, weights)
    imagenet = dense(embedding, weights.classifier, weights.bias, "imagenet")
    groups = group_matrix(read_starter_classes())
    smallest = np.full(len(groups), SMALLEST_SHARE, dtype=np.float32)
    sums = dense(keras.layers.Softmax()(imagenet), groups, smallest, "sums")
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
