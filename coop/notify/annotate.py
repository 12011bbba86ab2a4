"""A frame with what was found drawn in, for `coop replay --video`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coop.domain.box import Box
from coop.domain.frame import Picture
from coop.notify.drawing import chip, chip_size, outline, to_image, to_picture

GAP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A box in pixels of the frame, and what it is held to be; empty while nobody knows."""

    box: Box
    text: str = ""


def annotated(picture: Picture, marks: Sequence[Mark]) -> Picture:
    """A copy of the picture (uint8 BGR) with every mark drawn in, its text above the box."""
    if not marks:
        return picture
    image = to_image(picture)
    size = max(12, round(max(image.size) / 60))
    line = max(2, round(max(image.size) / 500))
    for mark in marks:
        outline(image, mark.box, width=line, radius=2 * line)
        if mark.text:
            width, height = chip_size(mark.text, size)
            above = mark.box.y - height - GAP
            corner = min(max(mark.box.x, 0), image.width - width), max(above, 0)
            chip(image, mark.text, corner, size)
    return to_picture(image)
