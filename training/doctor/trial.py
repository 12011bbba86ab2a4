"""A short training of our own beside the script's: the same network and data at a sane rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
import tensorflow as tf

from training.doctor.samples import Sample
from training.doctor.untouched import give_weights, weights_of, without_dropout

RATE = 3e-3
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.99, 1e-7
_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Course:
    """The losses of a trial, batch by batch."""

    losses: list[float]
    cut: bool = False
    """It took too long, and says nothing."""

    @property
    def first(self) -> float:
        return self.losses[0]

    @property
    def falling(self) -> bool:
        """Had it gone on, it would have come lower still."""
        middle = self.losses[len(self.losses) // 3 : len(self.losses) // 2] or self.losses
        return bool(np.isfinite(self.last) and self.last < 0.95 * float(np.median(middle)))

    @property
    def last(self) -> float:
        """The middle of the last fifth, since single steps jump."""
        return float(np.median(self.losses[-max(1, len(self.losses) // 5) :]))


class Trial:
    """Adam on the model's own loss. The model must be put back by the caller (see ``untouched``)."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._start = weights_of(model)
        variables = [variable.value for variable in model.trainable_variables]
        self._moments = [(tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in variables]
        self._count = tf.Variable(0.0)
        self._step = self._compiled()

    def run(self, batch: Callable[[int], tuple[Any, Any]], steps: int, rate: float = RATE) -> Course:
        """From the weights at the start; ``batch``: inputs and targets of a step."""
        self._reset()
        losses: list[float] = []
        began = process_time()
        with without_dropout(self._model):
            for step in range(steps):
                x, y = batch(step)
                losses.append(float(self._step(x, y, tf.constant(rate))))
                if not np.isfinite(losses[-1]):
                    break
                if process_time() - began > _SECONDS:
                    return Course(losses=losses, cut=step < steps // 2)
        return Course(losses=losses)

    def _reset(self) -> None:
        give_weights(self._model, self._start)
        for first, second in self._moments:
            first.assign(tf.zeros_like(first))
            second.assign(tf.zeros_like(second))
        self._count.assign(0.0)

    def _compiled(self) -> Any:
        model, moments, count = self._model, self._moments, self._count

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator,unused-ignore]
        def step(x: Any, y: Any, rate: Any) -> Any:
            with tf.GradientTape() as tape:
                answer = model(x, training=True)
                loss = model.compute_loss(x=x, y=y, y_pred=answer, sample_weight=None, training=True)
            variables = [variable.value for variable in model.trainable_variables]
            gradients = tape.gradient(loss, variables)
            count.assign_add(1.0)
            scale = tf.sqrt(1 - _BETA_2**count) / (1 - _BETA_1**count)
            for variable, gradient, (first, second) in zip(variables, gradients, moments, strict=True):
                if gradient is None:
                    continue
                gradient = tf.convert_to_tensor(gradient)
                first.assign(_BETA_1 * first + (1 - _BETA_1) * gradient)
                second.assign(_BETA_2 * second + (1 - _BETA_2) * tf.square(gradient))
                variable.assign_sub(rate * scale * first / (tf.sqrt(second) + _EPSILON))
            return loss

        return step


def one_batch(sample: Sample, rows: int) -> Callable[[int], tuple[Any, Any]]:
    """The same rows at every step."""
    pair = sample.rows(rows)
    return lambda step: pair


def batches(sample: Sample, size: int, seed: int = 0) -> Callable[[int], tuple[Any, Any]]:
    """Rows drawn anew at every step."""
    rng = np.random.default_rng(seed)

    def draw(step: int) -> tuple[Any, Any]:
        part = sample.part(rng.permutation(len(sample))[:size])
        return part.shape_x(part.x), part.shape_y(part.y)

    return draw


def blank(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    """The same targets without their inputs."""
    x, y = pair
    return tf.nest.map_structure(np.zeros_like, x), y
