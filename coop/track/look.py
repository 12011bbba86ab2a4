"""What a thing looks like, roughly: enough to tell a brown hen from a white one when they part."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.box import Box
from coop.domain.frame import Picture

Look = npt.NDArray[np.float64]
"""Mean and spread of lightness and of the two colour axes (CIE Lab): shape (6,)."""

_INNER = 0.6  # of a box's sides: around that is ground
_SIDE = 12  # samples along each side
_UNLIKE = 80.0  # as far as this apart is wholly unlike
_SLOW = 0.2  # how quickly a look follows: sun and shade come and go


def look_of(image: Picture, box: Box) -> Look | None:
    """The look of what fills a box; None where hardly anything of it lies in the picture."""
    w, h = round(box.w * _INNER), round(box.h * _INNER)
    inner = Box(box.x + (box.w - w) // 2, box.y + (box.h - h) // 2, max(w, 1), max(h, 1))
    inside = inner.clipped(image.shape[1], image.shape[0])
    if inside is None or inside.w < 2 or inside.h < 2:
        return None
    pixels = image[inside.y : inside.bottom, inside.x : inside.right]
    few = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST)
    lab = cv2.cvtColor(few, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.float64)
    return np.concatenate([lab.mean(axis=0), lab.std(axis=0)])


def unlikeness(a: Look | None, b: Look | None) -> float:
    """0 for the same look to 1 for quite another; 0 where one is not known, which then decides nothing."""
    if a is None or b is None:
        return 0.0
    return min(1.0, float(np.linalg.norm(a - b)) / _UNLIKE)


def followed(known: Look | None, now: Look | None) -> Look | None:
    """A known look that follows what is seen now."""
    if known is None or now is None:
        return now if known is None else known
    return known + _SLOW * (now - known)
