"""A network as LiteRT runs it: float32 beside int8, which is proved on real pictures and taken if it pays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt
import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]

from coop.classify.gallery import IDENTITY
from coop.classify.network import Network, without_chatter
from coop.domain.frame import Picture
from training.answers import Answers
from training.head import Head
from training.network import FEATURES
from training.parity import ParityError, refuse_degenerate

Floats = npt.NDArray[np.float32]

MOST_LOST = 0.005
"""Of the pictures: so much accuracy may int8 cost at most, where it is faster."""
WORTH_IT = 0.95
"""Of float32's time int8 must take less than this, to be worth its roughness."""
_MOST_IN_ONE = 0.95
LEAST_ALIKE = 0.9
"""The correlation of the features of both, around the middle of each: Lite0's is 0.99."""
_CALIBRATED_ON = 100  # pictures
_PROVED_ON = 200
_TIMED = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class Export:
    """A model file, and what card.json says of how it was chosen."""

    model: bytes
    about: Mapping[str, object]


def serving(model: keras.Model, head: Head) -> keras.Model:
    """A tuned network with the head of its package: pictures in, the package's outputs out."""
    features = model.get_layer(FEATURES).output
    outputs = {"logits": _dense(features, head.weights, head.bias), "embedding": features}
    if head.familiar is not None:
        outputs[IDENTITY] = _dense(features, head.familiar.weights, head.familiar.bias)
    return keras.Model(model.input, outputs)


def float32(model: keras.Model) -> bytes:
    """The model file of a network that `serving` made."""
    converter = _converter(model, tf.uint8)
    with without_chatter():
        return bytes(converter.convert())


def int8(model: keras.Model, prepared: Sequence[Picture]) -> bytes:
    """The same in whole numbers of 8 bits (post-training quantisation), their ranges taken from pictures."""
    converter = _converter(model, tf.float32)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.uint8
    step = max(1, len(prepared) // _CALIBRATED_ON)
    converter.representative_dataset = lambda: ([p[None].astype(np.float32)] for p in prepared[::step])
    with without_chatter():
        return bytes(converter.convert())


def better(plain: bytes, model: keras.Model, prepared: Sequence[Picture], answers: Answers) -> Export:
    """The faster of float32 and int8, unless that costs more than `MOST_LOST` of the pictures.

    Both are run on real pictures. An int8 file that says something else, or a network whose answers hardly
    depend on the picture (untrained, or broken), is refused with ParityError, or left where it lies.
    """
    step = max(1, len(prepared) // _PROVED_ON)
    numbers = np.arange(len(prepared))[::step]
    shown, truth = [prepared[k] for k in numbers], answers.of(numbers)
    rough = int8(model, prepared)
    first, second = _Run.of(plain, shown), _Run.of(rough, shown)
    figures = {"float32": first.figures(truth, plain), "int8": second.figures(truth, rough)}
    lost = truth.accuracy(first.logits) - truth.accuracy(second.logits)
    try:
        alike = check_alike(first.features, second.features)
    except ParityError as error:
        return Export(model=plain, about={"taken": "float32", "int8 refused": str(error), **figures})
    figures["int8"]["features alike"] = round(alike, 4)
    taken = "int8" if second.milliseconds < WORTH_IT * first.milliseconds and lost <= MOST_LOST else "float32"
    return Export(model=rough if taken == "int8" else plain, about={"taken": taken, **figures})


def check_alike(first: Floats, second: Floats) -> float:
    """How alike the features (n, d) are that two files give of the same pictures, 1 for the same.

    Raises ParityError below `LEAST_ALIKE`, and where either hardly depends on the picture.
    """
    for features in (first, second):
        refuse_degenerate(features.astype(np.float64), _MOST_IN_ONE)
    a, b = ((features - features.mean(axis=0)).astype(np.float64) for features in (first, second))
    alike = float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
    if alike < LEAST_ALIKE:
        raise ParityError(
            f"The features of both are alike to {alike:.2f} only; at least {LEAST_ALIKE} is asked"
        )
    return alike


@dataclass(frozen=True, eq=False, kw_only=True)
class _Run:
    logits: npt.NDArray[np.float64]
    features: Floats
    milliseconds: float

    @classmethod
    def of(cls, model: bytes, shown: Sequence[Picture]) -> _Run:
        network = Network(model)
        rows, times = [], []
        for picture in shown:
            began = time.process_time()
            rows.append(network.run(picture, "logits", "embedding"))
            times.append(1000 * (time.process_time() - began))
        logits, features = (np.stack(column) for column in zip(*rows, strict=True))
        quick = float(np.median(times[:_TIMED]))
        return cls(logits=logits.astype(np.float64), features=features, milliseconds=quick)

    def figures(self, truth: Answers, model: bytes) -> dict[str, float]:
        return {
            "ms a picture": round(self.milliseconds, 2),
            "right of the pictures learned from": round(truth.accuracy(self.logits), 4),
            "bytes": len(model),
        }


def _converter(model: keras.Model, kind: Any) -> Any:
    """A converter of a network without variables, whose outputs keep their names."""
    constants = (
        [tf.constant(v.numpy()) for v in model.trainable_variables],
        [tf.constant(v.numpy()) for v in model.non_trainable_variables],
    )
    shape = (1, *model.input.shape[1:])

    def serve(image: Any) -> Any:
        return model.stateless_call(*constants, tf.cast(image, tf.float32), training=False)[0]

    traced = tf.function(serve, input_signature=[tf.TensorSpec(shape, kind, name="image")])
    return tf.lite.TFLiteConverter.from_concrete_functions([traced.get_concrete_function()], tf.Module())


def _dense(x: keras.KerasTensor, weights: Floats, bias: Floats) -> keras.KerasTensor:
    layer = keras.layers.Dense(len(weights))
    output = layer(x)
    layer.set_weights([weights.T, bias])
    return output
