"""Named polygons that a camera sees, and the place of a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from coop.domain.box import Box

Point = tuple[float, float]


class ZoneKind(StrEnum):
    NEST_BOX = "nest box"
    POP_DOOR = "pop door"
    RUN = "run"
    ROOST = "roost"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon in shares of the picture's width and height, 0 to 1: it outlives a change of resolution."""

    name: str
    kind: ZoneKind
    polygon: tuple[Point, ...]

    def holds(self, point: Point) -> bool:
        """Whether a point (in shares of the picture) lies inside, by the even-odd rule."""
        x, y = point
        inside = False
        for (x1, y1), (x2, y2) in zip(self.polygon, self.polygon[1:] + self.polygon[:1], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        return inside


def place_of(box: Box, zones: Sequence[Zone], camera: str, width: int, height: int) -> str:
    """The first zone that holds the middle of the box, else the camera's name."""
    cx, cy = box.centre
    point = (cx / width, cy / height)
    return next((zone.name for zone in zones if zone.holds(point)), camera)
