"""Looks into a run of `training.tune`, as often as is worth it, and hands what it sees to a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt
import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]

from training.answers import Answers, Doubles
from training.folds import few_of
from training.live.course import MOST_FOLLOWED, MOST_SHOWN, PERCENTILES, Seen
from training.network import ANSWER, FEATURES
from training.stream import Stream

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]
Show = Callable[[Seen, keras.Model], None]
"""Told that there is something new to see."""
ToLogits = Callable[[Answers, Floats], Doubles]

LOOKS = 40
"""So often a run is looked at, at most: some tenths of a second each."""


class Watching:
    """One run, watched. ``held``: the numbers of pictures held out, of which some are shown."""

    def __init__(self, title: str, stream: Stream, held: Numbers, show: Show, outputs: ToLogits) -> None:
        if len(held) == 0:
            held = np.arange(len(stream.examples))
        shown = few_of(held, 120)
        self.seen = Seen(
            title=title,
            answers=stream.answers,
            held=stream.plain(shown),
            examples=[stream.examples[k] for k in shown],
            truth=stream.answers.of(shown),
        )
        self._show, self._outputs = show, outputs

    def step(
        self, done: int, total: int, loss: float, model: keras.Model, batch: tuple[Floats, Floats]
    ) -> None:
        """After each step. Now and then the network is asked what it makes of the pictures."""
        seen = self.seen
        seen.total = total
        seen.steps.append(done)
        seen.losses.append(loss)
        if done % max(1, total // LOOKS) == 0 or done in (1, total):
            self._look(done, model, batch)

    def end(self, model: keras.Model) -> None:
        """After the last step."""
        self.seen.ended = True
        self._show(self.seen, model)

    def _look(self, done: int, model: keras.Model, batch: tuple[Floats, Floats]) -> None:
        seen = self.seen
        pictures, targets = (np.asarray(part) for part in batch)
        seen.batch = pictures[:MOST_SHOWN], targets[:MOST_SHOWN], _asked(model, pictures[:MOST_SHOWN])
        seen.logits = self._outputs(seen.answers, _asked(model, seen.held))
        seen.looks.append(done)
        seen.held_losses.append(seen.truth.loss(seen.logits))
        seen.accuracies.append(seen.truth.accuracy(seen.logits))
        seen.weights.append(_spread([v for v in model.weights if v.path.endswith("kernel")]))
        seen.biases.append(_spread([v for v in model.weights if v.path.endswith("bias")]))
        seen.followed.append(seen.of_truth(seen.logits)[:MOST_FOLLOWED])
        first = seen.errors_first[:MOST_SHOWN]
        seen.heat = looked_at(model, seen.held[first], seen.logits[first])
        self._show(seen, model)


def looked_at(model: keras.Model, pictures: Floats, logits: Doubles) -> Floats:
    """Where the network looked for its answer, (n, h, w), 0 to 1 (Grad-CAM, Selvaraju et al. 2017).

    By the slope of the output that it says loudest, over the last map of features.
    """
    last = model.get_layer(FEATURES).input
    both = keras.Model(model.input, [last, model.get_layer(ANSWER).output])
    with tf.GradientTape() as tape:
        maps, answers = both(pictures, training=False)
        tape.watch(maps)
        # Asked again from the maps on, so that there is a slope from the answer to them.
        answers = model.get_layer(ANSWER)(model.get_layer(FEATURES)(maps))
        loudest = tf.reduce_sum(tf.reduce_max(answers, axis=1))
    slope = tape.gradient(loudest, maps)
    weight = tf.reduce_mean(slope, axis=(1, 2), keepdims=True)
    heat = np.maximum(np.asarray(tf.reduce_sum(weight * maps, axis=-1)), 0.0)
    return np.asarray(heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-9), dtype=np.float32)


def _asked(model: keras.Model, pictures: Floats, at_once: int = 32) -> Floats:
    parts = [model(pictures[k : k + at_once], training=False) for k in range(0, len(pictures), at_once)]
    return np.concatenate([np.asarray(part) for part in parts])


def _spread(variables: Sequence[keras.Variable]) -> Doubles:
    every = np.concatenate([v.numpy().ravel() for v in variables if v.trainable])
    return np.asarray(np.percentile(every, PERCENTILES))
