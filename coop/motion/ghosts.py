"""Telling a thing that is there from the hole it left in the background."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.motion import Mask
from coop.motion.small import Planes

_STRONGER = 1.5  # times as strong as in the picture must the edge in the background be
_EDGE = 12.0  # grey levels: a weaker edge proves nothing
_COLOUR = 15.0  # grey levels between a hole and what is around it; less proves nothing
_MORE = 2.5  # times as different as in the picture
_SIDES = 1.6  # times as different as in the picture must the two sides of the outline be in the background
_CONTRAST = 10.0  # grey levels between them; less proves nothing
_SHARE = 0.12  # of the window around a pixel of the outline must lie on either side of it
_PIXELS = 40  # fewer of the outline prove nothing
_NEAR = np.ones((7, 7), np.uint8)
_WINDOW = np.ones((5, 5), np.uint8)
_RIM = np.ones((3, 3), np.uint8)


def is_ghost(shape: Mask, planes: Planes, known: Planes) -> bool:
    """Whether a shape is the hole that something left in the background, and nothing is there.

    A hen that was learned as background and walks away leaves a shape that differs for as long as the
    background remembers her; but she stands out from her surroundings in the background only, by her
    outline or by her colour, or the two sides of her outline differ there only. ``shape``: mask of one thing
    with a little room around it, (h, w); ``planes`` and ``known``: the same cut-out of picture and
    background, (3, h, w).
    """
    rim: npt.NDArray[Any] = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, _RIM)
    # The picture is asked only where the background shows enough to be a hole, which is rare.
    remembered = _edge(known, rim)
    if remembered > _EDGE and remembered > _STRONGER * _edge(planes, rim):
        return True
    around: Mask = np.subtract(cv2.dilate(shape, _NEAR), shape)
    if not cv2.countNonZero(around):
        return False
    remembered = _stands_out(known, shape, around)
    if remembered > _COLOUR and remembered > _MORE * _stands_out(planes, shape, around):
        return True
    sides = _Sides(shape, rim)
    remembered = sides.differ(known)
    return remembered > _CONTRAST and remembered > _SIDES * sides.differ(planes)


def _edge(planes: Planes, rim: Mask) -> float:
    """The mean contrast across the rim, of the colour that has most: grey levels."""
    contrasts = (cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, _WINDOW) for plane in planes)
    return max(float(cv2.mean(contrast, mask=rim)[0]) for contrast in contrasts)


def _stands_out(planes: Planes, shape: Mask, around: Mask) -> float:
    """By how much a shape's mean colour differs from that around it, in the colour that differs most."""
    return max(abs(cv2.mean(p, mask=shape)[0] - cv2.mean(p, mask=around)[0]) for p in planes)


class _Sides:
    """The two sides of an outline."""

    def __init__(self, shape: Mask, rim: Mask) -> None:
        inside, outside = cv2.erode(shape, _RIM), cv2.bitwise_not(cv2.dilate(shape, _RIM))
        sides = [(mask, cv2.blur(mask, _NEAR.shape)) for mask in (inside, outside)]
        outline = rim > 0
        for _, share in sides:
            outline &= share > 255 * _SHARE
        self._outline = outline
        self._sides = [(mask, share[outline] / np.float32(255)) for mask, share in sides]

    def differ(self, planes: Planes) -> float:
        """By how much the two sides differ in a picture: grey levels.

        It is the median along the outline of the difference between the means nearby on either side, in the
        colour that has most: so a plank or a shadow that the outline follows for a while says nothing. 0 if
        the shape is too small to tell.
        """
        if np.count_nonzero(self._outline) < _PIXELS:
            return 0.0
        inner, outer = (
            np.stack([cv2.blur(plane & mask, _NEAR.shape)[self._outline] for plane in planes]) / share
            for mask, share in self._sides
        )
        return float(np.median(np.abs(inner - outer).max(axis=0)))
