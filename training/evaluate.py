"""How good a model package is on labelled pictures, as numbers with intervals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coop.classify.card import ModelCard, TaskMode
from coop.classify.decide import groups as exclusive_groups
from coop.classify.decide import probabilities
from coop.classify.gallery import Gallery
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from training.labelled import Example, LabelledDataError, LabelledSet, read_picture
from training.metrics import (
    Bools,
    Counts,
    Doubles,
    balanced_accuracy,
    best_constant,
    bootstrap_interval,
    count,
    expected_calibration_error,
    macro_f1,
)
from training.retrieval import identity_figures
from training.views import View, as_it_is

Floats = npt.NDArray[np.float32]
LEAST_LIKELY = 1e-6
"""What an answer counts at least in the log loss: one that was held to be impossible costs 13.8."""
PRECISIONS = (0.9, 0.95, 0.99)
"""For which is told how much may be answered."""
MOST_KEPT = 20_000
"""Of so many pictures, at most, the features are kept: 100 MB."""
Progress = Callable[[int, int], None]
"""Told how many pictures are done, of how many."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """A model's answers beside the truth. ``probabilities``: (n, classes), calibrated, in the card's order.

    The answer is the most probable one, thresholds aside: *unknown* is for the watch, and `known_share` says
    how often it would be said.
    """

    card: ModelCard
    examples: tuple[Example, ...]
    probabilities: Doubles
    embeddings: Floats | None = None
    """Features (n, d), where the model gives them and there are not too many pictures."""
    identities: Floats | None = None
    """Embeddings (n, d) in the space of the gallery, where there is one."""
    gallery: Gallery | None = None

    @cached_property
    def truth(self) -> Bools:
        """Which classes are there, (n, classes)."""
        return np.array([[name in e.answer for name in self.card.classes] for e in self.examples])

    @cached_property
    def answers(self) -> Bools:
        """Which classes the model says are there, (n, classes)."""
        if self.card.mode is TaskMode.MULTI:
            return self.probabilities >= 0.5
        answers = np.zeros(self.probabilities.shape, dtype=bool)
        for members in exclusive_groups(self.card):
            best = np.array(members)[self.probabilities[:, members].argmax(axis=1)]
            answers[np.arange(len(answers)), best] = True
        return answers

    @cached_property
    def right(self) -> Bools:
        """Whether the whole answer is the truth, (n,); never where a class is unknown to the model."""
        known = set(self.card.classes)
        strange = np.array([not example.answer <= known for example in self.examples])
        return np.asarray((self.answers == self.truth).all(axis=1) & ~strange)

    @cached_property
    def confidence(self) -> Doubles:
        """The probability of the answer, (n,): of its least sure part."""
        if self.card.mode is TaskMode.MULTI:
            return np.asarray(np.where(self.answers, self.probabilities, 1 - self.probabilities).min(axis=1))
        return np.asarray(np.where(self.answers, self.probabilities, np.inf).min(axis=1))

    @cached_property
    def known(self) -> Bools:
        """Whether the watch would give the answer, rather than say *unknown*, (n,)."""
        limits = np.array([self.card.thresholds[name] for name in self.card.classes])
        if self.card.mode is TaskMode.MULTI:
            sureness = np.where(self.answers, self.probabilities, 1 - self.probabilities)
            return np.asarray((sureness >= limits).all(axis=1))
        return np.asarray(((self.probabilities >= limits) | ~self.answers).all(axis=1))

    @cached_property
    def of_truth(self) -> Doubles:
        """The probability that the whole true answer got, (n,); 0 where a class of it is unknown."""
        strange = np.array([not example.answer <= set(self.card.classes) for example in self.examples])
        absent = 1 - self.probabilities if self.card.mode is TaskMode.MULTI else 1.0
        whole = np.where(self.truth, self.probabilities, absent).prod(axis=1)
        return np.asarray(np.where(strange, 0.0, whole))

    @property
    def log_loss(self) -> float:
        """How surprised the model was by the truth, on average: 0 for one that is sure and right."""
        return float(-np.log(np.maximum(self.of_truth, LEAST_LIKELY)).mean())

    def label(self, number: int) -> str:
        """The model's answer for a picture, as a CSV would have it."""
        names = [name for name, there in zip(self.card.classes, self.answers[number], strict=True) if there]
        return "|".join(sorted(names)) or "none"


def score(
    package: ModelPackage,
    pictures: LabelledSet,
    *,
    progress: Progress | None = None,
    views: Sequence[View] = (as_it_is,),
) -> Scores:
    """Run a package over labelled pictures. Raises LabelledDataError where labels and model do not fit.

    With several ``views`` of each picture the mean of its logits is the answer.
    """
    card = package.card
    if card.mode is not pictures.mode:
        raise LabelledDataError(
            pictures.source,
            f"its labels are those of a {pictures.mode} task, but the model is a {card.mode} one",
            "Evaluate it on labels of its own kind",
        )
    _require_common_classes(card, pictures)
    classifier = Classifier(package)
    names = ["logits"]
    if "embedding" in classifier.outputs and len(pictures) <= MOST_KEPT:
        names.append("embedding")
    if package.gallery is not None and classifier.known_by not in names:
        names.append(classifier.known_by)
    seen: dict[str, list[Floats]] = {name: [] for name in names}
    for number, example in enumerate(pictures.examples):
        picture = read_picture(example.path)
        asked = [classifier.ask(view(picture), *names) for view in views]
        for name, rows in zip(names, zip(*asked, strict=True), strict=True):
            seen[name].append(np.asarray(np.mean(rows, axis=0)))
        if progress is not None:
            progress(number + 1, len(pictures))
    return Scores(
        card=card,
        examples=pictures.examples,
        probabilities=np.stack([probabilities(card, row) for row in seen["logits"]]),
        embeddings=np.stack(seen["embedding"]) if "embedding" in seen else None,
        identities=np.stack(seen[classifier.known_by]) if package.gallery is not None else None,
        gallery=package.gallery,
    )


def report(scores: Scores) -> dict[str, Any]:
    """What `coop evaluate --json` writes: plain values, each figure with its 95% interval.

    ``accuracy`` is the share of pictures whose whole answer is right (exact match of the set).
    """
    days = [example.group for example in scores.examples]
    everything = np.arange(len(scores.examples))
    figures: dict[str, Any] = {
        "model": scores.card.model,
        "task": scores.card.task,
        "mode": str(scores.card.mode),
        "n": len(scores.examples),
        **_with_intervals(scores, everything, days),
        "balanced_accuracy": balanced_accuracy(
            [example.label for example in scores.examples],
            [scores.label(number) for number in range(len(days))],
        ),
        "best_constant": best_constant([example.label for example in scores.examples]),
        "known_share": float(scores.known.mean()),
        "accuracy_of_known": float(scores.right[scores.known].mean()) if scores.known.any() else None,
        "log_loss": scores.log_loss,
        "answered_at": {str(p): answered_at(scores, p) for p in PRECISIONS},
        "sure_from": _sure_from(scores),
        "per_class": {
            name: _of_class(count(scores.truth[:, k], scores.answers[:, k]))
            for k, name in enumerate(scores.card.classes)
        },
        "per_group": {group: _of_group(scores, days, group) for group in sorted(set(days))},
        **_by_time_and_camera(scores, days),
        "confusion": _confusion(scores),
    }
    if scores.card.mode is TaskMode.COUNT:
        figures["counts"] = _counting(scores)
    figures |= identity_figures(scores.examples, scores.identities, scores.gallery, scores.card)
    return figures


def answered_at(scores: Scores, precision: float) -> float:
    """The largest share that may be answered, the surest first, so that the share ``precision`` is right.

    One limit for all classes, chosen on these very pictures: what is possible, not what is promised.
    """
    order = np.argsort(-scores.confidence, kind="stable")
    correct = np.cumsum(scores.right[order]) / np.arange(1, len(order) + 1)
    # Pictures of one confidence are answered together, or not at all.
    ends = np.r_[np.diff(scores.confidence[order]) != 0, True]
    enough = np.flatnonzero((correct >= precision) & ends)
    return float(enough[-1] + 1) / len(order) if enough.size else 0.0


def _sure_from(scores: Scores) -> dict[str, dict[str, float | int | None]]:
    """For each class its limit, how often it was decided above that, and the share right of those.

    In a multi task a class is decided wherever it is surely there or surely absent.
    """
    figures: dict[str, dict[str, float | int | None]] = {}
    for k, name in enumerate(scores.card.classes):
        limit, p, said = scores.card.thresholds[name], scores.probabilities[:, k], scores.answers[:, k]
        multi = scores.card.mode is TaskMode.MULTI
        sure = np.where(said, p, 1 - p) >= limit if multi else said & (p >= limit)
        right = said == scores.truth[:, k]
        figures[name] = {
            "limit": float(limit),
            "decided": int(sure.sum()),
            "right": float(right[sure].mean()) if sure.any() else None,
        }
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Another model on the same pictures: its accuracy, and how much better (positive) the first one is."""

    other: str
    accuracy: float
    difference: float
    interval: tuple[float, float]


def compare(scores: Scores, other: Scores) -> Comparison:
    """How much better ``scores`` are than another model's for the same pictures, in the same order.

    The interval is that of the difference: pictures are drawn once for both models, since what is hard for
    one is mostly hard for the other.
    """
    gain = scores.right.astype(float) - other.right.astype(float)
    days = [example.group for example in scores.examples]
    return Comparison(
        other=other.card.model,
        accuracy=float(other.right.mean()),
        difference=float(gain.mean()),
        interval=bootstrap_interval(lambda drawn: float(gain[drawn].mean()), days),
    )


def write_json(file: Path, figures: Mapping[str, Any]) -> None:
    """Write a report whole, or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(
        json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    part.replace(file)


def _with_intervals(
    scores: Scores, numbers: npt.NDArray[np.intp], days: Sequence[str]
) -> dict[str, float | list[float]]:
    def accuracy(drawn: npt.NDArray[np.intp]) -> float:
        return float(scores.right[drawn].mean())

    def f1(drawn: npt.NDArray[np.intp]) -> float:
        return macro_f1(scores.truth[drawn], scores.answers[drawn])

    def ece(drawn: npt.NDArray[np.intp]) -> float:
        return expected_calibration_error(scores.confidence[drawn], scores.right[drawn])

    figures: dict[str, float | list[float]] = {}
    for name, measure in (("accuracy", accuracy), ("macro_f1", f1), ("ece", ece)):
        figures[name] = measure(numbers)
        figures[f"{name}_interval"] = list(bootstrap_interval(_of(measure, numbers), days))
    return figures


def _of(
    measure: Callable[[npt.NDArray[np.intp]], float], numbers: npt.NDArray[np.intp]
) -> Callable[[npt.NDArray[np.intp]], float]:
    """The measure of a drawing from ``numbers`` rather than from all."""
    return lambda drawn: measure(numbers[drawn])


def _of_class(counts: Counts) -> dict[str, float | int | None]:
    return {
        "n": counts.true + counts.missed,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }


def _by_time_and_camera(scores: Scores, days: Sequence[str]) -> dict[str, Any]:
    """``per_hour`` and ``per_camera`` of the pictures of which they are known; neither where of none."""
    hours = [None if e.hour is None else f"{e.hour:02}" for e in scores.examples]
    figures = {}
    for name, places in (("per_hour", hours), ("per_camera", [e.camera for e in scores.examples])):
        found: dict[str, list[int]] = {}
        for number, place in enumerate(places):
            if place is not None:
                found.setdefault(place, []).append(number)
        if found:
            figures[name] = {place: _of_some(scores, days, found[place]) for place in sorted(found)}
    return figures


def _of_some(scores: Scores, days: Sequence[str], numbers: Sequence[int]) -> dict[str, Any]:
    theirs = [days[number] for number in numbers]
    return {"n": len(numbers), **_with_intervals(scores, np.array(numbers, dtype=np.intp), theirs)}


def _of_group(scores: Scores, days: Sequence[str], group: str) -> dict[str, Any]:
    numbers = np.flatnonzero(np.array(days) == group)
    return {"n": len(numbers), **_with_intervals(scores, numbers, [group] * len(numbers))}


def _confusion(scores: Scores) -> dict[str, dict[str, int]]:
    """How often each truth got each answer; only what occurs."""
    table: dict[str, dict[str, int]] = {}
    for number, example in enumerate(scores.examples):
        row = table.setdefault(example.label, {})
        answer = scores.label(number)
        row[answer] = row.get(answer, 0) + 1
    return {truth: dict(sorted(row.items())) for truth, row in sorted(table.items())}


def _counting(scores: Scores) -> dict[str, dict[str, float]]:
    """For each counted name: the share exact, and within one; the most probable number is the answer."""
    result = {}
    for members in exclusive_groups(scores.card):
        name = scores.card.classes[members[0]].partition("=")[0]
        numbers = np.array([int(scores.card.classes[k].partition("=")[2]) for k in members])
        said = numbers[scores.probabilities[:, members].argmax(axis=1)]
        there = [
            (row, int(part.partition("=")[2]))
            for row, example in enumerate(scores.examples)
            for part in example.answer
            if part.partition("=")[0] == name
        ]
        if there:
            rows, truth = np.array([row for row, _ in there]), np.array([n for _, n in there])
            off = np.abs(said[rows] - truth)
            values, frequency = np.unique(truth, return_counts=True)
            constant = values[frequency.argmax()]
            result[name] = {
                "n": float(len(truth)),
                "exact": float((off == 0).mean()),
                "within_one": float((off <= 1).mean()),
                "mean_error": float(off.mean()),
                "best_constant_exact": float((truth == constant).mean()),
            }
    return result


def _require_common_classes(card: ModelCard, pictures: LabelledSet) -> None:
    known = (
        {name.partition("=")[0] for name in card.classes}
        if card.mode is TaskMode.COUNT
        else set(card.classes)
    )
    if pictures.classes and not known & set(pictures.classes):
        raise LabelledDataError(
            pictures.source,
            f"its classes are {', '.join(pictures.classes)}, the model's {', '.join(sorted(known))}",
            "Evaluate the model on labels of its own task",
        )
