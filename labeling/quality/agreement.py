"""How well people, and people and models, agree: shares and Cohen's kappa, each with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Pair = tuple[str, str]
"""What two judges said of one thing."""

Table = npt.NDArray[np.float64]
"""Counts (classes, classes): rows are the first judge's answers, columns the second's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``right`` of ``n``, with Wilson's 95 % interval from ``low`` to ``high``."""

    right: float
    n: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """None where there is nothing to divide by."""
        return self.right / self.n if self.n else None

    def __str__(self) -> str:
        if self.value is None:
            return "nothing to count yet"
        return f"{self.right:g} of {self.n} ({self.value:.1%}, {self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Cohen's kappa of ``n`` things judged twice.

    ``agreed``: the share of equal answers; ``by_chance``: what two judges who only keep their habits would
    reach. ``error``: its standard error; None where it cannot be told (fewer than two things, or one answer
    for all of them).
    """

    n: int
    agreed: float
    by_chance: float
    value: float | None
    error: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None:
            return f"not defined ({self.n} judged twice, all alike)" if self.n else "nothing judged twice yet"
        interval = "" if self.low is None or self.high is None else f", {self.low:.2f} to {self.high:.2f}"
        return f"{self.value:.2f} ({self.n} judged twice{interval})"


def share(right: float, n: int, *, level: float = 0.95) -> Share:
    """``right`` of ``n`` with Wilson's interval, which holds for few things and for shares near 0 and 1 too.

    ``right`` may be a fraction, where things count in parts.
    """
    if n == 0:
        return Share(right=0.0, n=0, low=0.0, high=1.0)
    z = _z(level)
    p = right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return Share(right=right, n=n, low=max(0.0, middle - half), high=min(1.0, middle + half))


def difference(first: Share, second: Share, *, level: float = 0.95) -> tuple[float, float, float] | None:
    """``first`` less ``second`` with Newcombe's interval of two independent shares; None without both."""
    if first.value is None or second.value is None:
        return None
    a, b = share(first.right, first.n, level=level), share(second.right, second.n, level=level)
    gap = first.value - second.value
    low = gap - ((first.value - a.low) ** 2 + (b.high - second.value) ** 2) ** 0.5
    high = gap + ((a.high - first.value) ** 2 + (second.value - b.low) ** 2) ** 0.5
    return gap, low, high


def kappa(pairs: Sequence[Pair]) -> Kappa:
    """Cohen's kappa of pairs of answers."""
    return kappa_of(confusion(pairs)[1])


def kappa_of(table: Table, *, level: float = 0.95) -> Kappa:
    """Cohen's kappa of a square table of counts, with the large-sample interval.

    The standard error is that of Fleiss, Cohen and Everitt (1969), which does not suppose kappa to be zero.
    """
    n = float(table.sum())
    if n == 0:
        return Kappa(n=0, agreed=0.0, by_chance=0.0, value=None, error=None, low=None, high=None)
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    agreed, chance = float(np.trace(p)), float(rows @ columns)
    if chance >= 1.0 - 1e-12:  # one answer for everything
        return Kappa(n=int(n), agreed=agreed, by_chance=chance, value=None, error=None, low=None, high=None)
    value = (agreed - chance) / (1 - chance)
    error = _kappa_error(p, rows, columns, value, chance, n) if n > 1 else None
    if error is None:
        return Kappa(n=int(n), agreed=agreed, by_chance=chance, value=value, error=None, low=None, high=None)
    half = _z(level) * error
    return Kappa(
        n=int(n),
        agreed=agreed,
        by_chance=chance,
        value=value,
        error=error,
        low=max(-1.0, value - half),
        high=min(1.0, value + half),
    )


def confusion(pairs: Iterable[Pair]) -> tuple[tuple[str, ...], Table]:
    """The answers that occur, and how often each met each."""
    counted = Counter(pairs)
    answers = tuple(sorted({answer for pair in counted for answer in pair}))
    place = {answer: number for number, answer in enumerate(answers)}
    table = np.zeros((len(answers), len(answers)))
    for (first, second), n in counted.items():
        table[place[first], place[second]] += n
    return answers, table


def _kappa_error(
    p: Table,
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
    value: float,
    chance: float,
    n: float,
) -> float:
    diagonal = np.diag(p)
    straight = float((diagonal * (1 - (rows + columns) * (1 - value)) ** 2).sum())
    # p_ij is weighted by the column total of i and the row total of j: how often the two answers stray.
    stray = (columns[:, None] + rows[None, :]) ** 2
    aside = (1 - value) ** 2 * float((p * stray).sum() - (diagonal * np.diag(stray)).sum())
    variance = straight + aside - (value - chance * (1 - value)) ** 2
    return float(max(variance, 0.0) ** 0.5 / ((1 - chance) * n**0.5))


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)
