"""Likely label errors: confident learning on predictions of models that did not learn from the picture.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021. A class's
threshold is the mean probability that its own pictures get for it. Where another class reaches its own
threshold, and none more than it, the label is likely wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """Out-of-fold predictions. ``probabilities``: (pictures, classes); classes are values of labels."""

    pictures: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: Probabilities
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyError:
    """A label that is likely wrong.

    ``confidence``: what the predictions give the label itself; ``better``: the value they give more, with
    ``better_confidence``.
    """

    picture: str
    label: str
    confidence: float
    better: str
    better_confidence: float

    @property
    def margin(self) -> float:
        """How much more the predictions believe in the other value: the greater, the likelier the error."""
        return self.better_confidence - self.confidence


def likely_errors(predictions: Predictions, labels: Sequence[str]) -> tuple[LikelyError, ...]:
    """The labels that are likely wrong, the likeliest first. ``labels``: one value for each prediction.

    Labels that no class of the predictions names, such as "unsure", are passed over.
    """
    place = {name: number for number, name in enumerate(predictions.classes)}
    known = np.array([label in place for label in labels], dtype=bool)
    given = np.array([place.get(label, 0) for label in labels], dtype=np.intp)
    if not known.any():
        return ()
    p = predictions.probabilities
    called = _confident(p, self_confidence(p[known], given[known]))
    wrong = np.flatnonzero(known & (called >= 0) & (called != given))
    found = [
        LikelyError(
            picture=predictions.pictures[n],
            label=labels[n],
            confidence=float(p[n, given[n]]),
            better=predictions.classes[int(called[n])],
            better_confidence=float(p[n, called[n]]),
        )
        for n in map(int, wrong)
    ]
    return tuple(sorted(found, key=lambda error: (-error.margin, error.picture)))


def self_confidence(p: Probabilities, given: npt.NDArray[np.intp]) -> Probabilities:
    """The threshold of each class, (classes,): the mean probability of the class among its own pictures.

    A class without pictures gets an unreachable one.
    """
    thresholds = np.full(p.shape[1], np.inf)
    for number in np.unique(given):
        thresholds[number] = p[given == number, number].mean()
    return thresholds


def confident_joint(p: Probabilities, given: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """How many pictures with each label (rows) are confidently of each class (columns)."""
    called = _confident(p, self_confidence(p, given))
    joint = np.zeros((p.shape[1], p.shape[1]), dtype=np.int64)
    np.add.at(joint, (given[called >= 0], called[called >= 0]), 1)
    return joint


def _confident(p: Probabilities, thresholds: Probabilities) -> npt.NDArray[np.intp]:
    """The class of each picture that is confidently of one, the most probable of several; -1 for none."""
    reached = p >= thresholds - 1e-12
    return np.where(reached.any(axis=1), np.where(reached, p, -1.0).argmax(axis=1), -1)
