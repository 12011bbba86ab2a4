"""From pixels that differ to the boxes of things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from coop.domain.box import Box
from coop.domain.motion import Mask, MotionRegion

_MEDIAN = 5  # pixels
_CLOSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_ROOM = 5  # pixels
_SURE_PIXELS = 6  # a thing holds so many that surely differ; a quarter of the smallest size, if that is less
_FRAGMENT = 0.2  # a box smaller than this share of its neighbour may be a fragment of it ...
_GAP = 0.15  # ... if the gap between them is less than this share of the neighbour's shorter side
_FOOT, _LEG = 0.1, 0.35  # the same for a foot below it, whose leg is too thin to be seen
_SAME = 0.4  # of two boxes that are the same thing, a moment later
_GROWS = 1.15
_SHRUNK, _GROWN = 0.4, 1.4  # the size of a thing that has walked on, as a share of what it was
_INSIDE = 0.7  # a box that lies so much within another is a part of it, however large

Shape = npt.NDArray[Any]
"""The outline of a thing as OpenCV draws it."""


def despeckled(mask: Mask) -> Mask:
    """The median of each pixel's 5 x 5 neighbourhood: lone pixels go, holes close.

    The mean with a threshold at one half is the median of a mask, at a sixth of the cost.
    """
    means = cv2.blur(mask, (_MEDIAN, _MEDIAN), borderType=cv2.BORDER_REPLICATE)
    return _mask(cv2.threshold(means, 127, 255, cv2.THRESH_BINARY, dst=means)[1])


def things(perhaps: Mask, surely: Mask, smallest: int) -> tuple[Mask, tuple[Box, ...]]:
    """The things in a picture, filled in, and the box of each in pixels of the mask.

    ``perhaps`` is a despeckled mask of pixels that may differ, ``surely`` one of those that do. A connected
    part of ``perhaps`` is a thing if enough of it surely differs, its box has at least ``smallest`` pixels
    and half of them are its own: so a faint outline is whole, but faint noise alone is nothing.
    """
    filled = np.zeros_like(perhaps)
    if cv2.countNonZero(surely) == 0:
        return filled, ()
    x, y, w, h = _with_room(cv2.boundingRect(perhaps), perhaps)  # all there is, as a rule little
    part = filled[y : y + h, x : x + w]
    closed = cv2.morphologyEx(perhaps[y : y + h, x : x + w], cv2.MORPH_CLOSE, _CLOSE)
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    enough = min(_SURE_PIXELS, max(1, smallest // 4))
    sure = surely[y : y + h, x : x + w]
    bounds = [(outline, cv2.boundingRect(outline)) for outline in outlines]
    large_ones = [(outline, Box(*rect)) for outline, rect in bounds if rect[2] * rect[3] >= smallest]
    found = [one for one in large_ones if cv2.countNonZero(_inside(sure, one[1])) >= enough]
    cv2.drawContours(part, [outline for outline, _ in found], -1, 255, cv2.FILLED)
    large = (box for _, box in found if 2 * cv2.countNonZero(_inside(part, box)) >= smallest)
    return filled, tuple(Box(box.x + x, box.y + y, box.w, box.h) for box in large)


def _with_room(rect: Sequence[int], mask: Mask) -> tuple[int, int, int, int]:
    """A rectangle widened by what closing needs, as far as the mask goes."""
    x, y = max(rect[0] - _ROOM, 0), max(rect[1] - _ROOM, 0)
    right, bottom = (
        min(rect[0] + rect[2] + _ROOM, mask.shape[1]),
        min(rect[1] + rect[3] + _ROOM, mask.shape[0]),
    )
    return x, y, right - x, bottom - y


def merged(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The boxes with fragments (a leg, a tail) joined to the thing they belong to, largest first.

    A box is measured against the thing alone and not against what has been joined to it, so that a row
    of hens does not become one.
    """
    wholes: list[Box] = []
    joined: list[Box] = []
    for box in sorted(boxes, key=lambda box: (-box.area, box.xywh)):
        at = next((i for i, whole in enumerate(wholes) if _is_fragment(box, whole)), None)
        if at is None:
            wholes.append(box)
            joined.append(box)
        else:
            joined[at] = joined[at].union(box)
    return tuple(joined)


def followed(before: Sequence[Box], now: Sequence[Box], reach: Sequence[Box]) -> tuple[Box, ...]:
    """Each box of before as the box of now that is the same thing; else as it was.

    That is the one that lies on it and is about as large; or, if she has walked on, the only one within her
    ``reach`` that is alike.
    """
    new = []
    for box, there in zip(before, reach, strict=True):
        best = max(now, key=box.iou, default=box)
        if box.iou(best) < _SAME or best.area > _GROWS * box.area:
            alike = [one for one in now if _holds_middle(there, one) and _is_alike(one, box)]
            best = alike[0] if len(alike) == 1 else box
        new.append(best)
    return tuple(dict.fromkeys(new))


def _is_alike(box: Box, before: Box) -> bool:
    return _SHRUNK * before.area <= box.area <= _GROWN * before.area


def _holds_middle(box: Box, other: Box) -> bool:
    x, y = other.x + other.w / 2, other.y + other.h / 2
    return box.x <= x < box.right and box.y <= y < box.bottom


def regions_in_source(boxes: Sequence[Box], mask: Mask, width: int, height: int) -> tuple[MotionRegion, ...]:
    """Boxes of the mask as regions of a source picture of ``width`` x ``height`` pixels."""
    rows, columns = mask.shape
    return tuple(
        MotionRegion(
            box=_scaled(box, width / columns, height / rows, width, height),
            fill=cv2.countNonZero(_inside(mask, box)) / box.area,
        )
        for box in boxes
    )


def _inside(mask: Mask, box: Box) -> Mask:
    return mask[box.y : box.bottom, box.x : box.right]


def _is_fragment(box: Box, whole: Box) -> bool:
    across = max(box.x - whole.right, whole.x - box.right)  # the gap; negative if they overlap
    down = max(box.y - whole.bottom, whole.y - box.bottom)
    if across < 0 and down < 0:
        return across * down >= _INSIDE * box.area or box.area <= _FRAGMENT * whole.area
    gap = max(across, down) / min(whole.w, whole.h)
    return (box.area <= _FRAGMENT * whole.area and gap <= _GAP) or (
        box.area <= _FOOT * whole.area and across < 0 and gap <= _LEG
    )


def _scaled(box: Box, x_scale: float, y_scale: float, width: int, height: int) -> Box:
    x, y = int(box.x * x_scale), int(box.y * y_scale)
    right, bottom = min(round(box.right * x_scale), width), min(round(box.bottom * y_scale), height)
    return Box(x, y, max(right - x, 1), max(bottom - y, 1))


def _mask(array: npt.NDArray[Any]) -> Mask:
    return array  # OpenCV's results carry no exact type
