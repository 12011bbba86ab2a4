"""A head that counts eggs: it says of each cell of the picture how much of an egg is there, and adds that up.

    varied pictures, with drawn eggs -> frozen network at 512 pixels -> features of 32 x 32 cells
                                     -> for each cell a share of an egg, never less than none -> their sum

A linear look at a whole picture learns the days it saw: of seven eggs or eight it says seven or eight of
anything. A sum over cells knows that no egg is none and ten are ten, though nobody labelled such a day. Three
things are known of every picture: how many eggs were labelled, how many were drawn into it besides, and that
an egg covers so many cells, so that all others count nothing. NumPy and LiteRT only, minutes of one core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import LiteWeights, add_lite_maps
from coop.classify.tflite_writer import GraphWriter, Node
from coop.domain.frame import Picture
from training.answers import Answers, Doubles, thresholds
from training.eggs import MOST, with_eggs
from training.folds import Folded, held_out
from training.head import PRECISION, THRESHOLDS, UNSEEN_THRESHOLD, best_temperature
from training.labelled import LabelledSet
from training.maps import MapEye
from training.quick import PARTS, as_groups
from training.stream import Stream

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]

SIDE = 512
DRAWS = 160
"""So many varied pictures are learned from, however few were labelled."""
LENGTH = 0.026
"""Half an egg's length, as a share of the picture's longer side: as where two boxes are seen."""

_CELL = 16  # pixels
_SHARPNESS = 8.0
_DEEPEST, _HIGHEST = -2.0, 4.0  # what a look may differ from the border between something and nothing
_UNIT = 0.2
_PENALTY = 0.1
_ELSEWHERE = 0.3  # what it costs to find eggs where there is no room for so many
_ROUNDS, _STEPS = 3, 40
_AS_IT_IS = 0.2  # the share of the pictures that are learned from unvaried
_BEYOND = 4  # so many more than were ever seen can be counted
_THICK = 1.26  # the length of an egg by its width


@dataclass(frozen=True, eq=False, kw_only=True)
class CountHead:
    """``looks``: (1, features), the weights for a cell, which has something of an egg above ``-bias``."""

    classes: tuple[str, ...]
    looks: Floats
    bias: float
    temperature: float
    thresholds: dict[str, float]
    measured: dict[str, object]
    mode: TaskMode = TaskMode.COUNT
    familiar: None = None
    folded: Folded | None = None

    def counts(self, cells: Floats) -> Floats:
        """(n, cells, features) -> (n,)."""
        return np.asarray(_there(cells @ self.looks[0] + self.bias)[0].sum(axis=1), dtype=np.float32)

    def logits(self, counts: Floats) -> Doubles:
        """Counts (n,) -> (n, classes): a normal distribution around each, the temperature its width."""
        matrix, bias = self._to_logits
        return np.asarray(counts[:, None] @ matrix.astype(np.float64).T + bias)

    @property
    def _to_logits(self) -> tuple[Floats, Floats]:
        numbers = np.array([float(name.partition("=")[2]) for name in self.classes], dtype=np.float32)
        return numbers[:, None], -0.5 * numbers**2

    def add_to(self, graph: GraphWriter, backbone: LiteWeights, size: int) -> dict[str, Node]:
        """The network with this head: the outputs of a package."""
        maps = add_lite_maps(graph, backbone, size)
        fine, coarse = np.split(self.looks, [maps[0].shape[-1]], axis=1)
        none, one = np.zeros(1, np.float32), np.ones((1, 1, 1, 1), np.float32)
        seen = [
            graph.conv(x, part[:, None, None, :], none, stride=1, relu6=False)
            for x, part in zip(maps, (fine, coarse), strict=False)
        ]
        look = graph.add(graph.shrink(seen[0], 2), seen[1])
        bounded = graph.conv(look, one, np.full(1, self.bias - _DEEPEST, np.float32), stride=1, relu6=True)
        risen = graph.exp(graph.scale(graph.shift(bounded, _DEEPEST), _SHARPNESS))
        there = graph.scale(graph.log(graph.shift(risen, 1.0)), _UNIT / _SHARPNESS * (size // _CELL) ** 2)
        matrix, bias = self._to_logits
        logits = graph.dense(graph.average_over_picture(there, "count"), matrix, bias, "logits")
        return {"logits": logits, "embedding": graph.average_over_picture(maps[-1], "embedding")}


@dataclass(frozen=True, eq=False, kw_only=True)
class CountTrial:
    """A head that counts, and its log loss on pictures held out."""

    head: CountHead
    loss: float


def suits(pictures: LabelledSet) -> bool:
    """Whether it is eggs that are counted, and nothing else."""
    return pictures.mode is TaskMode.COUNT and pictures.classes in (("egg",), ("eggs",))


def learn_counts(
    pictures: LabelledSet,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    length: float = LENGTH,
    precision: float = PRECISION,
    progress: Progress | None = None,
) -> CountTrial:
    """Learn a head that counts. ``length``: half an egg's, as a share of the picture's longer side."""
    answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
    stream = Stream(
        examples=pictures.examples, answers=answers, learned=np.arange(len(pictures)), side=SIDE,
        recipe="places", seed=seed, join=0.0,
    )  # fmt: skip
    parts = _parts(answers, [e.group for e in pictures.examples])
    n, everything = len(pictures), np.ones(len(pictures), dtype=bool)
    total = n + draws + 1 + len(parts)
    tell = partial(_tell, iter(range(1, total + 1)), total, progress)
    eye = MapEye(SIDE)
    plain = np.empty((n, (SIDE // _CELL) ** 2, eye.width), dtype=np.float32)
    for number in range(n):
        plain[number] = _cells(eye, np.asarray(stream.plain(np.array([number]))[0], dtype=np.uint8))
        tell()
    numbers = answers.targets[:, 0]
    classes = tuple(f"{answers.outputs[0]}={n}" for n in range(int(numbers.max()) + _BEYOND + 1))
    answers.__dict__.update(classes=classes)  # as if so many had been seen
    lesson = _Lesson.of(stream, eye, plain, numbers, length, (draws, seed), tell)
    head = lesson.head(lesson.fit(everything)[0], classes)
    tell()
    counts = np.zeros(n, dtype=np.float32)
    for held in parts:
        counts[held] = lesson.head(lesson.fit(~held)[0], classes).counts(plain[held])
        tell()
    logits = head.logits(counts)
    temperature, loss = best_temperature(logits, answers)
    off = np.abs(counts.round() - numbers)
    return CountTrial(
        loss=loss,
        head=replace(
            head,
            temperature=temperature,
            folded=Folded(numbers=np.arange(n), logits=logits),
            thresholds=thresholds(answers, logits / temperature, precision, THRESHOLDS, UNSEEN_THRESHOLD),
            measured={
                "pictures": n,
                "groups": len(pictures.groups),
                "held_out_accuracy": round(float((off == 0).mean()), 4),
                "held_out_within_one": round(float((off <= 1).mean()), 4),
                "held_out_log_loss": round(loss, 4),
            },
        ),
    )


def _parts(answers: Answers, groups: Sequence[str]) -> list[Bools]:
    """What is held out together: days or visits, or pictures where too few would be left to learn from."""
    parts = list(held_out(as_groups(groups), answers.kinds, PARTS))
    if max(part.sum() for part in parts) > len(groups) / 2:
        parts = list(held_out([str(k) for k in range(len(groups))], answers.kinds, PARTS))
    return parts


def _tell(steps: Iterator[int], total: int, progress: Progress | None) -> None:
    done = next(steps)
    if progress is not None:
        progress(done, total)


def _cells(eye: MapEye, prepared: Picture) -> Floats:
    """(cells, features)."""
    return eye(prepared).reshape(-1, eye.width)


@dataclass(frozen=True, eq=False, slots=True)
class _Lesson:
    """Cells (n, cells, features) of varied pictures, centred and in a common scale; the number of eggs of
    each, and the picture that it was made of. ``length``: half an egg's."""

    cells: Floats
    numbers: Doubles
    sources: npt.NDArray[np.intp]
    mean: Floats
    spread: Floats
    length: float

    @classmethod
    def of(
        cls,
        stream: Stream,
        eye: MapEye,
        plain: Floats,
        numbers: Doubles,
        length: float,
        drawn: tuple[int, int],
        tell: Callable[[], None],
    ) -> _Lesson:
        """``drawn``: how many varied pictures, and the seed."""
        draws, seed = drawn
        n = len(plain)
        again = max(1, round(_AS_IT_IS * draws / n))
        cells = np.empty((draws + again * n, *plain.shape[1:]), dtype=np.float32)
        sources = np.r_[np.arange(draws) % n, np.tile(np.arange(n), again)]
        wanted = numbers[sources].astype(np.float64)
        for number, source in enumerate(sources[:draws]):
            random = np.random.default_rng((seed, number))
            more = int(random.integers(MOST + 1))
            wanted[number] += more
            cells[number] = _cells(eye, stream.changed(int(source), partial(_laid, more, length), random))
            tell()
        cells[draws:] = np.tile(plain, (again, 1, 1))
        flat = cells.reshape(-1, cells.shape[-1])
        mean, spread = flat.mean(axis=0), flat.std(axis=0) + np.float32(1e-3)
        for one in cells:  # in their place: they are by far the largest part of the memory it takes
            one -= mean
            one /= spread
        return cls(cells, wanted, sources, mean, spread, length)

    @property
    def covered(self) -> float:
        """So many cells an egg covers."""
        return float(np.pi * (self.length * SIDE / _CELL) ** 2 / _THICK)

    def head(self, x: Doubles, classes: tuple[str, ...]) -> CountHead:
        """The head for features as the network gives them."""
        looks = (x[:-1] / self.spread).astype(np.float32)
        return CountHead(
            classes=classes, looks=looks[None], bias=float(x[-1] - looks @ self.mean), temperature=1.0,
            thresholds={}, measured={},
        )  # fmt: skip

    def fit(self, learned: Bools) -> tuple[Doubles, float]:
        """Weights and bias of least squared error, weighed by what chance would do, plus penalties; the cost.

        In each round the cells that had least of an egg in the round before, all but those for which there
        are eggs, are asked to have nothing.
        """
        chosen = learned[self.sources]
        cells, wanted = self.cells[chosen], self.numbers[chosen]
        n, places, d = cells.shape
        flat = cells.reshape(-1, d)
        room = np.ceil(wanted * self.covered).astype(int) + 2
        empty = np.zeros((n, places), dtype=np.float32)

        def loss(x: Doubles) -> tuple[float, Doubles]:
            found, slope = _there(flat @ x[:-1].astype(np.float32) + np.float32(x[-1]))
            found = found.reshape(n, places)
            error = (found.sum(axis=1) - wanted) / np.sqrt(wanted + 1)
            astray = (found * empty).sum(axis=1)
            cost = (error**2).mean() + _ELSEWHERE * (astray**2).mean() + _PENALTY * (x[:-1] ** 2).sum()
            by_cell = (error / np.sqrt(wanted + 1))[:, None] + _ELSEWHERE * astray[:, None] * empty
            by_look = (2 / n * by_cell).astype(np.float32).reshape(-1) * slope
            return float(cost), np.r_[flat.T @ by_look + 2 * _PENALTY * x[:-1], by_look.sum()]

        x, cost = np.r_[np.zeros(d), -1.0], 0.0
        for _ in range(_ROUNDS):
            best = minimize(loss, x, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
            x, cost = best.x, float(best.fun)
            found = _there(flat @ x[:-1].astype(np.float32) + np.float32(x[-1]))[0].reshape(n, places)
            rank = np.argsort(np.argsort(-found, axis=1), axis=1)
            empty = (rank >= room[:, None]).astype(np.float32)
        return x, cost


def _laid(count: int, length: float, values: Floats, random: np.random.Generator) -> Floats:
    return with_eggs(values, count, length, random) if count else values


def _there(look: Floats) -> tuple[Floats, Floats]:
    """How much of an egg is in a cell by what its look says, and the slope of that: a rounded-off corner."""
    within = np.clip(look, _DEEPEST, _HIGHEST)
    risen = np.exp(np.float32(_SHARPNESS) * within)
    slope = np.where(within == look, risen / (1 + risen), 0).astype(np.float32) * np.float32(_UNIT)
    return np.asarray(np.log1p(risen) * np.float32(_UNIT / _SHARPNESS)), slope
