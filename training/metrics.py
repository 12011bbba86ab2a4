"""What an evaluation counts, in plain NumPy: F1, calibration, and how exact a figure is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

BOOTSTRAPS = 1000
ECE_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How often one class was there and was said to be: true and false positives, false negatives."""

    true: int
    false: int
    missed: int

    @property
    def precision(self) -> float | None:
        """The share right of what was called by the name; None where nothing was."""
        return self.true / (self.true + self.false) if self.true + self.false else None

    @property
    def recall(self) -> float | None:
        """The share found of what was there; None where nothing was."""
        return self.true / (self.true + self.missed) if self.true + self.missed else None

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where the class was neither there nor said to be."""
        total = 2 * self.true + self.false + self.missed
        return 2 * self.true / total if total else 0.0


def count(truth: Bools, answers: Bools) -> Counts:
    """The counts of one class over pictures, both of shape (n,)."""
    return Counts(
        true=int((truth & answers).sum()),
        false=int((~truth & answers).sum()),
        missed=int((truth & ~answers).sum()),
    )


def macro_f1(truth: Bools, answers: Bools) -> float:
    """The mean F1 over the classes that are there or were said to be; arrays of shape (n, classes).

    A class that occurs in neither says nothing of the model and is left out, as in scikit-learn's default.
    """
    used = np.flatnonzero((truth | answers).any(axis=0))
    if not used.size:
        return 1.0
    return float(np.mean([count(truth[:, k], answers[:, k]).f1 for k in used]))


def balanced_accuracy(truth: Sequence[str], answers: Sequence[str]) -> float:
    """The mean over the answers that occur in the truth of the share of them that is right."""
    right = np.array([a == b for a, b in zip(truth, answers, strict=True)])
    names = np.array(truth)
    return float(np.mean([right[names == name].mean() for name in sorted(set(truth))]))


def best_constant(truth: Sequence[str]) -> float:
    """The share right of always giving the commonest answer: what a model reaches that does not look."""
    return max(Counter(truth).values()) / len(truth)


def expected_calibration_error(confidence: Doubles, right: Bools, bins: int = ECE_BINS) -> float:
    """How far confidence is from being the share of right answers (Guo et al. 2017), 0 to 1.

    ``confidence`` and ``right`` of shape (n,). Bins of equal width; each counts by its number of pictures.
    """
    if confidence.shape != right.shape or confidence.ndim != 1 or not confidence.size:
        raise ValueError(
            f"Confidence and right need one shape (n,). Received: {confidence.shape}, {right.shape}"
        )
    which = np.clip((confidence * bins).astype(int), 0, bins - 1)
    gaps = [
        abs(float(right[which == k].mean()) - float(confidence[which == k].mean())) * int((which == k).sum())
        for k in range(bins)
        if (which == k).any()
    ]
    return sum(gaps) / confidence.size


def bootstrap_interval(
    measure: Callable[[npt.NDArray[np.intp]], float],
    groups: Sequence[str],
    *,
    seed: int = 0,
    share: float = 0.95,
    rounds: int = BOOTSTRAPS,
) -> tuple[float, float]:
    """Where ``measure`` lies in ``share`` of the samples drawn anew (percentile bootstrap, Efron 1979).

    ``measure`` is given the numbers of the pictures drawn. Pictures are drawn within each group (day), with
    replacement: with one or two days at hand, drawing whole days would say nothing. The interval therefore
    tells how exact the figure is for these days, not how other days will be. Pictures that are each a group
    of their own are drawn together.
    """
    values = [measure(numbers) for numbers in _samples(tuple(groups), seed, rounds)]
    low, high = np.quantile(values, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


@lru_cache(maxsize=4)
def _samples(groups: tuple[str, ...], seed: int, rounds: int) -> list[npt.NDArray[np.intp]]:
    """The samples, drawn once for all figures of the same pictures."""
    generator = np.random.default_rng(seed)
    by_name: dict[str, list[int]] = {}
    for number, name in enumerate(groups):
        by_name.setdefault(name, []).append(number)
    parts = [by_name[name] for name in sorted(by_name)]
    alone = [part[0] for part in parts if len(part) == 1]
    members = [np.array(part) for part in (*(p for p in parts if len(p) > 1), alone) if part]
    return [
        np.concatenate([generator.choice(numbers, len(numbers)) for numbers in members]).astype(np.intp)
        for _ in range(rounds)
    ]
