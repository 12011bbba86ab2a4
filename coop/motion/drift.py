"""A mount that sinks: the whole picture creeps to one side, a fraction of a pixel in some seconds."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.small import Planes

_EVERY_S = 2.0  # how often the picture is compared with the background
_LOOKS = 3  # of them their median counts: who trembles is now here and now there
_LEAST = 0.2  # pixels of the small picture; less is learned by itself
_MOST = 1.5  # pixels; more has come at once, and is not told from slopes
_EDGE = 12  # grey levels from one neighbour to the other: only edges show that a picture has moved
_FEWEST = 100  # edge pixels; fewer prove nothing
_EXPLAINED = 0.5  # of what differs at the edges must be explained by the move

Shift = tuple[float, float]
"""Pixels to the right and down."""


class Drift:
    """Says by how much the picture has moved against the background, when it surely has."""

    def __init__(self) -> None:
        self._unlooked = 0.0  # seconds
        self._moved = 0.0, 0.0  # how far the background was moved since the start
        self._seen: deque[Shift] = deque(maxlen=_LOOKS)  # where the picture lay, likewise

    def shift(self, planes: Planes, known: Planes, moving: Mask, dt: float) -> Shift | None:
        """By how much to move the background; None if it need not be. ``moving``: what has no say."""
        self._unlooked += dt
        if self._unlooked < _EVERY_S:
            return None
        self._unlooked = 0.0
        found = shift_of(planes[1], known[1], moving)
        if found is not None:
            self._seen.append((self._moved[0] + found[0], self._moved[1] + found[1]))
        if found is None or len(self._seen) < _LOOKS:
            return None
        at_x, at_y = (float(np.median(axis)) for axis in zip(*self._seen, strict=True))
        x, y = at_x - self._moved[0], at_y - self._moved[1]
        if max(abs(x), abs(y)) < _LEAST:
            return None
        self._moved = at_x, at_y
        return x, y


def shift_of(plane: Mask, known: Mask, moving: Mask) -> Shift | None:
    """How far a picture lies from a known one; None if its edges do not tell.

    A small move changes each pixel by the slope there times the move, so the move that explains the most of
    all the changes is a solution of least squares (Lucas and Kanade). Every fourth row is enough.
    """
    above, rows, below = (
        known[first:last:4].astype(np.int16) for first, last in ((0, -2), (1, -1), (2, None))
    )
    still = moving[1:-1:4, 1:-1] == 0
    x_slope = rows[:, 2:] - rows[:, :-2]
    y_slope = below[:, 1:-1] - above[:, 1:-1]
    at = np.flatnonzero(still & (np.maximum(np.abs(x_slope), np.abs(y_slope)) >= _EDGE))
    if at.size < _FEWEST:
        return None
    slopes = np.stack((x_slope.take(at), y_slope.take(at))).astype(np.float32) / np.float32(-2)
    change = (plane[1:-1:4, 1:-1].take(at) - rows[:, 1:-1].take(at)).astype(np.float32)
    return _solved(slopes, change)


def _solved(slopes: npt.NDArray[np.float32], change: npt.NDArray[np.float32]) -> Shift | None:
    power, toward = slopes @ slopes.T, slopes @ change
    if np.linalg.det(power) < 1e-3 * float(np.trace(power)) ** 2:
        return None  # all edges go one way: along them nothing shows
    move = np.linalg.solve(power, toward)
    whole = float(change @ change)
    if np.abs(move).max() > _MOST or float(toward @ move) < _EXPLAINED * whole:
        return None
    return float(move[0]), float(move[1])
