"""From a fitted number to how probable each number is: as the pictures held out say, not by a rule.

A linear fit answers three eggs with 2.6 where they hide one another, and hardly ever errs about none. So the
logarithm of the odds of one number k against k - 1 is a line in the fitted number x,

    s_k (x - t_k),

whose place t_k and steepness s_k are those of greatest likelihood for the pictures held out. All pictures of
one day that show one number show the same eggs, so together they are one witness. Where few witnesses speak,
t_k and s_k stay near halfway and near the steepness that fits all numbers alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from training.answers import Answers, Doubles

_PLACE_SPREAD = 0.3
_STEEPNESS_SPREAD = 1.5
"""Standard deviations before any picture was seen; of steepness in its logarithm."""
_MOST_STEPS = 100


@dataclass(frozen=True, eq=False, slots=True)
class Odds:
    """New logits are ``logits @ turn.T + shift``, for the classes of a count task."""

    turn: Doubles  # (classes, classes)
    shift: Doubles  # (classes,)

    @classmethod
    def of(cls, answers: Answers, logits: Doubles, temperature: float, groups: Sequence[str]) -> Odds:
        """``logits``: (n, classes), of pictures that were held out, as `Answers.to_logits` makes them.

        ``groups``: the day or visit of each picture, (n,).
        """
        size = len(answers.classes)
        turn, shift = np.zeros((size, size)), np.zeros(size)
        for output, block in enumerate(answers.blocks):
            one = block[1]  # its logit is x - 1/2, that of none 0
            x, true = logits[:, one] + 0.5, answers.targets[:, output].astype(np.intp)
            slopes, offsets = _fit(x, true, _weights(true, groups), len(block), temperature)
            turn[block, one] = slopes
            shift[block] = offsets + 0.5 * slopes
        return cls(turn, shift)

    def __call__(self, logits: Doubles) -> Doubles:
        return np.asarray(logits @ self.turn.T + self.shift)

    def of_head(self, weights: Doubles, bias: Doubles) -> tuple[Doubles, Doubles]:
        """The weights (classes, d) and bias (classes,) that give the new logits."""
        return self.turn @ weights, self.turn @ bias + self.shift


def _weights(true: npt.NDArray[np.intp], groups: Sequence[str]) -> Doubles:
    """One for all pictures of a group and a number together, (n,)."""
    number_of = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    pairs = np.stack([true, [number_of[group] for group in groups]])
    _, pair, size = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / size[pair.reshape(-1)])


def _fit(
    x: Doubles, true: npt.NDArray[np.intp], weights: Doubles, numbers: int, temperature: float
) -> tuple[Doubles, Doubles]:
    """Slope and offset of the logit of each of ``numbers`` numbers, (numbers,) each."""
    steps = numbers - 1
    halfway, alike = np.arange(steps) + 0.5, np.full(steps, -np.log(temperature))
    doubt = 1.0 / (weights.sum() + 2)

    def loss(parameters: Doubles) -> float:
        places, steepness = parameters[:steps], parameters[steps:]
        slopes, offsets = _lines(places, steepness)
        logits = x[:, None] * slopes + offsets
        there = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        right = there[np.arange(len(true)), true]
        cost = -(weights * ((1 - doubt) * right + doubt * there.mean(axis=1))).sum()
        moved = ((places - halfway) / _PLACE_SPREAD) ** 2
        bent = ((steepness - alike) / _STEEPNESS_SPREAD) ** 2
        return float(cost + (moved.sum() + bent.sum()) / 2)

    best = minimize(loss, np.r_[halfway, alike], method="L-BFGS-B", options={"maxiter": _MOST_STEPS}).x
    return _lines(best[:steps], best[steps:])


def _lines(places: Doubles, steepness: Doubles) -> tuple[Doubles, Doubles]:
    slopes: npt.NDArray[np.float64] = np.exp(steepness)
    return np.r_[0.0, np.cumsum(slopes)], np.r_[0.0, -np.cumsum(slopes * places)]
