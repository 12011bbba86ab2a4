"""Fine-tuning: one run over the pictures, from a head on frozen features to a network that fits its task.

    for each epoch: batches of varied pictures -> loss -> two AdamW steps (network slow, head fast)
                    -> moving average of the weights -> loss on the pictures held out -> checkpoint

Everything random follows from the seed and the number of the step, so a run that was stopped at any moment,
by a power cut too, goes on from its last epoch to the same end.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt
import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]

from coop.classify.card import TaskMode
from training.answers import Answers, Doubles
from training.losses import SmoothedCrossEntropy

Floats = npt.NDArray[np.float32]

Numbers = npt.NDArray[np.intp]
Progress = Callable[[int, int], None]
"""Told how many steps are done, of how many."""

Teacher = Callable[[Any], Any]
"""What makes targets of a batch of pictures, both tensors."""

_LOOK = 32  # pictures at once where nothing is learned


class Batches(Protocol):
    """What is learned from: `training.stream.Stream`, or another. ``key``: the same for the same pictures."""

    @property
    def answers(self) -> Answers: ...
    @property
    def learned(self) -> Numbers: ...
    @property
    def key(self) -> str: ...
    def batch(self, number: int, size: int) -> tuple[Floats, Floats]: ...
    def plain(self, numbers: Numbers) -> Floats: ...


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is tuned. ``frozen``: so many of its blocks (Lite0 has sixteen) stay as they are."""

    side: int = 160
    epochs: int = 14
    batch: int = 16
    rate: float = 2e-4
    head_rate: float = 2e-3
    decay: float = 0.01
    warm_up: float = 0.1
    frozen: int = 5
    dropout: float = 0.2
    smoothing: float = 0.05
    average: float = 0.98
    patience: int = 8
    seed: int = 0

    def steps(self, pictures: int) -> int:
        """Steps of an epoch: as many pictures as there are, and enough of them where there are few."""
        return max(1, max(pictures, 10 * self.batch) // self.batch)

    def slope(self, step: int, steps: int) -> float:
        """The share of the full rate: a straight rise, then half a cosine down to nothing."""
        rise = max(1.0, self.warm_up * steps)
        return min(1.0, (step + 1) / rise) * 0.5 * (1 + math.cos(math.pi * step / steps))


class Watches(Protocol):
    """Who looks on: told of every step, with the batch as the network got it."""

    def step(
        self, done: int, total: int, loss: float, model: keras.Model, batch: tuple[Any, Any]
    ) -> None: ...
    def end(self, model: keras.Model) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a run went: by epoch the loss of its batches, and of the pictures held out where there are any."""

    learned: tuple[float, ...] = ()
    held: tuple[float, ...] = ()

    @property
    def best(self) -> int:
        """The number of epochs after which the pictures held out were answered best."""
        return int(np.argmin(self.held)) + 1 if self.held else len(self.learned)


EachEpoch = Callable[[Course], None]


def tune(
    model: keras.Model,
    stream: Batches,
    plan: Plan,
    folder: Path,
    *,
    held: Numbers | None = None,
    progress: Progress | None = None,
    watching: Watches | None = None,
    loss: keras.losses.Loss | None = None,
    teacher: Teacher | None = None,
    each_epoch: EachEpoch | None = None,
) -> Course:
    """Tune a network in place. It ends with averaged weights, those of the best epoch if any are held out.

    ``folder`` keeps the run while it lasts: called again after it was stopped, it goes on. ``loss``: another
    than that of the kind of task. ``teacher``: its answers to the very pictures of a batch are the truth.
    ``each_epoch`` is told how it goes, and may put an end to it by raising.
    """
    run = _Run(model, stream, plan, folder, loss or loss_of(stream.answers.mode, plan.smoothing), teacher)
    shown = None if held is None else stream.plain(held)
    truth = None if held is None else stream.answers.of(held)
    steps = plan.steps(len(stream.learned))
    course, best = run.restored()
    while len(course.learned) < plan.epochs and not _gave_up(course, plan):
        epoch = len(course.learned)
        learned = run.epoch(epoch, steps, progress, watching)
        kept: tuple[float, ...] = ()
        if shown is not None and truth is not None:
            with run.averaged():
                kept = (truth.loss(task_logits(stream.answers, raw_outputs(model, shown))),)
                if kept[0] < min(course.held, default=math.inf):
                    best = model.get_weights()
        course = Course(learned=(*course.learned, learned), held=(*course.held, *kept))
        run.save(course, best)
        if each_epoch is not None:
            each_epoch(course)
    run.finish(best)
    if watching is not None:
        watching.end(model)
    return course


def raw_outputs(model: keras.Model, pictures: Floats) -> Floats:
    """What the network says of pictures (n, side, side, 3): (n, outputs)."""
    parts = [model(pictures[k : k + _LOOK], training=False) for k in range(0, len(pictures), _LOOK)]
    return np.concatenate([np.asarray(part) for part in parts])


def task_logits(answers: Answers, raw: Floats) -> Doubles:
    """Logits of the classes from a network's outputs; a counted number becomes one logit for each number."""
    if answers.mode is not TaskMode.COUNT:
        return raw.astype(np.float64)
    matrix, offset = answers.to_logits
    return np.asarray(raw.astype(np.float64) @ matrix + offset)


def loss_of(mode: TaskMode, smoothing: float) -> keras.losses.Loss:
    """One class: softmax; a set: sigmoids; a number: squared error, for large ones absolute."""
    if mode is TaskMode.COUNT:
        return keras.losses.Huber()
    return SmoothedCrossEntropy(smoothing=smoothing, multi=mode is TaskMode.MULTI)


class _Run:
    """What a run changes: the weights, their average, two optimisers, what layers keep count of."""

    def __init__(
        self,
        model: keras.Model,
        stream: Batches,
        plan: Plan,
        folder: Path,
        loss: keras.losses.Loss,
        teacher: Teacher | None,
    ) -> None:
        self.model, self.stream, self.plan, self.file = model, stream, plan, folder / "run.npz"
        self._loss, self._teacher = loss, teacher
        folder.mkdir(parents=True, exist_ok=True)
        head = {id(v) for v in model.layers[-1].trainable_variables}
        self.body = [v for v in model.trainable_variables if id(v) not in head]
        self.head = list(model.layers[-1].trainable_variables)
        # The moving averages of batch normalisation, the seeds of dropout.
        self.counted = [v for x in model.layers if x.trainable for v in x.variables if not v.trainable]
        self.average = [tf.Variable(v.value) for v in (*self.body, *self.head)]
        self.optimizers = (
            keras.optimizers.AdamW(plan.rate, weight_decay=plan.decay, global_clipnorm=1.0),
            keras.optimizers.AdamW(plan.head_rate, weight_decay=plan.decay),
        )
        for optimizer, variables in zip(self.optimizers, (self.body, self.head), strict=True):
            optimizer.exclude_from_weight_decay(var_names=["bias"])
            if variables:
                optimizer.build(variables)
        self._step = tf.function(self._one_step, reduce_retracing=True)

    def epoch(
        self, number: int, steps: int, progress: Progress | None, watching: Watches | None = None
    ) -> float:
        total, losses = steps * self.plan.epochs, []
        for step, (pictures, targets) in enumerate(
            self._batches(number * steps, steps), start=number * steps
        ):
            slope = self.plan.slope(step, total)
            self.optimizers[0].learning_rate = self.plan.rate * slope
            self.optimizers[1].learning_rate = self.plan.head_rate * slope
            # The average follows closely while little is learned yet.
            keep = min(self.plan.average, (1 + step) / (10 + step))
            losses.append(float(self._step(pictures, targets, tf.constant(keep, tf.float32))))
            if progress is not None:
                progress(step + 1, total)
            if watching is not None:
                watching.step(step + 1, total, losses[-1], self.model, (pictures, targets))
        return float(np.mean(losses))

    def averaged(self) -> _Averaged:
        """The model with its averaged weights, for the time of a ``with``."""
        return _Averaged([*self.body, *self.head], self.average)

    def finish(self, best: list[Any] | None) -> None:
        if best is not None:
            self.model.set_weights(best)
        else:
            for variable, mean in zip((*self.body, *self.head), self.average, strict=True):
                variable.assign(mean)

    def save(self, course: Course, best: list[Any] | None) -> None:
        """Write the run whole, or not at all: a power cut leaves the last one."""
        part = self.file.with_suffix(".part")
        with part.open("wb") as file:
            about = json.dumps({"plan": asdict(self.plan), "key": self.stream.key, **asdict(course)})
            arrays: dict[str, Any] = {"about": np.array(about)}
            arrays |= {f"state{n}": np.asarray(v) for n, v in enumerate(self._state())}
            arrays |= {f"best{n}": v for n, v in enumerate(best or ())}
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.file)

    def restored(self) -> tuple[Course, list[Any] | None]:
        """What an earlier run of the same plan and pictures left; nothing if there was none."""
        if not self.file.is_file():
            return Course(), None
        with np.load(self.file, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            if about["plan"] != asdict(self.plan) or about["key"] != self.stream.key:
                return Course(), None
            for n, variable in enumerate(self._state()):
                variable.assign(kept[f"state{n}"])
            best = [kept[f"best{n}"] for n in range(len(self.model.weights)) if f"best{n}" in kept]
        return Course(learned=tuple(about["learned"]), held=tuple(about["held"])), best or None

    def _batches(self, first: int, steps: int) -> tf.data.Dataset:
        size, shape = self.plan.batch, self.model.input_shape[1:]
        outputs = len(self.stream.answers.outputs)

        def batch(number: Any) -> tuple[Any, Any]:
            pictures, targets = tf.numpy_function(
                lambda k: self.stream.batch(int(k), size), [number], (tf.float32, tf.float32)
            )
            return tf.ensure_shape(pictures, (size, *shape)), tf.ensure_shape(targets, (size, outputs))

        return tf.data.Dataset.range(first, first + steps).map(batch, num_parallel_calls=2).prefetch(2)

    def _one_step(self, pictures: Any, targets: Any, keep: Any) -> Any:
        if self._teacher is not None:
            targets = self._teacher(pictures)
        with tf.GradientTape() as tape:
            loss = self._loss(targets, self.model(pictures, training=True))
        gradients = tape.gradient(loss, [*self.body, *self.head])
        count = len(self.body)
        if count:
            self.optimizers[0].apply_gradients(zip(gradients[:count], self.body, strict=True))
        self.optimizers[1].apply_gradients(zip(gradients[count:], self.head, strict=True))
        for mean, variable in zip(self.average, (*self.body, *self.head), strict=True):
            mean.assign(keep * mean + (1 - keep) * variable)
        return loss

    def _state(self) -> list[Any]:
        own = [v for optimizer in self.optimizers for v in optimizer.variables]
        return [*self.body, *self.head, *self.average, *self.counted, *own]


class _Averaged:
    def __init__(self, variables: list[Any], means: list[Any]) -> None:
        self.variables, self.means = variables, means

    def __enter__(self) -> None:
        self.before = [np.asarray(v) for v in self.variables]
        for variable, mean in zip(self.variables, self.means, strict=True):
            variable.assign(mean)

    def __exit__(self, *_: object) -> None:
        for variable, value in zip(self.variables, self.before, strict=True):
            variable.assign(value)


def _gave_up(course: Course, plan: Plan) -> bool:
    return bool(course.held) and len(course.held) - course.best >= plan.patience
