"""Where a moving thing is, where it is going, and how sure that is."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from coop.domain.box import Box

_KEEPS_COURSE_S = 1.5  # an animal keeps its speed for about so long
_LONGEST_S = 10.0  # a longer gap says no more than this one: anything may have happened
_BOX_NOISE = 0.05  # how much a box trembles, in sizes (diagonals) of the thing
_START_SPEED = 2.0  # sizes a second that a new thing may have
_RESTLESS = 2.0  # sizes a second by which its speed may change within a second

Numbers = npt.NDArray[np.float64]


class Course:
    """A constant-velocity Kalman filter of a box's centre, with a size that follows without speed.

    Distances are measured in sizes of the thing, so near and far hens are treated alike. Speeds fade
    within seconds, so a long gap does not carry a hen out of the picture.
    """

    def __init__(self, box: Box) -> None:
        self._place = _numbers(box)  # centre x, centre y, width, height in source pixels
        self._speed = np.zeros(2)  # pixels a second
        self._doubt = np.diag([_BOX_NOISE**2, _START_SPEED**2])  # covariance of place and speed, in sizes

    def advance(self, dt: float) -> None:
        """Predict ``dt`` seconds ahead."""
        dt = min(dt, _LONGEST_S)
        fade = math.exp(-dt / _KEEPS_COURSE_S)
        reach = _KEEPS_COURSE_S * (1 - fade)
        self._place[:2] += self._speed * reach
        self._speed *= fade
        step = np.array([[1.0, reach], [0.0, fade]])
        drift = _RESTLESS**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        self._doubt = step @ self._doubt @ step.T + drift

    def correct(self, box: Box) -> None:
        """Take a measured box into account."""
        surprise = _numbers(box) - self._place
        trust_place, trust_speed = self._doubt[:, 0] / (self._doubt[0, 0] + _BOX_NOISE**2)
        self._place += trust_place * surprise
        self._speed += trust_speed * surprise[:2]
        self._doubt -= np.outer([trust_place, trust_speed], self._doubt[0])

    def stay_in(self, around: Box) -> None:
        """It cannot have left this box."""
        half = np.minimum(self._place[2:] / 2, (around.w / 2, around.h / 2))
        corner, far = np.array([around.x, around.y]), np.array([around.right, around.bottom])
        self._place[:2] = np.clip(self._place[:2], corner + half, far - half)

    @property
    def box(self) -> Box:
        x, y, w, h = self._place
        return Box(round(x - w / 2), round(y - h / 2), max(round(w), 1), max(round(h), 1))

    @property
    def uncertainty(self) -> float:
        """One standard deviation of the place, in sizes."""
        return math.sqrt(self._doubt[0, 0])


def _numbers(box: Box) -> Numbers:
    return np.array([*box.centre, box.w, box.h], dtype=np.float64)
