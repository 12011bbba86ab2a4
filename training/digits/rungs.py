"""The rungs of the ladder: which network, trained how. Needs the extra `train`.

They follow Martin Görner's lecture on digits, from one layer to a convolutional network with batch
normalisation; the figures it reached are the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]

from training.digits.idx import CLASSES, SIDE
from training.digits.stream import Bending
from training.tune import Plan

_DENSE = (200, 100, 60, 30)
_SLOWEST = 1e-4
_FADE = 2_000  # steps in which a fading rate falls by the factor e


class Pace(StrEnum):
    """How the rate changes over a run."""

    EVEN = "even"
    FADING = "fading"
    ONE_CYCLE = "one cycle"


@dataclass(frozen=True, kw_only=True)
class RungPlan(Plan):
    """A plan for a network that begins with nothing: one rate for all of it.

    As long as the lecture's: 10,000 steps of 100 pictures are 17 times the 60,000 there are to learn from.
    """

    pace: Pace = Pace.EVEN
    side: int = SIDE
    batch: int = 100
    epochs: int = 17
    decay: float = 0.0
    smoothing: float = 0.0
    average: float = 0.995
    dropout: float = 0.0
    frozen: int = 0

    def slope(self, step: int, steps: int) -> float:
        """The share of the full rate."""
        if self.pace is Pace.EVEN:
            return 1.0
        if self.pace is Pace.FADING:
            slowest = _SLOWEST / self.rate
            return slowest + (1 - slowest) * math.exp(-step / _FADE)
        return super().slope(step, steps)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """``reference``: the share of the test set that the lecture, or what it leads to, has right."""

    name: str
    reference: float
    plan: RungPlan
    quick_epochs: int
    build: Callable[[float], keras.Model]
    bending: Bending | None = None

    def network(self, seed: int) -> keras.Model:
        """The network with its first weights, which the seed decides."""
        keras.utils.set_random_seed(seed)
        return self.build(self.plan.dropout)

    def planned(self, seed: int, *, quick: bool) -> RungPlan:
        return replace(self.plan, seed=seed, epochs=self.quick_epochs if quick else self.plan.epochs)


def _plan(rate: float, **others: float | int | Pace) -> RungPlan:
    return RungPlan(rate=rate, head_rate=rate, **others)  # type: ignore[arg-type]


def _softmax(_: float) -> keras.Model:
    picture = keras.Input((SIDE, SIDE, 1), name="image")
    return keras.Model(picture, _answer(keras.layers.Flatten()(picture)))


def _five_layers(_: float) -> keras.Model:
    picture = keras.Input((SIDE, SIDE, 1), name="image")
    x = keras.layers.Flatten()(picture)
    for width in _DENSE:
        x = keras.layers.Dense(width, activation="relu", kernel_initializer="he_normal")(x)
    return keras.Model(picture, _answer(x))


def _convolutional(dropout: float) -> keras.Model:
    x = picture = keras.Input((SIDE, SIDE, 1), name="image")
    for filters, side, stride in ((6, 6, 1), (12, 5, 2), (24, 4, 2)):
        x = keras.layers.Conv2D(filters, side, strides=stride, padding="same", activation="relu")(x)
    x = keras.layers.Dense(200, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(picture, _answer(keras.layers.Dropout(dropout)(x)))


def _normalised(dropout: float) -> keras.Model:
    """Few and small convolutions without padding: some 3 million products a picture."""
    x = picture = keras.Input((SIDE, SIDE, 1), name="image")
    for filters, side, stride in ((24, 5, 2), (48, 3, 1), (64, 3, 1), (64, 3, 2)):
        x = keras.layers.Conv2D(
            filters, side, strides=stride, use_bias=False, kernel_initializer="he_normal"
        )(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.95)(x))
    return keras.Model(picture, _answer(keras.layers.Dropout(dropout)(keras.layers.Flatten()(x))))


def _answer(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Dense(CLASSES, name="answer")(x)


RUNGS = (
    Rung(name="softmax", reference=0.927, plan=_plan(1e-3), quick_epochs=5, build=_softmax),
    Rung(name="five-layers-fast", reference=0.982, plan=_plan(3e-3), quick_epochs=5, build=_five_layers),
    Rung(
        name="five-layers-slow", reference=0.972, plan=_plan(1e-4), quick_epochs=10,
        build=_five_layers,
    ),
    Rung(
        name="five-layers-fading", reference=0.982, plan=_plan(3e-3, pace=Pace.FADING), quick_epochs=5,
        build=_five_layers,
    ),
    Rung(
        name="convolutional", reference=0.992, quick_epochs=3, build=_convolutional,
        plan=_plan(3e-3, pace=Pace.FADING, dropout=0.25),
    ),
    Rung(
        name="batch-norm", reference=0.995, quick_epochs=3, build=_normalised, bending=Bending(),
        plan=_plan(
            4e-3, pace=Pace.ONE_CYCLE, batch=128, epochs=20, decay=0.02, smoothing=0.05, average=0.998,
            dropout=0.3, warm_up=0.15,
        ),
    ),
)  # fmt: skip
"""From the simplest to the best; the last one's networks together are the ensemble."""

ENSEMBLE = "ensemble"
ENSEMBLE_REFERENCE = 0.9965
