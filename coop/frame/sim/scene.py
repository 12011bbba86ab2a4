"""Where things are in the simulated coop, in a picture of 640 x 360 points; other sizes are scaled."""

from __future__ import annotations

from coop.domain.zone import Zone, ZoneKind

WIDTH, HEIGHT = 640.0, 360.0

NESTS = ("nest 1", "nest 2", "nest 3")
POP_DOOR = "pop door"
ROOST = "roost"
RUN = "run"

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""

WALL_FOOT = 246.0
DOOR: Rect = (44.0, 152.0, 118.0, 246.0)
WINDOW: Rect = (52.0, 26.0, 140.0, 96.0)
ROOST_BAR: Rect = (226.0, 105.0, 636.0, 113.0)
NEST_LIP = 221.0
"""Top edge of the board that keeps straw and eggs in the nests."""
NEST_BED = 229.0
"""Where a sitting hen's feet are, behind and below the lip."""
NEST_FOOT = 241.0

_NEST_LEFT, _NEST_PITCH, _NEST_TOP, _BOARD = 254.0, 124.0, 136.0, 7.0

HEN_AT_WALL, HEN_AT_FRONT = 62.0, 112.0
"""Height of a usual standing hen at the back wall and at the lower edge of the picture."""


def nest_opening(index: int) -> Rect:
    """The hole of nest ``index`` (from 0), above its lip."""
    left = _NEST_LEFT + index * _NEST_PITCH + _BOARD
    return left, _NEST_TOP + _BOARD, left + _NEST_PITCH - _BOARD, NEST_LIP


def nest_block() -> Rect:
    """All nests with their boards."""
    return _NEST_LEFT, _NEST_TOP, _NEST_LEFT + 3 * _NEST_PITCH + _BOARD, NEST_FOOT


def hen_height(y: float) -> float:
    """Height of a usual standing hen whose feet are at ``y`` on the floor."""
    return HEN_AT_WALL + (HEN_AT_FRONT - HEN_AT_WALL) * (y - WALL_FOOT) / (HEIGHT - 12 - WALL_FOOT)


def _polygon(rect: Rect) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = rect[0] / WIDTH, rect[1] / HEIGHT, rect[2] / WIDTH, rect[3] / HEIGHT
    return (left, top), (right, top), (right, bottom), (left, bottom)


def zones() -> tuple[Zone, ...]:
    """The places of the coop, nests first."""
    nests = []
    for index, name in enumerate(NESTS):
        left, top, right, _ = nest_opening(index)
        nests.append(
            Zone(name=name, kind=ZoneKind.NEST_BOX, polygon=_polygon((left, top, right, NEST_FOOT - 4)))
        )
    door = (DOOR[0] - 6, DOOR[1], DOOR[2] + 6, DOOR[3] - 6)
    return (
        *nests,
        Zone(name=POP_DOOR, kind=ZoneKind.POP_DOOR, polygon=_polygon(door)),
        Zone(name=ROOST, kind=ZoneKind.ROOST, polygon=_polygon((222.0, 24.0, WIDTH, 120.0))),
        Zone(name=RUN, kind=ZoneKind.RUN, polygon=_polygon((0.0, NEST_FOOT - 4, WIDTH, HEIGHT))),
    )
