"""A knock on the mount: for a moment, or for good, the picture lies some pixels beside the background."""

from __future__ import annotations

import math

import cv2
import numpy as np

from coop.motion.drift import Shift
from coop.motion.small import Planes

_GROWN = 0.004  # of the picture: if so much more differs than when it was last calm, it may have been knocked
_SMALLEST = 16  # pixels: less does not tell where it lies
_LEAST, _MOST = 0.15, 10.0  # pixels of the small picture
_EXPLAINED = 0.5  # of what differs: it was a knock if no more than this is left in the picture put back
_SAME = 0.5  # pixels: a picture that lies ...
_FOR_GOOD_S = 1.0  # ... where it lay for so long will stay there


class Shake:
    """Puts a picture back to where the background lies, and says when it has come to stay elsewhere.

    Where a picture lies is looked for only when something calls for it, which costs more than all the rest.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._can_tell = min(shape) >= _SMALLEST
        self._window = np.outer(*(np.hanning(size) for size in shape)).astype(np.float32)
        self._calm = 0  # how many pixels differ when nothing was knocked
        self._lies: Shift = (0.0, 0.0)
        self._for_s = 0.0

    def put_back(self, planes: Planes, known: Planes, count: int, dt: float) -> Planes | None:
        """The picture where the background lies; None if it lies there, or nowhere near.

        ``count``: pixels that differ in the picture as it is.
        """
        if not self._can_tell or count <= self._calm + _GROWN * planes[0].size:
            self._calm = min(self._calm, count)
            self._for_s = 0.0
            return None
        shift = self._shift(planes, known)
        if not _LEAST <= max(abs(shift[0]), abs(shift[1])) <= _MOST:
            self._calm, self._for_s = count, 0.0
            return None
        stays = max(abs(a - b) for a, b in zip(shift, self._lies, strict=True)) <= _SAME
        self._for_s = self._for_s + dt if stays else 0.0
        self._lies = shift
        return _moved(planes, known, shift)

    def explains(self, count: int, left: int) -> bool:
        """Whether it was a knock, since so few pixels are ``left`` of those that differed."""
        if left <= _EXPLAINED * count:
            return True
        self._calm, self._for_s = count, 0.0
        return False

    def come_to_stay(self) -> Shift | None:
        """Where the picture lies for good; the background is to be moved there."""
        if self._for_s < _FOR_GOOD_S:
            return None
        self._for_s = 0.0
        return self._lies

    def _shift(self, planes: Planes, known: Planes) -> Shift:
        before, now = known[1].astype(np.float32), planes[1].astype(np.float32)
        (x, y), _ = cv2.phaseCorrelate(before, now, self._window)
        return x, y


def _moved(planes: Planes, known: Planes, shift: Shift) -> Planes:
    """The picture moved back by ``shift``; what has come in from outside is as it is known."""
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float32)
    size, moved = (planes.shape[2], planes.shape[1]), known.copy()
    rows, columns = _inside(shift[1], size[1]), _inside(shift[0], size[0])
    for plane, into in zip(planes, moved, strict=True):
        back = cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        into[rows, columns] = back[rows, columns]
    return moved


def _inside(shift: float, size: int) -> slice:
    """What is still in the picture, along one side, of one that has moved."""
    gone = math.ceil(abs(shift)) + 1
    return slice(gone, size) if shift < 0 else slice(0, size - gone)
