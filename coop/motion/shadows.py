"""The shadow that lies under a thing, which is not the thing."""

from __future__ import annotations

import math

import cv2
import numpy as np

from coop.domain.box import Box
from coop.domain.motion import Mask
from coop.motion.small import Planes

_FOOT = 0.12  # of the height of a thing: what lies higher is no shadow on the ground below it
_DARKER = 1.1  # of the background at most
_NEUTRAL = 0.06  # by how much the colours may be darkened differently
_SMOOTH = 0.08  # spread of the darkening around a pixel: feathers and legs have more
_LIFT = 4.0  # grey levels added to both sides of the ratio, so that noise in the dark does not count
_WINDOW = (5, 1)  # along the ground


def without_shadow(mask: Mask, box: Box, planes: Planes, known: Planes) -> Box:
    """Clear the shadow at the foot of a thing from the mask; the box of what is left.

    From the lowest row of the thing upwards, as far as the background is only darker there: evenly, and in
    all colours alike. A black hen looks so too, so no more than her feet can be lost.
    """
    if box.bottom >= mask.shape[0]:
        return box  # its foot is not in the picture
    tall = math.ceil(box.h * _FOOT)
    area = slice(box.bottom - tall, box.bottom), slice(box.x, box.right)
    ratios = planes[:, *area] + np.float32(_LIFT)
    ratios /= known[:, *area] + np.float32(_LIFT)
    green, spread = ratios[1], ratios.max(axis=0)
    spread -= ratios.min(axis=0)
    mean, squares = cv2.blur(green, _WINDOW), cv2.sqrBoxFilter(green, -1, _WINDOW)
    squares -= mean * mean
    dark = (green < _DARKER) & (spread < _NEUTRAL) & (squares < _SMOOTH**2)
    shape = mask[area]
    below = np.logical_and.accumulate((dark | (shape == 0))[::-1], axis=0)[::-1]
    shape[below] = 0
    _, y, _, h = cv2.boundingRect(shape)
    left = box.h - tall + y + h
    return Box(box.x, box.y, box.w, max(left, 1))
