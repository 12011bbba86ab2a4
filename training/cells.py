"""A head for pictures of one place by one fixed camera: it looks at every cell of the picture by itself.

    varied pictures -> frozen network at 320 pixels -> features of 10 x 10 cells, from three depths
                    -> for each class: the soft maximum over the cells + a linear view of the whole

A hen in a corner is a hen, however much straw there is besides; where two hens are, each is found in cells of
its own, though they never met in the labels. Early features know colour and edges, late ones what a thing is.
NumPy and LiteRT only, some minutes of one core.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from coop.classify.card import TaskMode
from coop.classify.efficientnet_lite import (
    EMBEDDING_SIZE,
    LiteWeights,
    add_lite_maps,
    load_lite_weights,
)
from coop.classify.network import Network
from coop.classify.tflite_writer import GraphWriter, Node
from coop.domain.frame import Picture
from training.answers import Answers, Doubles, best_shift, thresholds
from training.folds import Folded, held_out
from training.head import PRECISION, THRESHOLDS, UNSEEN_THRESHOLD, best_temperature, fit_answers
from training.labelled import LabelledSet
from training.quick import PARTS, RUNS, as_groups
from training.stream import Stream

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]

SIDE = 320
DRAWS = 1_600
"""So many varied pictures are learned from, however many were labelled."""
RELIT = 3
"""So often each picture held out is put into a light of another kind, and judged by."""

_DIRECTIONS = 320  # of the features' 1432 dimensions: those in which the cells differ most
_FIRST = 200  # varied pictures that say which these are
_SHARPNESS = 3.0
_PENALTY = 1e-4
_DOUBT = 0.05
_STEPS = 80


@dataclass(frozen=True, eq=False, kw_only=True)
class CellHead:
    """``looks`` and ``whole``: (classes, features), the weights for a cell and for the mean of all cells."""

    classes: tuple[str, ...]
    looks: Floats
    whole: Floats
    bias: Floats
    temperature: float
    thresholds: dict[str, float]
    measured: dict[str, object]
    mode: TaskMode = TaskMode.MULTI
    familiar: None = None
    folded: Folded | None = None

    def logits(self, cells: Floats) -> Floats:
        """(n, cells, features) -> (n, classes)."""
        found, _ = _soft_maximum(cells @ self.looks.T)
        return np.asarray(found + cells.mean(axis=1) @ self.whole.T + self.bias, dtype=np.float32)

    def add_to(self, graph: GraphWriter, backbone: LiteWeights, size: int) -> dict[str, Node]:
        """The network with this head: the outputs of a package."""
        maps = add_lite_maps(graph, backbone, size)
        found = graph.scale(graph.soft_maximum(_seen(graph, maps, _SHARPNESS * self.looks)), 1 / _SHARPNESS)
        whole = graph.average_over_picture(_seen(graph, maps, self.whole), "whole")
        embedding = graph.average_over_picture(maps[-1], "embedding")
        logits = graph.shift_each(graph.add(found, whole), self.bias, "logits")
        return {"logits": logits, "embedding": embedding}


@dataclass(frozen=True, eq=False, kw_only=True)
class CellTrial:
    """A head over cells; the log loss on pictures held out, relit too, of a plain head and of this one."""

    head: CellHead
    before: float
    after: float


def suits(pictures: LabelledSet, recipe: str = "places") -> bool:
    """Whether these are sets of labels (``multi``) for pictures of one place by one fixed camera."""
    if pictures.mode is not TaskMode.MULTI:
        return False
    return _stream(pictures, 160, recipe, 0).fixed


def learn_cells(
    pictures: LabelledSet,
    *,
    recipe: str = "places",
    seed: int = 0,
    draws: int = DRAWS,
    precision: float = PRECISION,
    progress: Progress | None = None,
) -> CellTrial:
    """Learn a head over cells, and judge it and a plain head as a new day would.

    The judge: a quarter of the groups is held out at a time (of a single day runs of neighbouring pictures),
    and every picture of it is answered as it is and in `RELIT` lights of a kind that nothing was learned in.
    What hangs on the light of the day loses here, though the other hours of the same day would not tell.
    Temperature, thresholds and how readily a class is said follow from the same answers.
    """
    stream = _stream(pictures, SIDE, recipe, seed)
    answers, n = stream.answers, len(pictures)
    eye, total = _Eye(load_lite_weights()), draws + PARTS + n + 1
    tell = progress or (lambda done, total: None)
    drawn = _Drawn.of(stream, eye, draws, seed, lambda done: tell(done, total))
    groups = as_groups([e.group for e in pictures.examples], RUNS)
    parts = list(held_out(groups, answers.kinds, PARTS))
    heads = []
    for number, held in enumerate(parts, start=1):
        heads.append(drawn.fit(answers, drawn.without(held)))
        tell(draws + number, total)

    repeated = Answers(mode=answers.mode, labels=tuple(np.repeat(answers.labels, 1 + RELIT)))
    repeated.__dict__.update(outputs=answers.outputs, classes=answers.classes)
    logits, before = (np.zeros((n, 1 + RELIT, len(answers.classes))) for _ in range(2))
    means = np.zeros((n, 1 + RELIT, EMBEDDING_SIZE), dtype=np.float32)
    for number, part in enumerate(np.stack(parts).argmax(axis=0)):
        seen = _judged(stream, eye, number, seed)
        logits[number] = heads[part].logits(drawn.directions(seen))
        means[number] = seen[..., -EMBEDDING_SIZE:].mean(axis=1)
        tell(draws + PARTS + number + 1, total)
    for held in parts:
        rest = np.flatnonzero(~held)
        plain = fit_answers(means[rest, 0], answers.of(rest), as_groups([groups[k] for k in rest]))
        before[held] = plain.logits(means[held].reshape(-1, EMBEDDING_SIZE)).reshape(before[held].shape)
    flat = logits.reshape(-1, logits.shape[-1])
    shift = best_shift(flat, repeated)
    temperature, loss = best_temperature(flat + shift, repeated)
    plain_loss = best_temperature(before.reshape(flat.shape), repeated)[1]
    head = drawn.directions.undone(drawn.fit(answers, np.ones(draws, dtype=bool)))
    tell(total, total)
    return CellTrial(
        before=plain_loss,
        after=loss,
        head=replace(
            head,
            bias=(head.bias + shift).astype(np.float32),
            temperature=temperature,
            thresholds=thresholds(
                repeated, (flat + shift) / temperature, precision, THRESHOLDS, UNSEEN_THRESHOLD
            ),
            measured={
                "pictures": n,
                "groups": len(set(groups)),
                "held_out_accuracy": round(answers.accuracy(logits[:, 0] + shift), 4),
                "held_out_relit_accuracy": round(repeated.accuracy(flat + shift), 4),
                "held_out_log_loss": round(loss, 4),
                "held_out_log_loss_of_a_plain_head": round(plain_loss, 4),
            },
            folded=Folded(numbers=np.arange(n), logits=logits[:, 0] + shift),
        ),
    )


def _stream(pictures: LabelledSet, side: int, recipe: str, seed: int) -> Stream:
    answers = Answers(mode=pictures.mode, labels=tuple(e.label for e in pictures.examples))
    return Stream(
        examples=pictures.examples, answers=answers, learned=np.arange(len(pictures)), side=side,
        recipe=recipe, seed=seed,
    )  # fmt: skip


class _Eye:
    """The frozen network as far as its maps: a prepared picture in, (cells, features) out."""

    def __init__(self, backbone: LiteWeights, size: int = SIDE) -> None:
        graph = GraphWriter(f"{backbone.plan.name}, its maps of features")
        maps = [_shrunk(graph, x, size) for x in add_lite_maps(graph, backbone, size)]
        self._widths = backbone.plan.map_channels
        self._names = tuple(f"map{number}" for number in range(len(maps)))
        outputs = {name: graph.flat(x, name) for name, x in zip(self._names, maps, strict=True)}
        self._network = Network(graph.finish(outputs))

    def __call__(self, prepared: Picture) -> Floats:
        parts = self._network.run(prepared, *self._names)
        maps = (part.reshape(-1, width) for part, width in zip(parts, self._widths, strict=True))
        return np.concatenate(list(maps), axis=1)

    def of(self, picture: Floats) -> Floats:
        """The same of a picture as a stream gives it."""
        return self(np.asarray(picture, dtype=np.uint8))


def _shrunk(graph: GraphWriter, x: Node, size: int) -> Node:
    factor = x.shape[1] // (size // 32)
    return x if factor == 1 else graph.shrink(x, factor)


def _seen(graph: GraphWriter, maps: Sequence[Node], weights: Floats) -> Node:
    """What ``weights`` (classes, features) say of each cell. A finer map is weighed before it is shrunk:
    both are linear, and so it is a map of few numbers that is averaged."""
    parts = np.split(weights, np.cumsum([x.shape[-1] for x in maps])[:-1], axis=1)
    nothing, cells = np.zeros(len(weights), dtype=np.float32), maps[-1].shape[1]
    total = None
    for x, part in zip(maps, parts, strict=True):
        said = graph.conv(x, part[:, None, None, :], nothing, stride=1, relu6=False)
        said = said if x.shape[1] == cells else graph.shrink(said, x.shape[1] // cells)
        total = said if total is None else graph.add(total, said)
    assert total is not None
    return total


@dataclass(frozen=True, eq=False, slots=True)
class _Directions:
    """The directions in which the features of cells differ most, in a scale where all differ by one."""

    mean: Floats
    turn: Floats  # (features, directions)

    @classmethod
    def of(cls, cells: Floats) -> _Directions:
        flat = cells.reshape(-1, cells.shape[-1])
        mean = flat.mean(axis=0)
        centred = flat - mean
        spread = centred.T @ centred / np.float32(len(flat))
        vectors = np.linalg.eigh(spread)[1][:, ::-1][:, :_DIRECTIONS]
        return cls(mean, np.asarray(vectors / np.sqrt(np.trace(spread)), dtype=np.float32))

    def __call__(self, cells: Floats) -> Floats:
        return np.asarray((cells - self.mean) @ self.turn)

    def undone(self, head: CellHead) -> CellHead:
        """The same head for features as the network gives them."""
        looks, whole = head.looks @ self.turn.T, head.whole @ self.turn.T
        return replace(
            head,
            looks=looks,
            whole=whole,
            bias=np.asarray(head.bias - (looks + whole) @ self.mean, np.float32),
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Drawn:
    """Varied pictures: ``cells`` (draws, cells, directions), ``targets`` (draws, classes), and of which
    pictures each one was made."""

    cells: Floats
    targets: Doubles
    sources: tuple[tuple[int, ...], ...]
    directions: _Directions

    @classmethod
    def of(cls, stream: Stream, eye: _Eye, draws: int, seed: int, tell: Callable[[int], None]) -> _Drawn:
        drawn = (stream.draw(np.random.default_rng((seed, number))) for number in range(draws))
        targets, sources, first = [], [], []
        for one in itertools.islice(drawn, _FIRST):
            targets.append(one.target)
            sources.append(one.sources)
            first.append(eye.of(one.picture))
            tell(len(sources))
        directions = _Directions.of(np.stack(first))
        # In their place from the beginning: they are by far the largest part of the memory it takes.
        cells = np.empty((draws, len(first[0]), directions.turn.shape[1]), dtype=np.float32)
        for number, seen in enumerate(first):
            cells[number] = directions(seen)
        for one in drawn:
            cells[len(sources)] = directions(eye.of(one.picture))
            targets.append(one.target)
            sources.append(one.sources)
            tell(len(sources))
        return cls(cells, np.stack(targets), tuple(sources), directions)

    def without(self, held: Bools) -> Bools:
        """Which of them have nothing of the pictures held out, (draws,)."""
        return np.array([not held[list(sources)].any() for sources in self.sources])

    def fit(self, answers: Answers, chosen: Bools) -> CellHead:
        """The head of least cross-entropy plus penalty, for features along the directions."""
        cells, targets = self.cells[chosen], self.targets[chosen]
        n, places, d = cells.shape
        outputs = targets.shape[1]
        wanted = targets * (1 - _DOUBT) + _DOUBT / 2
        flat, mean = cells.reshape(-1, d), cells.mean(axis=1)

        def loss(x: Doubles) -> tuple[float, Doubles]:
            weights, bias = x[:-outputs].reshape(2, d, outputs), x[-outputs:]
            looks, whole = weights.astype(np.float32)
            found, share = _soft_maximum((flat @ looks).reshape(n, places, outputs))
            logits = found.astype(np.float64) + mean @ whole + bias
            cost = (np.logaddexp(0, logits) - wanted * logits).sum() / n + _PENALTY * (weights**2).sum()
            slope = ((0.5 * (1 + np.tanh(0.5 * logits)) - wanted) / n).astype(np.float32)
            by_cell = (slope[:, None] * share).reshape(-1, outputs)
            slopes = np.stack([flat.T @ by_cell, mean.T @ slope]) + 2 * _PENALTY * weights
            return float(cost), np.r_[slopes.ravel(), slope.sum(axis=0)].astype(np.float64)

        start = np.zeros(2 * d * outputs + outputs)
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
        looks, whole = best[:-outputs].reshape(2, d, outputs).astype(np.float32)
        return CellHead(
            classes=answers.classes, looks=np.ascontiguousarray(looks.T), whole=np.ascontiguousarray(whole.T),
            bias=best[-outputs:].astype(np.float32), temperature=1.0, thresholds={}, measured={},
        )  # fmt: skip


def _judged(stream: Stream, eye: _Eye, number: int, seed: int) -> Floats:
    """A picture as it is and relit: its features (1 + RELIT, cells, features)."""
    random = np.random.default_rng((seed, number, 1))
    views = [stream.plain(np.array([number]))[0], *(stream.relit(number, random) for _ in range(RELIT))]
    return np.stack([eye.of(view) for view in views])


def _soft_maximum(said: Floats) -> tuple[Floats, Floats]:
    """(n, cells, classes): the soft maximum over the cells (n, classes), and each cell's share in it."""
    highest = said.max(axis=1, keepdims=True)
    share = np.exp(_SHARPNESS * (said - highest))
    total = share.sum(axis=1, keepdims=True)
    found = highest[:, 0] + np.log(total[:, 0] / np.float32(said.shape[1])) / np.float32(_SHARPNESS)
    return found, share / total
