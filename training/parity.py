"""Whether two versions of one network say the same, and whether their agreement proves anything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coop.errors import CoopError

Floats = npt.NDArray[np.float32]

_TINY = 1e-300
_FEWEST = 10  # pictures
MOST_IN_ONE = 0.7


class ParityError(CoopError, AssertionError):
    """Two versions of one network that do not agree, or outputs that could not show it if they did."""


def check_parity(left: Floats, right: Floats, *, tolerance: float, most_in_one: float = MOST_IN_ONE) -> float:
    """The largest difference between two networks' outputs (pictures, n) for the same pictures.

    Raises ParityError if it is above ``tolerance`` times the outputs' own spread, and also if the outputs
    prove nothing: a constant output agrees with itself, whatever the weights.
    """
    if left.shape != right.shape or left.ndim != 2 or len(left) < _FEWEST:
        raise ParityError(
            f"Outputs of shapes {left.shape} and {right.shape} prove nothing. "
            f"Give both networks the same pictures, at least {_FEWEST}"
        )
    for outputs in (left, right):
        refuse_degenerate(outputs.astype(np.float64), most_in_one)
    difference = float(np.abs(left - right).max())
    if difference > tolerance * float(left.std(axis=0).mean()):
        raise ParityError(
            f"The networks differ by {difference:.2g}, allowed are {tolerance:.2g} of the spread"
        )
    return difference


def refuse_degenerate(outputs: npt.NDArray[np.float64], most_in_one: float = MOST_IN_ONE) -> None:
    """Refuses outputs that hardly depend on the picture, or on one thing in it only, such as its brightness.

    Measured: the first principal component of the starter's outputs holds 6% to 35% of their variance, of an
    untrained network's 81% to 100%. ``most_in_one``: the largest share in one direction that is believed;
    pictures of one fixed camera, by day and by night, differ in their brightness most.
    """
    if not np.isfinite(outputs).all():
        raise ParityError("Some outputs are not finite")
    spread = float(outputs.std(axis=0).mean()) / max(float(np.abs(outputs).mean()), _TINY)
    variances = np.linalg.svd(outputs - outputs.mean(axis=0), compute_uv=False) ** 2
    first = float(variances[0]) / max(float(variances.sum()), _TINY)
    if spread < 0.01 or first > most_in_one:
        raise ParityError(
            f"The outputs hardly depend on the picture (spread {spread:.2g} of their size, {first:.0%} of it "
            "in one direction), as those of an untrained network. Agreement would prove nothing"
        )
