"""Which pictures are held out together: whole days or visits, since neighbours are copies of each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Folded:
    """Answers to pictures held out, by heads or a network that had not seen their groups.

    ``numbers``: of the pictures, (n,); ``logits``: (n, classes), before the temperature.
    """

    numbers: npt.NDArray[np.intp]
    logits: Doubles


def few_of(numbers: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """At most so many of them, drawn by chance, the same ones each time.

    Every second or third one would be of the same class each time where pictures take turns.
    """
    if len(numbers) <= count:
        return numbers
    return np.sort(np.random.default_rng(0).choice(numbers, count, replace=False))


def held_out(
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
