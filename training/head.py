"""A linear head on the starter model's frozen features: the first baseline, trained in seconds on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from coop.classify.card import ModelCard, Preprocessing
from coop.classify.efficientnet_lite import INPUT_SIZE, add_lite0, load_lite0_weights
from coop.classify.package import ModelPackage, write_package
from coop.classify.tflite_writer import GraphWriter
from coop.errors import CoopError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
_TEMPERATURES = np.geomspace(0.25, 8.0, 41)
_THRESHOLDS = np.linspace(0.5, 0.99, 50)
_UNSEEN_THRESHOLD = 0.9  # for a class that no held-out group could test


class HeadError(CoopError, ValueError):
    """Features and labels from which no head can be learned."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        super().__init__(f"{problem}. {remedy}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Head:
    """A linear classifier over features. ``weights``: (classes, d), ``bias``: (classes,).

    ``measured`` holds the figures from held-out groups: no picture is scored by a head that saw its group.
    """

    classes: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float
    thresholds: Mapping[str, float]
    measured: Mapping[str, object]

    def logits(self, features: Floats) -> Floats:
        """(n, d) -> (n, classes)."""
        return np.asarray(features @ self.weights.T + self.bias, dtype=np.float32)


def fit_head(
    features: Floats,
    labels: Sequence[str],
    groups: Sequence[str],
    *,
    folds: int = 5,
    precision: float = 0.95,
) -> Head:
    """Multinomial logistic regression, its penalty, temperature and thresholds chosen on held-out groups.

    ``features``: (n, d). ``groups`` names the visit or day of each picture; a group is never split between
    learning and judging, since neighbouring pictures are copies of each other. A class's threshold is the
    lowest from one half on at which the share ``precision`` of what is called by its name is right. Raises
    HeadError for fewer than two classes or groups, or numbers that are not finite.
    """
    classes, truth = _numbered(features, labels, groups)
    scaler = _Scaler.of(features)
    scaled = scaler.apply(features)
    parts = list(_held_out(groups, truth, folds))
    candidates = {
        penalty: _out_of_fold(scaled, truth, len(classes), parts, penalty) for penalty in _PENALTIES
    }
    penalty = min(candidates, key=lambda p: _best_temperature(candidates[p], truth)[1])
    logits = candidates[penalty]
    temperature, loss = _best_temperature(logits, truth)
    probabilities = softmax(logits / temperature, axis=1)
    weights, bias = scaler.unscaled(*_fit(scaled, truth, len(classes), penalty))
    return Head(
        classes=classes,
        weights=weights,
        bias=bias,
        temperature=temperature,
        thresholds=_thresholds(probabilities, truth, classes, precision),
        measured={
            "pictures": len(truth),
            "groups": len(set(groups)),
            "held_out_accuracy": round(float(np.mean(logits.argmax(axis=1) == truth)), 4),
            "held_out_log_loss": round(loss, 4),
            "penalty": penalty,
        },
    )


def write_head_package(
    folder: Path,
    head: Head,
    *,
    task: str,
    name: str,
    version: str,
    trained_on: Mapping[str, object],
    not_good_for: Sequence[str] = (),
) -> ModelPackage:
    """Writes the starter's backbone with this head as a model package of its own, and returns it checked."""
    graph = GraphWriter(f"EfficientNet-Lite0 with a linear head for the task {task}")
    embedding = add_lite0(graph, load_lite0_weights())
    logits = graph.dense(embedding, head.weights, head.bias, "logits")
    card = ModelCard(
        name=name,
        version=version,
        task=task,
        classes=head.classes,
        preprocessing=Preprocessing(size=INPUT_SIZE),
        thresholds=head.thresholds,
        temperature=head.temperature,
        trained_on=trained_on,
        measured=head.measured,
        not_good_for=tuple(not_good_for),
    )
    return write_package(folder, card, graph.finish({"logits": logits, "embedding": embedding}))


@dataclass(frozen=True, eq=False, slots=True)
class _Scaler:
    """Brings features to mean 0 and a common scale, so that one penalty suits all."""

    mean: Doubles
    scale: float

    @classmethod
    def of(cls, features: Floats) -> _Scaler:
        spread = float(features.std(axis=0, dtype=np.float64).mean())
        if spread == 0.0:
            raise HeadError("All pictures have the same features", "Check that the backbone has its weights")
        # Divided by the root of d, a row has length 1 on average, however many features there are.
        return cls(features.mean(axis=0, dtype=np.float64), spread * features.shape[1] ** 0.5)

    def apply(self, features: Floats) -> Doubles:
        return (features - self.mean) / self.scale

    def unscaled(self, weights: Doubles, bias: Doubles) -> tuple[Floats, Floats]:
        """The same classifier for features as the network gives them."""
        raw = weights / self.scale
        return raw.astype(np.float32), (bias - raw @ self.mean).astype(np.float32)


def _numbered(
    features: Floats, labels: Sequence[str], groups: Sequence[str]
) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    if features.ndim != 2 or not len(features) == len(labels) == len(groups):
        problem = (
            f"Features of shape {features.shape} do not fit {len(labels)} labels and {len(groups)} groups"
        )
        raise HeadError(problem, "Give one row of features, one label and one group for each picture")
    if not np.isfinite(features).all():
        raise HeadError("Some features are not finite", "Compute them again with an undamaged model package")
    classes, truth = np.unique(np.array(labels, dtype=np.str_), return_inverse=True)
    if len(classes) < 2 or len(set(groups)) < 2:
        problem = f"There are {len(classes)} classes in {len(set(groups))} groups"
        raise HeadError(problem, "Label pictures of at least two classes from at least two visits or days")
    return tuple(str(name) for name in classes), truth


def _held_out(
    groups: Sequence[str], truth: npt.NDArray[np.intp], folds: int
) -> Iterator[npt.NDArray[np.bool_]]:
    """Masks of the pictures to hold out, one for each fold, in whole groups.

    The largest groups are dealt first, each to the fold that has least of the group's classes so far.
    """
    names, member = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    counts = np.zeros((len(names), int(truth.max()) + 1))
    np.add.at(counts, (member, truth), 1)
    shares = counts / counts.sum(axis=0)
    held = np.zeros((min(folds, len(names)), counts.shape[1]))
    fold_of = np.empty(len(names), dtype=np.intp)
    for group in np.argsort(-shares.sum(axis=1), kind="stable"):
        of_its_classes = held[:, shares[group] > 0].sum(axis=1)
        fold = int(np.lexsort((held.sum(axis=1), of_its_classes))[0])
        fold_of[group] = fold
        held[fold] += shares[group]
    for fold in range(len(held)):
        yield fold_of[member] == fold


def _out_of_fold(
    features: Doubles,
    truth: npt.NDArray[np.intp],
    classes: int,
    parts: Sequence[npt.NDArray[np.bool_]],
    penalty: float,
) -> Doubles:
    """Logits (n, classes) of each picture by a head that did not see its group."""
    logits = np.zeros((len(truth), classes))
    for held in parts:
        weights, bias = _fit(features[~held], truth[~held], classes, penalty)
        logits[held] = features[held] @ weights.T + bias
    return logits


def _fit(
    features: Doubles, truth: npt.NDArray[np.intp], classes: int, penalty: float
) -> tuple[Doubles, Doubles]:
    """Weights (classes, d) and bias (classes,) of least mean log loss plus ``penalty`` times squared weights.

    Every class counts the same, however many pictures it has.
    """
    n, d = features.shape
    counts = np.bincount(truth, minlength=classes)
    weight = (1.0 / np.maximum(counts, 1))[truth]
    weight /= weight.sum()
    target = np.eye(classes)[truth]

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        table = flat.reshape(classes, d + 1)
        weights, bias = table[:, :-1], table[:, -1]
        log_p = log_softmax(features @ weights.T + bias, axis=1)
        value = -float(weight @ log_p[np.arange(n), truth]) + 0.5 * penalty * float((weights**2).sum())
        error = (np.exp(log_p) - target) * weight[:, None]
        slope = np.column_stack([error.T @ features + penalty * weights, error.sum(axis=0)])
        return value, slope.ravel()

    found = minimize(loss, np.zeros(classes * (d + 1)), jac=True, method="L-BFGS-B")
    table = np.asarray(found.x).reshape(classes, d + 1)
    return table[:, :-1], table[:, -1]


def _best_temperature(logits: Doubles, truth: npt.NDArray[np.intp]) -> tuple[float, float]:
    """The temperature of least log loss, and that loss."""
    rows = np.arange(len(truth))
    losses = [-float(log_softmax(logits / t, axis=1)[rows, truth].mean()) for t in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best]


def _thresholds(
    probabilities: Doubles, truth: npt.NDArray[np.intp], classes: tuple[str, ...], precision: float
) -> dict[str, float]:
    called, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    result = {}
    for number, name in enumerate(classes):
        mine = called == number
        enough = (
            float(limit)
            for limit in _THRESHOLDS
            if (kept := mine & (confidence >= limit)).any() and (truth[kept] == number).mean() >= precision
        )
        result[name] = round(next(enough, _UNSEEN_THRESHOLD), 2)
    return result
