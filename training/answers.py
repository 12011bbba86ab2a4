"""What a linear head is to say in each kind of task: targets to fit, logits from a fit, how good they are.

A fit gives one number for each *output*: a class of a ``single`` or ``multi`` task, a counted name of a
``count`` task. Logits are linear in them, so they stay a linear head, as `coop.classify.decide` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from coop.classify.card import NONE, TaskMode

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ROOM = 1  # beyond the largest number seen, which tomorrow may bring


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """The answers of n pictures: ``labels`` as a CSV has them, all of one task."""

    mode: TaskMode
    labels: tuple[str, ...]

    def of(self, numbers: npt.NDArray[np.intp]) -> Answers:
        """The answers of some of the pictures; outputs and classes stay those of all."""
        some = Answers(mode=self.mode, labels=tuple(self.labels[k] for k in numbers))
        some.__dict__.update(outputs=self.outputs, classes=self.classes)  # as if found there already
        return some

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """What is fitted: the classes, or in a count task the names that are counted."""
        names = {name for parts in self._parts for name in parts}
        if self.mode is TaskMode.COUNT:
            names = {name.partition("=")[0] for name in names}
        return tuple(sorted(names))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes of the model: of a count task every number up to a little more than was seen."""
        if self.mode is not TaskMode.COUNT:
            return self.outputs
        most = {name: int(self.targets[:, k].max()) for k, name in enumerate(self.outputs)}
        return tuple(f"{name}={n}" for name in self.outputs for n in range(most[name] + _ROOM + 1))

    @cached_property
    def targets(self) -> Doubles:
        """What the fit is to give, (n, outputs): 1 where a class is there, else 0; a counted name's number.

        Raises ValueError where a picture lacks the number of a name that others have.
        """
        targets = np.zeros((len(self.labels), len(self.outputs)))
        for row, parts in zip(targets, self._parts, strict=True):
            numbers = dict(part.partition("=")[::2] for part in parts)
            for k, name in enumerate(self.outputs):
                if self.mode is not TaskMode.COUNT:
                    row[k] = name in numbers
                elif name not in numbers:
                    raise ValueError(f"{'|'.join(sorted(parts)) or NONE!r} says nothing of {name!r}")
                else:
                    row[k] = int(numbers[name])
        return targets

    @cached_property
    def truth(self) -> Bools:
        """Which classes are there, (n, classes)."""
        return np.array([[name in parts for name in self.classes] for parts in self._parts])

    @cached_property
    def kinds(self) -> npt.NDArray[np.intp]:
        """The number of each picture's answer among the different answers, (n,)."""
        return np.unique(np.array(["|".join(sorted(p)) for p in self._parts]), return_inverse=True)[1]

    @property
    def weights(self) -> Doubles:
        """How much each picture counts in the fit, (n,), summing to one.

        Every answer counts the same, however many pictures have it; numbers count as often as they come,
        since between them a fit can interpolate.
        """
        if self.mode is TaskMode.COUNT:
            return np.full(len(self.labels), 1.0 / len(self.labels))
        share = 1.0 / np.bincount(self.kinds)[self.kinds]
        return np.asarray(share / share.sum())

    @cached_property
    def to_logits(self) -> tuple[Doubles, Doubles]:
        """The matrix (outputs, classes) and bias (classes,) that make logits of what the fit gives.

        A fitted number x says of each number k the logarithm of a normal distribution around x, less what all
        share: (2 k x - k²) / 2. The temperature then gives it its width.
        """
        matrix, bias = np.zeros((len(self.outputs), len(self.classes))), np.zeros(len(self.classes))
        for k, name in enumerate(self.classes):
            output, _, number = name.partition("=")
            matrix[self.outputs.index(output), k] = float(number) if number else 1.0
            bias[k] = -0.5 * float(number) ** 2 if number else 0.0
        if self.mode is TaskMode.MULTI:
            bias -= 0.5  # halfway between absent and there
        return matrix, bias

    @cached_property
    def blocks(self) -> tuple[npt.NDArray[np.intp], ...]:
        """The numbers of the classes that exclude one another; none in a multi task."""
        if self.mode is TaskMode.MULTI:
            return ()
        names = [name.partition("=")[0] if self.mode is TaskMode.COUNT else "" for name in self.classes]
        return tuple(np.flatnonzero(np.array(names) == name) for name in dict.fromkeys(names))

    @property
    def _parts(self) -> list[frozenset[str]]:
        return [frozenset() if self._is_empty(x) else frozenset(x.split("|")) for x in self.labels]

    def _is_empty(self, label: str) -> bool:
        return self.mode is TaskMode.MULTI and label in ("", NONE)

    def log_probabilities(self, logits: Doubles) -> tuple[Doubles, Doubles]:
        """Logarithms of the probability that each class is there, and that it is not; both (n, classes)."""
        if self.mode is TaskMode.MULTI:
            return -np.logaddexp(0, -logits), -np.logaddexp(0, logits)
        there = np.empty_like(logits)
        for block in self.blocks:
            part = logits[:, block]
            lowered = part - part.max(axis=1, keepdims=True)
            there[:, block] = lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True))
        with np.errstate(divide="ignore"):
            return there, np.log1p(-np.exp(there))

    def loss(self, logits: Doubles) -> float:
        """The mean log loss, with a little doubt in every answer.

        By Laplace's rule of succession n right answers promise n + 1 of n + 2, so a few easy pictures do not
        make a head infinitely sure of itself.
        """
        doubt = 1.0 / (len(self.labels) + 2)
        there, absent = self.log_probabilities(logits)
        if self.mode is TaskMode.MULTI:
            right = np.where(self.truth, there, absent)
            wrong = np.where(self.truth, absent, there)
            return -float(((1 - doubt) * right + doubt * wrong).sum(axis=1).mean())
        return -sum(
            float((1 - doubt) * there[:, block][self.truth[:, block]].mean() + doubt * there[:, block].mean())
            for block in self.blocks
        )

    def said(self, logits: Doubles) -> Bools:
        """Which classes the logits say are there, (n, classes)."""
        if self.mode is TaskMode.MULTI:
            return np.asarray(logits >= 0)
        said = np.zeros(logits.shape, dtype=bool)
        for block in self.blocks:
            said[np.arange(len(logits)), block[logits[:, block].argmax(axis=1)]] = True
        return said

    def of_truth(self, logits: Doubles) -> Doubles:
        """The probability that each picture's whole answer got, (n,)."""
        there, absent = self.log_probabilities(logits)
        if not self.blocks:
            return np.asarray(np.exp(np.where(self.truth, there, absent).sum(axis=1)))
        return np.asarray(np.exp(np.where(self.truth, there, 0.0).sum(axis=1)))

    def accuracy(self, logits: Doubles) -> float:
        """The share of pictures whose whole answer is right."""
        return float((self.said(logits) == self.truth).all(axis=1).mean())


def best_shift(logits: Doubles, judged: Answers) -> Doubles:
    """What to add to each class's logit, so that classes are said as often as they are there.

    It learned from sets that are all equally frequent, and from joined pictures; a day is otherwise. The
    shift of least log loss on the pictures held out is taken, with a penalty that asks for some proof.
    """
    if judged.mode is TaskMode.COUNT:
        return np.zeros(logits.shape[1])

    def loss(x: Doubles) -> float:
        return judged.loss(x[0] * logits + x[1:]) + float(x[1:] @ x[1:]) / len(logits)

    bounds = [(0.1, 10.0), *[(-3.0, 3.0)] * logits.shape[1]]
    best = minimize(loss, np.r_[1.0, np.zeros(logits.shape[1])], method="L-BFGS-B", bounds=bounds)
    return np.asarray(best.x[1:] / best.x[0])


def sureness(answers: Answers, logits: Doubles) -> tuple[Doubles, Bools, Bools]:
    """For each picture and class (n, classes): how sure the head is, whether it decides about the class, and
    whether it is right.

    In a multi task it decides about every class, there or absent; else only about the one that it names.
    """
    there, absent = answers.log_probabilities(logits)
    said = answers.said(logits)
    if answers.mode is TaskMode.MULTI:
        return np.exp(np.where(said, there, absent)), np.ones_like(said), said == answers.truth
    return np.exp(there), said, answers.truth


def thresholds(
    answers: Answers, logits: Doubles, precision: float, limits: Iterable[float], unseen: float
) -> dict[str, float]:
    """The lowest of ``limits`` for each class from which on the share ``precision`` of decisions is right."""
    sure, decides, right = sureness(answers, logits)
    result = {}
    for k, name in enumerate(answers.classes):
        enough = (
            float(limit)
            for limit in limits
            if (kept := decides[:, k] & (sure[:, k] >= limit)).any() and right[kept, k].mean() >= precision
        )
        result[name] = round(next(enough, unseen), 2)
    return result
