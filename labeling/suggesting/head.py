"""A quick classifier over embeddings, learned from the labels so far, for tasks that no model speaks for.

How it learns is handed in (`Learns`): the command line gives the linear head that training begins with.
Values of labels are its classes as they are, so that "brown|white" of a multi task is a class like any other;
a combination that nobody gave yet is never suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coop.domain.survey import Surveyed
from coop.domain.task import SKIP, UNSURE, Task

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

QUICK = "quick-head"
"""Its name as a model; the version is the number of pictures it learned from."""

LEAST_OF_CLASS = 3
LEAST_PICTURES = 20
LEAST_VISITS = 4
_MOST_PICTURES = 12_000
_MOST_OF_VISIT = 8


class LearnedHead(Protocol):
    """What `Learns` returns."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def temperature(self) -> float: ...

    def logits(self, features: Floats) -> Floats: ...


class Learns(Protocol):
    """Learns a head from features (n, d), a label and a group for each; groups are never split in judging."""

    def __call__(self, features: Floats, labels: Sequence[str], groups: Sequence[str]) -> LearnedHead: ...


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a head learns from: picture keys, with value and visit of each."""

    pictures: tuple[str, ...]
    values: tuple[str, ...]
    visits: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        return (
            len(self.pictures) >= LEAST_PICTURES
            and len(set(self.visits)) >= LEAST_VISITS
            and len(set(self.values)) >= 2
        )

    @property
    def model(self) -> str:
        return f"{QUICK} {len(self.pictures)}"


def lesson(lines: Sequence[Surveyed], task: Task) -> Lesson:
    """The labelled pictures to learn from.

    Some of each visit, whose pictures are much the same, and of very many a fixed choice: more would cost
    minutes and teach nothing. A class of one or two pictures cannot be told from their surroundings.
    """
    labelled = [line for line in lines if line.value not in (None, UNSURE, SKIP)]
    of_visit: Counter[tuple[str, str | None]] = Counter()
    chosen: list[tuple[str, str, str]] = []
    for line in sorted(labelled, key=lambda line: hashed(line.picture)):
        of_visit[line.visit, line.value] += 1
        if of_visit[line.visit, line.value] <= _MOST_OF_VISIT and len(chosen) < _MOST_PICTURES:
            chosen.append((line.picture, task.today(line.value or ""), line.visit))
    counts = Counter(value for _, value, _ in chosen)
    kept = sorted(entry for entry in chosen if counts[entry[1]] >= LEAST_OF_CLASS)
    return Lesson(*(tuple(column) for column in zip(*kept, strict=True))) if kept else Lesson((), (), ())


def chances(head: LearnedHead, features: Floats) -> Doubles:
    """Calibrated probabilities (n, classes)."""
    logits = np.asarray(head.logits(features), dtype=np.float64) / head.temperature
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=1, keepdims=True))


def out_of_fold(
    features: Floats, taught: Lesson, learn: Learns, folds: int = 5
) -> tuple[tuple[str, ...], Doubles]:
    """Classes, and probabilities (n, classes) of each picture by a head that saw nothing of its visit.

    A class that a fold's other visits lack has probability zero there.
    """
    classes = tuple(sorted(set(taught.values)))
    result = np.zeros((len(taught.pictures), len(classes)))
    fold = np.array([int(hashed(visit, "fold") * folds) for visit in taught.visits])
    for number in range(folds):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not len(held):
            continue
        values, visits = [taught.values[n] for n in rest], [taught.visits[n] for n in rest]
        if len(set(values)) < 2 or len(set(visits)) < 2:
            result[held, [classes.index(value) for value in set(values)][:1]] = 1.0
            continue
        head = learn(features[rest], values, visits)
        columns = np.array([classes.index(name) for name in head.classes])
        result[np.ix_(held, columns)] = chances(head, features[held])
    return classes, result


def hashed(*parts: str) -> float:
    """A number from 0 to 1 that only depends on the words, and looks like chance."""
    digest = blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64
