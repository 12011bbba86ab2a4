"""Rectangles of the small picture, as boxes and as what NumPy takes."""

from __future__ import annotations

import math
from collections.abc import Iterable

from coop.domain.box import Box
from coop.domain.frame import Frame

Area = tuple[slice, slice]
"""Rows and columns of a rectangle of the small picture."""


def around(box: Box, x_room: int, y_room: int) -> Area:
    """The area of a box of the small picture, with so many pixels of room on each side."""
    return (
        slice(max(box.y - y_room, 0), box.bottom + y_room),
        slice(max(box.x - x_room, 0), box.right + x_room),
    )


def box_of(area: Area) -> Box:
    """The box of an area."""
    rows, columns = area
    return Box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)


def holds_any(area: Area, others: Iterable[Area]) -> bool:
    """Whether the middle of one of the others lies in an area."""
    return any(
        all(
            span.start <= (other.start + other.stop) / 2 < span.stop
            for span, other in zip(area, them, strict=True)
        )
        for them in others
    )


def area_in_small(box: Box, frame: Frame, shape: tuple[int, int]) -> Area | None:
    """The area that a box of the source touches in a small picture of ``shape`` (rows, columns).

    None if it lies outside of the frame.
    """
    clipped = box.clipped(frame.width, frame.height)
    if clipped is None:
        return None
    rows, columns = shape
    y, x = rows / frame.height, columns / frame.width
    return (
        slice(int(clipped.y * y), math.ceil(clipped.bottom * y)),
        slice(int(clipped.x * x), math.ceil(clipped.right * x)),
    )
