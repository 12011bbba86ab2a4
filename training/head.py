"""A linear head on the starter model's frozen features: the first baseline, trained in seconds on a CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coop.classify.card import ModelCard, Preprocessing, TaskMode
from coop.classify.efficientnet_lite import LiteWeights, add_lite, load_lite_weights
from coop.classify.gallery import IDENTITY
from coop.classify.package import ModelPackage, write_package
from coop.classify.tflite_writer import GraphWriter, Node
from coop.errors import CoopError
from training.answers import Answers, thresholds
from training.folds import Folded, held_out
from training.gallery import Familiar
from training.numbers import Odds

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_PENALTIES = tuple(float(p) for p in np.geomspace(1e-4, 1.0, 9))
_TEMPERATURES = np.geomspace(0.01, 10.0, 61)
PRECISION = 0.95
"""The share of its sure answers that a model is to have right, unless another is asked for."""
PRECISION_KEY = "sure_answers_right"
"""In a card's figures: the share of sure answers that the thresholds were chosen to have right."""
THRESHOLDS = np.linspace(0.5, 0.99, 50)
UNSEEN_THRESHOLD = 0.9  # for a class that no held-out group could test


class HeadError(CoopError, ValueError):
    """Features and labels from which no head can be learned."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        super().__init__(f"{problem}. {remedy}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Head:
    """A linear classifier over features. ``weights``: (classes, d), ``bias``: (classes,).

    ``measured`` holds the figures from held-out groups: no picture is scored by a head that saw its group.
    ``familiar``: of an identity task, who is known, and from where on a bird is a stranger.
    """

    mode: TaskMode = TaskMode.SINGLE
    classes: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature: float
    thresholds: Mapping[str, float]
    measured: Mapping[str, object]
    familiar: Familiar | None = None
    folded: Folded | None = None

    def logits(self, features: Floats) -> Floats:
        """(n, d) -> (n, classes)."""
        return np.asarray(features @ self.weights.T + self.bias, dtype=np.float32)

    def add_to(self, graph: GraphWriter, backbone: LiteWeights, size: int) -> dict[str, Node]:
        """The network with this head: the outputs of a package."""
        embedding = add_lite(graph, backbone, size)
        outputs = {
            "logits": graph.dense(embedding, self.weights, self.bias, "logits"),
            "embedding": embedding,
        }
        if self.familiar is not None:
            outputs[IDENTITY] = graph.dense(embedding, self.familiar.weights, self.familiar.bias, IDENTITY)
        return outputs


class AnyHead(Protocol):
    """What a package needs to know of a head: a `Head`, or one of `training.cells` or `training.counting`."""

    @property
    def mode(self) -> TaskMode: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def temperature(self) -> float: ...
    @property
    def thresholds(self) -> Mapping[str, float]: ...
    @property
    def measured(self) -> Mapping[str, object]: ...
    @property
    def familiar(self) -> Familiar | None: ...
    @property
    def folded(self) -> Folded | None: ...
    def add_to(self, graph: GraphWriter, backbone: LiteWeights, size: int) -> dict[str, Node]: ...


def figure(head: AnyHead, name: str) -> float:
    """One of the figures that a head has of itself, such as ``held_out_log_loss``."""
    return float(str(head.measured[name]))


def fit_head(
    features: Floats,
    labels: Sequence[str],
    groups: Sequence[str],
    *,
    mode: TaskMode = TaskMode.SINGLE,
    views: Floats | None = None,
    folds: int = 5,
    precision: float = PRECISION,
) -> Head:
    """Ridge regression on the answers, its penalty, temperature and thresholds chosen on held-out groups.

    With a temperature it measured as good as logistic regression on the same features (log loss 1.16 against
    1.19 over held-out nest camera days, 0.020 against 0.021 on cats and dogs), and needs no search.
    ``features``: (n, d). ``labels`` as a CSV has them. ``groups`` names the visit or day of each picture; a
    group is never split between learning and judging, since neighbouring pictures are copies of each other.
    ``views``: features (n, v, d) of the same pictures seen otherwise, which are learned from and never judged
    on. A class's threshold is the lowest from one half on at which the share ``precision`` of what is called
    by its name is right. Raises HeadError for fewer than two answers or groups, or numbers not finite.
    """
    return fit_answers(
        features,
        _checked(features, labels, groups, mode),
        groups,
        views=views,
        folds=folds,
        precision=precision,
    )


def fit_answers(
    features: Floats,
    answers: Answers,
    groups: Sequence[str],
    *,
    views: Floats | None = None,
    folds: int = 5,
    precision: float = PRECISION,
) -> Head:
    """`fit_head` for answers that were checked already, of which some classes may lack here."""
    scaler = _Scaler.of(features)
    scaled = scaler.apply(features)
    seen = (
        scaled[:, None] if views is None else np.concatenate([scaled[:, None], scaler.apply(views)], axis=1)
    )
    parts = list(held_out(groups, answers.kinds, folds))
    candidates = _out_of_fold(seen, answers, parts)
    penalty = min(_PENALTIES, key=lambda p: best_temperature(candidates[p], answers)[1])
    logits = candidates[penalty]
    weights, bias = _fit(seen, answers, slice(None), [penalty])[penalty]
    if answers.mode is TaskMode.COUNT:
        odds = Odds.of(answers, logits, best_temperature(logits, answers)[0], groups)
        logits, (weights, bias) = odds(logits), odds.of_head(weights, bias)
    temperature, loss = best_temperature(logits, answers)
    raw_weights, raw_bias = scaler.unscaled(weights, bias)
    return Head(
        mode=answers.mode,
        classes=answers.classes,
        weights=raw_weights,
        bias=raw_bias,
        temperature=temperature,
        thresholds=thresholds(answers, logits / temperature, precision, THRESHOLDS, UNSEEN_THRESHOLD),
        measured={
            "pictures": len(features),
            "groups": len(set(groups)),
            "held_out_accuracy": round(answers.accuracy(logits), 4),
            "held_out_log_loss": round(loss, 4),
            "penalty": round(penalty, 5),
        },
        folded=Folded(numbers=np.arange(len(features)), logits=logits),
    )


def write_head_package(
    folder: Path,
    head: AnyHead,
    *,
    task: str,
    name: str,
    version: str,
    trained_on: Mapping[str, object],
    not_good_for: Sequence[str] = (),
    backbone: LiteWeights | None = None,
    size: int | None = None,
    measured: Mapping[str, object] | None = None,
    model: bytes | None = None,
) -> ModelPackage:
    """Writes the starter's backbone, or a tuned one, with this head as a model package, checked.

    ``measured``: figures beside the head's own. ``model``: its file, where that was made already.
    """
    backbone = backbone or load_lite_weights()
    size = size or backbone.plan.size
    if model is None:
        model = head_model(head, backbone, size, f"{backbone.plan.name} with a head for the task {task}")
    familiar = head.familiar
    strangers = {} if familiar is None else {"strangers": familiar.measured}
    card = ModelCard(
        name=name,
        version=version,
        task=task,
        mode=head.mode,
        classes=head.classes,
        preprocessing=Preprocessing(size=size),
        thresholds=head.thresholds,
        temperature=head.temperature,
        familiar_within=None if familiar is None else familiar.within,
        trained_on=trained_on,
        measured={**head.measured, **(measured or {}), **strangers},
        not_good_for=tuple(not_good_for),
    )
    gallery = None if familiar is None else familiar.gallery
    return write_package(folder, card, model, gallery)


def head_model(head: AnyHead, backbone: LiteWeights, size: int, about: str) -> bytes:
    """The model file of a backbone with a head, in float32."""
    graph = GraphWriter(about)
    return graph.finish(head.add_to(graph, backbone, size))


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


def _checked(features: Floats, labels: Sequence[str], groups: Sequence[str], mode: TaskMode) -> Answers:
    if features.ndim != 2 or not len(features) == len(labels) == len(groups):
        problem = (
            f"Features of shape {features.shape} do not fit {len(labels)} labels and {len(groups)} groups"
        )
        raise HeadError(problem, "Give one row of features, one label and one group for each picture")
    if not np.isfinite(features).all():
        raise HeadError("Some features are not finite", "Compute them again with an undamaged model package")
    answers = Answers(mode=mode, labels=tuple(labels))
    different = len(set(labels))
    if different < 2 or len(set(groups)) < 2:
        problem = f"There are {different} classes in {len(set(groups))} groups"
        raise HeadError(problem, "Label pictures of at least two classes from at least two visits or days")
    return answers


def _out_of_fold(
    seen: Doubles, answers: Answers, parts: Sequence[npt.NDArray[np.bool_]]
) -> dict[float, Doubles]:
    """For each penalty the logits (n, classes) of each picture, by a head that did not see its group."""
    logits = {penalty: np.zeros((len(seen), len(answers.classes))) for penalty in _PENALTIES}
    for held in parts:
        for penalty, (weights, bias) in _fit(seen, answers, ~held, _PENALTIES).items():
            logits[penalty][held] = seen[held, 0] @ weights.T + bias
    return logits


def _fit(
    seen: Doubles, answers: Answers, chosen: npt.NDArray[np.bool_] | slice, penalties: Sequence[float]
) -> dict[float, tuple[Doubles, Doubles]]:
    """For each penalty the weights (classes, d) and bias (classes,) of least squared error plus penalty.

    ``seen``: (n, views, d), of which the ``chosen`` pictures are learned from. One decomposition, of the
    smaller of pictures by pictures and features by features, serves all penalties.
    """
    features = seen[chosen]
    views, d = features.shape[1:]
    share = np.repeat(answers.weights[chosen], views)
    share /= share.sum()
    target = np.repeat(answers.targets[chosen], views, axis=0)
    features = features.reshape(-1, d)
    feature_mean, target_mean = share @ features, share @ target
    root = np.sqrt(share)[:, None]
    x, y = (features - feature_mean) * root, (target - target_mean) * root
    few = len(x) < d
    values, vectors = np.linalg.eigh(x @ x.T if few else x.T @ x)
    turned = vectors.T @ (y if few else x.T @ y)
    matrix, offset = answers.to_logits
    fits = {}
    for penalty in penalties:
        solved = vectors @ (turned / (np.maximum(values, 0.0) + penalty)[:, None])
        weights = x.T @ solved if few else solved  # (d, outputs)
        bias = target_mean - feature_mean @ weights
        fits[penalty] = (weights @ matrix).T, bias @ matrix + offset
    return fits


def best_temperature(logits: Doubles, answers: Answers) -> tuple[float, float]:
    """The temperature of least log loss, and that loss."""
    losses = [answers.loss(logits / temperature) for temperature in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best]
