"""Pictures of one place by one fixed camera: what the place looks like empty, and what is in front of it.

A fixed camera is recognised by measurement, never by a setting. Where it is one, whatever stands before the
backdrop can be cut out and put into other pictures: two hens who never met in the labels meet in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Random = np.random.Generator

_ALIKE = 0.5  # median correlation of a picture's edges with the backdrop's, from which on a camera is fixed
_FEWEST = 8  # pictures that can show a backdrop
_MOST = 64  # pictures that a median needs
_ROUNDS = 4
_WIDTH = 0.06  # how far the same straw differs from itself, of full scale
_SMALL, _LARGE = 0.02, 0.4  # share of a picture that something in it covers
_OVERLAP = 0.3  # of what is there already may at most be hidden by what is put in front of it


@dataclass(frozen=True, eq=False)
class Backdrop:
    """The empty place. ``pictures``: (n, h, w, 3), 0 to 1, all of one size."""

    pictures: Floats

    @cached_property
    def empty(self) -> Floats:
        """The median of the pictures in one exposure, (h, w, 3)."""
        few = self.pictures[:: max(1, len(self.pictures) // _MOST)]
        empty = np.median(few, axis=0).astype(np.float32)
        return np.asarray(np.median([matched(p, empty) for p in few], axis=0), dtype=np.float32)

    @property
    def fixed(self) -> bool:
        """Whether most pictures show the same edges at the same places."""
        if len(self.pictures) < _FEWEST:
            return False
        return float(np.median([self.likeness(p) for p in self.pictures])) >= _ALIKE

    def likeness(self, picture: Floats) -> float:
        """How far a picture's edges are the empty place's: 1 all of them, 0 none."""
        return _correlation(_edges(picture), self._edges)

    @cached_property
    def _edges(self) -> Floats:
        return _edges(self.empty)

    def mask(self, picture: Floats) -> Floats:
        """Where something stands before the backdrop, (h, w), 0 to 1 with soft edges."""
        difference = np.abs(matched(picture, self.empty) - self.empty).mean(axis=2)
        side = max(picture.shape[:2])
        smooth = cv2.GaussianBlur(difference, (0, 0), 0.012 * side)
        kernel = np.ones((max(3, side // 24),) * 2, dtype=np.uint8)
        there = (smooth > 1.5 * _WIDTH).astype(np.uint8)
        there = cv2.morphologyEx(cv2.morphologyEx(there, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
        return np.asarray(cv2.GaussianBlur(there.astype(np.float32), (0, 0), 0.008 * side), dtype=np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Exposure:
    """A gain and an offset for each channel that make a picture as bright as another one of the place."""

    gain: Floats
    offset: Floats

    def of(self, picture: Floats) -> Floats:
        """The picture in the other one's exposure."""
        return np.asarray(picture * self.gain + self.offset, dtype=np.float32)

    def undone(self, picture: Floats) -> Floats:
        """The way back."""
        return np.asarray((picture - self.offset) / self.gain, dtype=np.float32)


def matched(picture: Floats, to: Floats) -> Floats:
    """A picture in the exposure of another one of the same place."""
    return exposure(picture, to).of(picture)


def exposure(picture: Floats, to: Floats) -> Exposure:
    """From one picture of a place to another: by least squares, in which what differs counts little."""
    weight = np.ones((*picture.shape[:2], 1), dtype=np.float32)
    for number in range(_ROUNDS):
        total = weight.sum()
        here, there = (weight * picture).sum((0, 1)) / total, (weight * to).sum((0, 1)) / total
        spread = (weight * (picture - here) ** 2).sum((0, 1)) / total
        common = (weight * (picture - here) * (to - there)).sum((0, 1)) / total
        # A flat picture has no slope of its own: then the ratio of the means stands in for it.
        gain = np.clip((common + 1e-3 * there / np.maximum(here, 0.01)) / (spread + 1e-3), 0.2, 5.0)
        result = Exposure(gain, there - gain * here).of(picture)
        width = _WIDTH * max(1.0, 3.0 - number)
        weight = 1 / (1 + (np.abs(result - to).mean(axis=2, keepdims=True) / width) ** 2)
    return Exposure(gain, there - gain * here)


def joined(base: Floats, donor: Floats, masks: tuple[Floats, Floats], random: Random) -> Floats | None:
    """What stands in ``donor``, a picture in the exposure of ``base``, put beside what is in that one.

    None where there is nothing to cut out, or no room for it. Masks: of base and donor, (h, w).
    """
    here, there = masks
    if not _SMALL <= there.mean() <= _LARGE:
        return None
    height, width = there.shape
    for _ in range(4):
        move = _move(width, height, random)
        mask = np.asarray(cv2.warpAffine(there, move, (width, height)), dtype=np.float32)
        if mask.mean() < _SMALL or (mask * here).sum() > _OVERLAP * max(float(here.sum()), 1.0):
            continue
        moved = cv2.warpAffine(donor, move, (width, height), borderMode=cv2.BORDER_REFLECT)
        return np.asarray(base + mask[..., None] * (np.clip(moved, 0, 1) - base), dtype=np.float32)
    return None


def _move(width: int, height: int, random: Random) -> Floats:
    """Somewhere else, nearer or farther, or mirrored; also half out of the picture."""
    size = float(np.exp(random.normal(0, 0.25)))
    side = size if random.random() < 0.5 else -size
    middle = np.array([width / 2, height / 2])
    to = middle + random.normal(0, (0.3 * width, 0.15 * height))
    return np.array(
        [[side, 0, to[0] - side * middle[0]], [0, size, to[1] - size * middle[1]]], dtype=np.float32
    )


def _edges(picture: Floats) -> Floats:
    grey = cv2.GaussianBlur(picture.mean(axis=2), (0, 0), 0.008 * max(picture.shape[:2]))
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(np.log(np.hypot(across, down) + 0.01), dtype=np.float32)


def _correlation(left: Floats, right: Floats) -> float:
    a, b = left - left.mean(), right - right.mean()
    return float((a * b).sum() / max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-9))
