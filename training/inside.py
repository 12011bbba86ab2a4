"""Seen of a network only while it is tuned: how pictures fared, where it looks, how its loss lies.

Drawn at once, since a package holds no weights that could be changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from training.answers import Doubles
from training.folds import few_of
from training.live.watching import ToLogits, looked_at
from training.report.learning import (
    Followed,
    Landscape,
    LookedAt,
    draw_course,
    draw_followed,
    draw_landscape,
    draw_looked_at,
)
from training.stream import Stream
from training.tune import Watches, raw_outputs

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]

LOOKS = 16
"""So often the pictures that are followed are asked for: a quarter of a second each."""
FOLLOWED = 24
SHOWN = 12
ASKED = 16
"""Pictures learned from, and as many held out, whose loss the landscape shows."""
SIDES = (13, 11, 9, 7, 5)
"""Of the landscape's grid: the largest one that its time allows."""
MOST_SECONDS, MOST_SHARE = 15.0, 0.1
"""The landscape takes no more than that, and than this share of what the run took: of CPU time."""
REACH = 1.0


class Following:
    """A run, with an eye on the same few pictures held out. ``to_logits``: as `training.tune.task_logits`."""

    def __init__(self, stream: Stream, held: Numbers, to_logits: ToLogits) -> None:
        chosen = few_of(held, FOLLOWED)
        self._pictures, self._truth = stream.plain(chosen), stream.answers.of(chosen)
        self._answers, self._to_logits = stream.answers, to_logits
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._looks: list[int] = []
        self._held: list[float] = []
        self._sure: list[Doubles] = []
        self._began = time.process_time()
        self.seconds = 0.0

    def step(self, done: int, total: int, loss: float, model: keras.Model, batch: tuple[Any, Any]) -> None:
        """After each step; now and then the pictures are asked for."""
        self.seconds = time.process_time() - self._began
        self._steps.append(done)
        self._losses.append(loss)
        if len(self._steps) == 1 or done % max(1, total // LOOKS) == 0 or done == total:
            logits = self._to_logits(self._answers, raw_outputs(model, self._pictures))
            self._looks.append(done)
            self._held.append(self._truth.loss(logits))
            self._sure.append(self._truth.of_truth(logits))

    def end(self, model: keras.Model) -> None:
        """After the last step there is nothing more to see."""

    @property
    def run(self) -> Followed | None:
        """What was seen; None of a run that was over before it was looked at."""
        if not self._sure:
            return None
        return Followed(
            steps=self._steps, losses=self._losses, looks=self._looks, held_losses=self._held,
            sure=np.stack(self._sure), labels=self._truth.labels,
        )  # fmt: skip


class Together:
    """Several who look on."""

    def __init__(self, *watchers: Watches) -> None:
        self._watchers = watchers

    def step(self, done: int, total: int, loss: float, model: keras.Model, batch: tuple[Any, Any]) -> None:
        for watcher in self._watchers:
            watcher.step(done, total, loss, model, batch)

    def end(self, model: keras.Model) -> None:
        for watcher in self._watchers:
            watcher.end(model)


def look_inside(
    model: keras.Model, stream: Stream, held: Numbers, to_logits: ToLogits, following: Following
) -> dict[str, bytes]:
    """The figures of `training.report.learning`, PNG by name, of a network that was tuned without ``held``.

    Takes a tenth of the time of the run, 20 s of one core at most; no weight is changed.
    """
    figures: dict[str, bytes] = {}
    if following.run is not None:
        figures |= {"course": draw_course(following.run), "followed": draw_followed(following.run)}
    figures["looked-at"] = draw_looked_at(_looked_at(model, stream, held, to_logits))
    seconds = min(MOST_SECONDS, MOST_SHARE * following.seconds)
    around = landscape(model, stream, held, to_logits, seconds=seconds)
    if around is not None:
        figures["landscape"] = draw_landscape(around)
    return figures


def landscape(
    model: keras.Model,
    stream: Stream,
    held: Numbers,
    to_logits: ToLogits,
    *,
    seconds: float,
    seed: int = 0,
    clock: Callable[[], float] = time.process_time,
) -> Landscape | None:
    """The loss around the weights, on as fine a grid as ``seconds`` of CPU allow; None where that is none.

    Along two chance directions, each filter of which is as long as the network's own (Li et al. 2018); what
    has no filters, such as biases, stays as it is.
    """
    some, other = few_of(stream.learned, ASKED), few_of(held, ASKED)
    shown = [(stream.plain(numbers), stream.answers.of(numbers)) for numbers in (some, other)]

    def losses() -> list[float]:
        return [truth.loss(to_logits(stream.answers, raw_outputs(model, seen))) for seen, truth in shown]

    losses()  # the first time is slower than the others
    began = clock()
    losses()
    once = max(clock() - began, 1e-6)
    side = next((side for side in SIDES if side * side * once <= seconds), None)
    if side is None:
        return None
    kept = [np.asarray(v) for v in model.trainable_variables]
    random = np.random.default_rng(seed)
    across, along = _direction(kept, random), _direction(kept, random)
    reach = np.linspace(-REACH, REACH, side)
    found = np.empty((2, side, side))
    try:
        for row, column in np.ndindex(side, side):
            for variable, value, a, b in zip(model.trainable_variables, kept, across, along, strict=True):
                if a is not None and b is not None:
                    variable.assign(value + reach[column] * a + reach[row] * b)
            found[:, row, column] = losses()
    finally:
        for variable, value in zip(model.trainable_variables, kept, strict=True):
            variable.assign(value)
    return Landscape(reach=reach, learned=found[0], held=found[1])


def _direction(values: Sequence[npt.NDArray[Any]], random: np.random.Generator) -> list[Floats | None]:
    """A chance direction with the length of every filter; None for what has none."""
    return [None if value.ndim < 2 else _as_long_as(value, random) for value in values]


def _as_long_as(value: npt.NDArray[Any], random: np.random.Generator) -> Floats:
    """Chance numbers, each filter (what leads to one output) as long as that of ``value``.

    A depthwise kernel (height, width, channels, 1) has a filter for each channel.
    """
    drawn = random.normal(size=value.shape)
    outputs = -2 if value.ndim == 4 and value.shape[-1] == 1 else -1
    axes = tuple(k for k in range(value.ndim) if k != value.ndim + outputs)
    long, chance = (
        np.sqrt((part.astype(np.float64) ** 2).sum(axis=axes, keepdims=True)) for part in (value, drawn)
    )
    return np.asarray(drawn * long / np.maximum(chance, 1e-12), dtype=np.float32)


def _looked_at(model: keras.Model, stream: Stream, held: Numbers, to_logits: ToLogits) -> LookedAt:
    """Pictures held out, the surest errors first, and where the network looked."""
    few = few_of(held, 200)
    truth, pictures = stream.answers.of(few), stream.plain(few)
    logits = to_logits(stream.answers, raw_outputs(model, pictures))
    said, sure = truth.said(logits), truth.of_truth(logits)
    right = (said == truth.truth).all(axis=1)
    first = np.lexsort((sure, right))[:SHOWN]
    names = ["|".join(np.array(truth.classes)[row]) or "none" for row in said]
    return LookedAt(
        pictures=pictures[first],
        heat=looked_at(model, pictures[first], logits[first]),
        captions=[_caption(truth.labels[k], names[k], bool(right[k])) for k in first],
        right=[bool(right[k]) for k in first],
    )


def _caption(label: str, said: str, right: bool) -> str:
    return f"{label}: right" if right else f"is {label}, called {said}"
