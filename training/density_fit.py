"""Learns a head that counts by density. Keras; some minutes of one core for a thousand pictures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from coop.classify.preprocess import prepare
from coop.domain.frame import Picture
from training.answers import Answers, Doubles, thresholds
from training.density import SIDE, Convolution, DensityHead, Floats
from training.folds import Folded, held_out
from training.head import PRECISION, THRESHOLDS, UNSEEN_THRESHOLD, best_temperature
from training.maps import MapEye
from training.numbers import Odds

Halfs = npt.NDArray[np.float16]
Numbers = npt.NDArray[np.intp]
Progress = Callable[[int, int], None]

MOST = 4_000
"""So many pictures are learned from, some 120 kB each."""
FOLDS = 3
EPOCHS, MOST_STEPS = 50, 2_500

_BATCH = 32
_RATE, _DECAY = 3e-3, 1e-3
_NOISE, _DROPPED = 0.2, 0.1
_WIDTHS = (32, 24)
_NEARLY_NONE = -4.0  # the logit of how much is in a cell, before anything was learned
_ALLOWED = 0.5  # an error up to there counts by its square, a larger one by itself


def learn_density(
    picture: Callable[[int], Picture],
    answers: Answers,
    groups: Sequence[str],
    *,
    seed: int = 0,
    precision: float = PRECISION,
    threads: int = 1,
    progress: Progress | None = None,
) -> DensityHead:
    """Learn a head that counts. ``picture`` gives the k-th, (h, w, 3) in BGR; ``groups``: of each, (n,).

    Its figures, and what is folded of it, are of the pictures that are worth learning.
    """
    chosen = worth_learning(answers.kinds, MOST)
    answers, groups = answers.of(chosen), [groups[k] for k in chosen]
    parts = list(held_out(groups, answers.kinds, FOLDS))
    steps = [_steps(len(chosen) - int(part.sum())) for part in parts] + [_steps(len(chosen))]
    tell = _Teller(len(chosen) + sum(steps), progress)
    eye = MapEye(SIDE, threads=threads)
    cells = np.stack([tell.after(eye(prepare(picture(int(k)), SIDE)).astype(np.float16)) for k in chosen])
    scale = _Scale.of(cells)
    counts = np.zeros_like(answers.targets)
    for part, count in zip(parts, steps, strict=False):
        counts[part] = _predicted(
            _fitted(cells[~part], answers.targets[~part], scale, count, seed, tell), cells[part], scale
        )
    network = _fitted(cells, answers.targets, scale, steps[-1], seed, tell)
    return _head(network, scale, answers, counts, groups, precision, chosen)


def worth_learning(kinds: Numbers, most: int) -> Numbers:
    """Which pictures to learn from: of the commonest answer no more than of all others together, and ``most``
    in all, drawn by chance, the same ones each time."""
    order = np.random.default_rng(0).permutation(len(kinds))
    commonest = np.bincount(kinds).argmax()
    others = order[kinds[order] != commonest]
    common = order[kinds[order] == commonest][: max(len(others), 1)]
    if len(others) == 0:
        common = order
    return np.sort(np.concatenate([others, common])[:most])


@dataclass(frozen=True, eq=False, slots=True)
class _Scale:
    """Mean and spread of each feature, (features,)."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, cells: Halfs) -> _Scale:
        some = cells[:: max(1, len(cells) // 400)].astype(np.float32).reshape(-1, cells.shape[-1])
        return cls(some.mean(axis=0), some.std(axis=0) + 1e-3)

    def __call__(self, cells: Halfs) -> Floats:
        return np.asarray((cells.astype(np.float32) - self.mean) / self.spread)


class _Teller:
    """Says how far the work has come."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def after(self, made: Halfs) -> Halfs:
        self.step()
        return made

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _steps(pictures: int) -> int:
    return min(MOST_STEPS, -(-EPOCHS * pictures // _BATCH))


def _fitted(cells: Halfs, numbers: Doubles, scale: _Scale, steps: int, seed: int, tell: _Teller) -> Any:
    keras.utils.set_random_seed(seed)
    network = _network(cells.shape[1:], numbers.shape[1])
    network.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(_RATE, steps), weight_decay=_DECAY),
        keras.losses.Huber(delta=_ALLOWED),
    )
    # Not by `fit`: from a generator it sets the allocator so that each step gives its memory back.
    batches = _batches(cells, numbers, scale, np.random.default_rng(seed))
    for x, y in itertools.islice(batches, steps):
        network.train_on_batch(x, y)
        tell.step()
    return network


def _network(shape: Sequence[int], things: int) -> Any:
    layers = keras.layers
    nearly_none = keras.initializers.Constant(_NEARLY_NONE)
    x = seen = keras.Input(shape)
    x = layers.GaussianNoise(_NOISE)(x)
    x = layers.Conv2D(_WIDTHS[0], 1, activation="relu6")(x)
    x = layers.Conv2D(_WIDTHS[1], 3, padding="same", activation="relu6")(x)
    x = layers.SpatialDropout2D(_DROPPED)(x)
    x = layers.Conv2D(things, 1, bias_initializer=nearly_none, activation="softplus")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(seen, layers.Rescaling(float(shape[0] * shape[1]))(x))


def _batches(
    cells: Halfs, numbers: Doubles, scale: _Scale, random: np.random.Generator
) -> Iterator[tuple[Floats, Floats]]:
    """Without end, mirrored or not, and moved by a cell at most. Rare numbers come more often than they are:
    an answer's pictures as often as the root of how many they are."""
    _, kinds, sizes = np.unique(numbers, axis=0, return_inverse=True, return_counts=True)
    chances = sizes[kinds.reshape(-1)] ** -0.5
    chances /= chances.sum()
    while True:
        some = random.choice(len(cells), _BATCH, p=chances)
        x = scale(cells[some])
        if random.random() < 0.5:
            x = x[:, :, ::-1]
        down, right = random.integers(0, 3, 2)
        height, width = x.shape[1:3]
        x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
        yield x[:, down : down + height, right : right + width], numbers[some].astype(np.float32)


def _predicted(network: Any, cells: Halfs, scale: _Scale) -> Doubles:
    parts = [
        np.asarray(network(scale(cells[n : n + _BATCH]), training=False))
        for n in range(0, len(cells), _BATCH)
    ]
    return np.concatenate(parts).astype(np.float64)


def _head(
    network: Any,
    scale: _Scale,
    answers: Answers,
    counts: Doubles,
    groups: Sequence[str],
    precision: float,
    chosen: Numbers,
) -> DensityHead:
    """``counts``: (n, things), of pictures that were held out; ``chosen``: which ones they are, (n,)."""
    matrix, offset = answers.to_logits
    logits = counts @ matrix + offset
    odds = Odds.of(answers, logits, best_temperature(logits, answers)[0], groups)
    logits, (weights, bias) = odds(logits), odds.of_head(matrix.T, offset)
    temperature, loss = best_temperature(logits, answers)
    return DensityHead(
        classes=answers.classes,
        layers=_layers(network, scale),
        numbers=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        temperature=temperature,
        thresholds=thresholds(answers, logits / temperature, precision, THRESHOLDS, UNSEEN_THRESHOLD),
        measured={
            "pictures": len(groups),
            "groups": len(set(groups)),
            "held_out_accuracy": round(answers.accuracy(logits), 4),
            "held_out_log_loss": round(loss, 4),
        },
        folded=Folded(numbers=chosen, logits=logits),
    )


def _layers(network: Any, scale: _Scale) -> tuple[Convolution, Convolution, Convolution]:
    """The convolutions as a model file has them; the scaling of the features goes into the first."""
    first, second, third = (
        Convolution(np.transpose(kernel, (3, 0, 1, 2)), bias)
        for kernel, bias in (
            (np.asarray(layer.kernel), np.asarray(layer.bias))
            for layer in network.layers
            if isinstance(layer, keras.layers.Conv2D)
        )
    )
    scaled = first.weights / scale.spread
    moved = np.asarray(first.bias - scaled[:, 0, 0] @ scale.mean, dtype=np.float32)
    return Convolution(scaled, moved), second, third
