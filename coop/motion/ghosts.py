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
_WINDOW = np.ones((5, 5), np.uint8)
_RIM = np.ones((3, 3), np.uint8)


def is_ghost(shape: Mask, planes: Planes, known: Planes) -> bool:
    """Whether a shape's outline is an edge of the background and not of the picture.

    A hen that was learned as background and walks away leaves a shape that differs for as long as the
    background remembers her; but her outline is then in the background only. ``shape``: mask of one
    thing with a little room around it, (h, w); ``planes`` and ``known``: the same cut-out of picture and
    background, (3, h, w).
    """
    rim: npt.NDArray[Any] = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, _RIM)
    there, remembered = _edge(planes, rim), _edge(known, rim)
    return remembered > _EDGE and remembered > _STRONGER * there


def _edge(planes: Planes, rim: Mask) -> float:
    """The mean contrast across the rim, of the colour that has most: grey levels."""
    contrasts = (cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, _WINDOW) for plane in planes)
    return max(float(cv2.mean(contrast, mask=rim)[0]) for contrast in contrasts)
