"""Which box of this frame continues which track."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from coop.domain.box import Box

Numbers = npt.NDArray[np.float64]

_NEAR = 0.6  # sizes between centres that a match may be apart, with a certain prediction
_FARTHEST = 1.5  # the same, however uncertain the prediction
_SIGMAS = 2.0
_LIKENESS = 0.3  # what a threefold difference of area costs, beside 1 for no overlap and 1 for a whole size

_VAGUE = 0.5  # what a prediction is worth where the thing was out of sight among others

_FORBIDDEN = 1e6


def match(
    predicted: Sequence[Box],
    found: Sequence[Box],
    uncertainty: Sequence[float],
    *,
    more: Numbers | None = None,
    lost_sight: Sequence[bool] | None = None,
) -> dict[int, int]:
    """The best pairing of predicted and found boxes as a whole: index of prediction to index of box.

    The cost of a pair is what it lacks in overlap (IoU), the distance of the centres in sizes (mean
    diagonals), and a difference in area. Pairs too far apart for the ``uncertainty`` (one standard
    deviation, in sizes) of the prediction are never made. ``more`` is a cost to be added to each pair, shape
    (predicted, found). Where sight was lost (of a thing among others), its prediction counts for less.
    """
    if not predicted or not found:
        return {}
    a, b = _array(predicted), _array(found)
    distance = _distances(a, b)
    cost = 1 - _overlaps(a, b) + distance + _LIKENESS * _unlikeness(a, b)
    reach = np.minimum(_NEAR + _SIGMAS * np.asarray(uncertainty), _FARTHEST)[:, np.newaxis]
    if lost_sight is not None:
        blind = np.asarray(lost_sight)[:, np.newaxis]
        cost, reach = np.where(blind, _VAGUE * cost, cost), np.where(blind, _FARTHEST, reach)
    if more is not None:
        cost = cost + more
    cost[distance > reach] = _FORBIDDEN
    rows, columns = linear_sum_assignment(cost)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if cost[i, j] < _FORBIDDEN}


def share_inside(box: Box, around: Box) -> float:
    """The share of ``box`` that lies within ``around``, 0 to 1."""
    w = min(box.right, around.right) - max(box.x, around.x)
    h = min(box.bottom, around.bottom) - max(box.y, around.y)
    return w * h / box.area if w > 0 and h > 0 else 0.0


def _array(boxes: Sequence[Box]) -> Numbers:
    return np.array([box.xywh for box in boxes], dtype=np.float64)  # (n, 4)


def _overlaps(a: Numbers, b: Numbers) -> Numbers:
    """Intersection over union of every pair, shape (len(a), len(b))."""
    low = np.maximum(a[:, np.newaxis, :2], b[np.newaxis, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:])[:, np.newaxis], (b[:, :2] + b[:, 2:])[np.newaxis])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    overlaps: Numbers = shared / (a[:, 2:].prod(axis=1)[:, np.newaxis] + b[:, 2:].prod(axis=1) - shared)
    return overlaps


def _distances(a: Numbers, b: Numbers) -> Numbers:
    """Distance of the centres of every pair in mean diagonals, shape (len(a), len(b))."""
    apart = (a[:, :2] + a[:, 2:] / 2)[:, np.newaxis] - (b[:, :2] + b[:, 2:] / 2)[np.newaxis]
    size = (np.hypot(a[:, 2], a[:, 3])[:, np.newaxis] + np.hypot(b[:, 2], b[:, 3])) / 2
    distances: Numbers = np.hypot(apart[..., 0], apart[..., 1]) / size
    return distances


def _unlikeness(a: Numbers, b: Numbers) -> Numbers:
    """How many times three the areas of every pair differ, shape (len(a), len(b))."""
    ratio = np.log(a[:, 2:].prod(axis=1))[:, np.newaxis] - np.log(b[:, 2:].prod(axis=1))
    unlikeness: Numbers = np.abs(ratio) / np.log(3)
    return unlikeness
