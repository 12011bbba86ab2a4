"""Groups of similar embeddings: principal components, halved again and again, and put right by k-means.

Halving needs no number of groups, only their size; it is deterministic, and a hundred thousand pictures take
seconds. Its straight cuts go through natural groups here and there, which the rounds of k-means over all
groups afterwards mend.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]

TARGET = 30
"""Pictures that one looks over at a glance."""

_COMPONENTS = 64
_SAMPLE = 10_000
_ROUNDS = 6
_HALVING_ROUNDS = 8
_BLOCK = 2048


def components(embeddings: Floats, count: int = _COMPONENTS) -> Floats:
    """The leading principal components (n, at most ``count``) of embeddings brought to length one."""
    sample = _unit(embeddings[:: max(1, len(embeddings) // _SAMPLE)])
    mean = sample.mean(axis=0)
    centred = sample - mean
    _, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = vectors[:, ::-1][:, : min(count, *embeddings.shape)].astype(np.float32)
    result = np.empty((len(embeddings), axes.shape[1]), dtype=np.float32)
    for start in range(0, len(embeddings), _BLOCK):
        result[start : start + _BLOCK] = (_unit(embeddings[start : start + _BLOCK]) - mean) @ axes
    return result


def grouped(points: Floats, target: int = TARGET) -> list[Numbers]:
    """Row numbers of ``points`` in groups of about ``target``, each with its most typical row first."""
    if not len(points):
        return []
    groups = _halved(points, np.arange(len(points)), target)
    for _ in range(_ROUNDS):
        middles = np.stack([points[group].mean(axis=0) for group in groups])
        nearest = _nearest(points, middles)
        order = np.argsort(nearest, kind="stable")
        ends = np.flatnonzero(np.diff(nearest[order])) + 1
        groups = [np.asarray(part, dtype=np.intp) for part in np.split(order, ends)]
    sized = [part for group in groups for part in _halved(points, group, 2 * target)]
    return [group[np.argsort(distances(points[group]), kind="stable")] for group in sized]


def distances(points: Floats) -> npt.NDArray[np.float64]:
    """How far each row is from the mean of all."""
    return np.asarray(np.linalg.norm(points - points.mean(axis=0), axis=1), dtype=np.float64)


def halves(points: Floats) -> npt.NDArray[np.bool_]:
    """Which of two groups each row is in: 2-means, begun with a cut across the longest axis.

    Both have a row at least, where there are two rows. Rows that are all the same are cut in the middle.
    """
    side = _cut(points)
    for _ in range(_HALVING_ROUNDS):
        first, second = points[~side].mean(axis=0), points[side].mean(axis=0)
        axis = second - first
        moved = points @ axis > (first + second) @ axis / 2
        if moved.all() or not moved.any() or (moved == side).all():
            break
        side = moved
    return side


def _unit(embeddings: Floats) -> Floats:
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.asarray(embeddings / np.maximum(length, 1e-12), dtype=np.float32)


def _cut(points: Floats) -> npt.NDArray[np.bool_]:
    centred = points - points.mean(axis=0)
    axis = centred[int(np.argmax((centred**2).sum(axis=1)))].astype(np.float64)
    for _ in range(5):  # towards the first principal axis
        axis = centred.T @ (centred @ axis)
        axis /= np.linalg.norm(axis) or 1.0
    side = centred @ axis > 0
    if side.all() or not side.any():
        side = np.arange(len(points)) >= len(points) // 2
    return np.asarray(side, dtype=bool)


def _halved(points: Floats, group: Numbers, most: int) -> list[Numbers]:
    """A group in parts of at most ``most`` times about 1.4, so that they are around ``most`` on average."""
    parts, waiting = [], [group]
    while waiting:
        part = waiting.pop()
        if len(part) <= most * 1.4:
            parts.append(part)
            continue
        side = halves(points[part])
        waiting += [part[~side], part[side]]
    return parts


def _nearest(points: Floats, middles: Floats) -> Numbers:
    """For each row the nearest middle, block by block: all distances at once would not fit into memory."""
    squares = (middles**2).sum(axis=1) / 2
    result = np.empty(len(points), dtype=np.intp)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        result[start : start + _BLOCK] = np.argmin(squares - block @ middles.T, axis=1)
    return result


def sizes(groups: Sequence[Numbers]) -> tuple[int, int, int]:
    """Smallest, median and largest group, for reports."""
    lengths = sorted(len(group) for group in groups) or [0]
    return lengths[0], lengths[len(lengths) // 2], lengths[-1]
