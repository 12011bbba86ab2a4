"""Losses of coop tasks as Keras classes. Truth is one-hot or a set, (n, classes); predictions are logits.

Each is held against plain NumPy in the tests, in value and in gradient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
from keras import ops

_NEAR_ONE = 1e-6  # where the slope of the arc cosine has no end


@keras.saving.register_keras_serializable("neurocoop")
class SmoothedCrossEntropy(keras.losses.Loss):  # type: ignore[misc,unused-ignore]
    """Cross-entropy of one class (softmax), or with ``multi`` of each class by itself (sigmoid).

    ``smoothing`` is the share of doubt in every answer (Szegedy et al. 2016). In a multi task the classes'
    losses are added up, so that a picture weighs the same however its set is written.
    """

    def __init__(self, *, smoothing: float = 0.0, multi: bool = False, name: str = "cross_entropy") -> None:
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing must be from 0 to below 1. Received: smoothing={smoothing}")
        super().__init__(name=name)
        self.smoothing, self.multi = smoothing, multi

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth = ops.cast(y_true, y_pred.dtype)
        if self.multi:
            truth = truth * (1 - self.smoothing) + self.smoothing / 2
            # softplus(z) - t z is -t log p - (1 - t) log(1 - p), and cannot overflow
            return ops.sum(ops.softplus(y_pred) - truth * y_pred, axis=-1)
        truth = truth * (1 - self.smoothing) + self.smoothing / y_pred.shape[-1]
        return -ops.sum(truth * ops.log_softmax(y_pred, axis=-1), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"smoothing": self.smoothing, "multi": self.multi, "name": self.name}


@keras.saving.register_keras_serializable("neurocoop")
class Focal(keras.losses.Loss):  # type: ignore[misc,unused-ignore]
    """Focal loss (Lin et al. 2017): what is answered well counts less, by (1 - p) to the ``gamma``."""

    def __init__(self, *, gamma: float = 2.0, multi: bool = False, name: str = "focal") -> None:
        if gamma < 0:
            raise ValueError(f"gamma must not be negative. Received: gamma={gamma}")
        super().__init__(name=name)
        self.gamma, self.multi = gamma, multi

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth = ops.cast(y_true, y_pred.dtype)
        if self.multi:
            signed = (2 * truth - 1) * y_pred  # its sigmoid is the probability of what is true
            return ops.sum(ops.sigmoid(-signed) ** self.gamma * ops.softplus(-signed), axis=-1)
        log_p = ops.log_softmax(y_pred, axis=-1)
        return -ops.sum(truth * (1 - ops.exp(log_p)) ** self.gamma * log_p, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"gamma": self.gamma, "multi": self.multi, "name": self.name}


@keras.saving.register_keras_serializable("neurocoop")
class ClassBalanced(keras.losses.Loss):  # type: ignore[misc,unused-ignore]
    """Cross-entropy of one class, weighted by the effective number of its pictures (Cui et al. 2019).

    ``counts``: pictures of each class. The n-th picture of a class is worth ``beta`` to the n - 1 of its
    first one; the weights' mean is 1.
    """

    def __init__(self, counts: Sequence[int], *, beta: float = 0.999, name: str = "class_balanced") -> None:
        if not 0 <= beta < 1 or not counts or min(counts) < 1:
            raise ValueError(
                "Class-balanced loss needs a beta from 0 to below 1 and at least one picture of each class. "
                f"Received: beta={beta}, counts={list(counts)}"
            )
        super().__init__(name=name)
        self.counts, self.beta = tuple(counts), beta
        weights = (1 - beta) / (1 - beta ** np.asarray(counts, dtype=np.float64))
        self.weights = weights / weights.mean()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth = ops.cast(y_true, y_pred.dtype)
        weights = ops.convert_to_tensor(self.weights, dtype=y_pred.dtype)
        return -ops.sum(truth * weights * ops.log_softmax(y_pred, axis=-1), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"counts": list(self.counts), "beta": self.beta, "name": self.name}


@keras.saving.register_keras_serializable("neurocoop")
class ArcFace(keras.losses.Loss):  # type: ignore[misc,unused-ignore]
    """Additive angular margin (Deng et al. 2019), over cosines between an embedding and class centres.

    The angle to the right class must be smaller by ``margin`` (radians); ``scale`` makes logits of cosines.
    With ``centres`` > 1 it is sub-centre ArcFace (Deng et al. 2020): predictions are (n, classes * centres),
    a class's centres beside one another, and the nearest one counts, so that a few wrong labels or another
    look of the same hen get a centre of their own. `CosineCentres` gives such predictions. ``scaled``: they
    are logits already, cosines times the scale, as that layer gives them where it is told the scale.
    """

    def __init__(
        self,
        *,
        margin: float = 0.5,
        scale: float = 64.0,
        centres: int = 1,
        scaled: bool = False,
        name: str = "arcface",
    ) -> None:
        if not 0 <= margin < math.pi / 2 or scale <= 0 or centres < 1:
            raise ValueError(
                "ArcFace needs a margin from 0 to below pi/2, a positive scale and at least one centre. "
                f"Received: margin={margin}, scale={scale}, centres={centres}"
            )
        super().__init__(name=name)
        self.margin, self.scale, self.centres, self.scaled = margin, scale, centres, scaled

    def call(self, y_true: Any, y_pred: Any) -> Any:
        truth = ops.cast(y_true, y_pred.dtype)
        cosine = y_pred / self.scale if self.scaled else y_pred
        cosine = ops.clip(nearest_centre(cosine, self.centres), -1 + _NEAR_ONE, 1 - _NEAR_ONE)
        sine = ops.sqrt(1 - cosine**2)
        with_margin = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        # Beyond pi - margin the cosine would rise again: from there on it falls in a straight line.
        straight = cosine - self.margin * math.sin(self.margin)
        with_margin = ops.where(cosine > math.cos(math.pi - self.margin), with_margin, straight)
        logits = self.scale * (truth * with_margin + (1 - truth) * cosine)
        return -ops.sum(truth * ops.log_softmax(logits, axis=-1), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {
            "margin": self.margin, "scale": self.scale, "centres": self.centres, "scaled": self.scaled,
            "name": self.name,
        }  # fmt: skip


@keras.saving.register_keras_serializable("neurocoop")
class CosineCentres(keras.layers.Layer):  # type: ignore[misc,unused-ignore]
    """Cosines between embeddings (n, d) and learned class centres: (n, classes * centres).

    With a ``scale`` logits, (n, classes): the cosine to the nearest centre of each class, times the scale.
    """

    def __init__(self, classes: int, centres: int = 1, scale: float | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.classes, self.centres, self.scale = classes, centres, scale

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (input_shape[-1], self.classes * self.centres)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="centres")

    def call(self, inputs: Any) -> Any:
        unit = ops.normalize(inputs, axis=-1)
        cosines = ops.matmul(unit, ops.normalize(self.kernel, axis=0))
        return cosines if self.scale is None else self.scale * nearest_centre(cosines, self.centres)

    def get_config(self) -> dict[str, Any]:
        settings = {"classes": self.classes, "centres": self.centres, "scale": self.scale}
        return {**super().get_config(), **settings}


@keras.saving.register_keras_serializable("neurocoop")
class SoftAnswers(keras.losses.Loss):  # type: ignore[misc,unused-ignore]
    """What a teacher says is the truth (Hinton et al. 2015): its logits, both softened by ``temperature``.

    Times the temperature's square, so that gradients stay as large. With ``multi`` each class by itself.
    """

    def __init__(self, *, temperature: float = 2.0, multi: bool = False, name: str = "soft_answers") -> None:
        if temperature <= 0:
            raise ValueError(f"temperature must be above 0. Received: temperature={temperature}")
        super().__init__(name=name)
        self.temperature, self.multi = temperature, multi

    def call(self, y_true: Any, y_pred: Any) -> Any:
        teacher, student = ops.cast(y_true, y_pred.dtype) / self.temperature, y_pred / self.temperature
        if self.multi:
            each = ops.sum(ops.softplus(student) - ops.sigmoid(teacher) * student, axis=-1)
        else:
            each = -ops.sum(ops.softmax(teacher, axis=-1) * ops.log_softmax(student, axis=-1), axis=-1)
        return self.temperature**2 * each

    def get_config(self) -> dict[str, Any]:
        return {"temperature": self.temperature, "multi": self.multi, "name": self.name}


def nearest_centre(cosines: Any, centres: int) -> Any:
    """(n, classes * centres) -> (n, classes): each class's best centre."""
    if centres == 1:
        return cosines
    return ops.max(ops.reshape(cosines, (-1, cosines.shape[-1] // centres, centres)), axis=-1)
