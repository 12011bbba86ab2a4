"""When a zone is worth a picture: on a schedule, and when movement in it has settled.

A sitting hen and an egg do not move, so nothing else would ever take their picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import Motion
from coop.domain.zone import Point, Zone

SAME_IOU = 0.6
"""A region that overlaps its place of before so much has not moved: outlines flicker by a little."""


@dataclass(kw_only=True)
class _Course:
    """What happened in one zone: its regions when they last changed, and the interval of its last picture.

    ``since`` is when a change began to be waited out; None while nothing is waited for.
    """

    zone: Zone
    every: timedelta | None
    regions: tuple[Box, ...] = ()
    since: datetime | None = None
    slot: int | None = None


class ZoneWatch:
    """Says for each frame of one camera which of its zones are due, one `due` a frame.

    ``every``: the time between two pictures of a zone, by its name; others have no schedule. ``settle``: for
    so long its regions must not have changed after they did. A hen that sits down counts as settled as well
    as one that has left.
    """

    def __init__(self, zones: Iterable[Zone], *, every: Mapping[str, timedelta], settle: timedelta) -> None:
        for name, interval in every.items():
            if interval <= timedelta():
                raise ValueError(
                    f"The pictures of zone {name} need an interval above 0. Received: {interval}"
                )
        self._courses = [_Course(zone=zone, every=every.get(zone.name)) for zone in zones]
        self._settle = settle

    def due(self, frame: Frame, motion: Motion) -> tuple[tuple[Zone, Box], ...]:
        """The zones to take a picture of now, each with the box around it in pixels of the frame."""
        return tuple(
            (course.zone, bounding_box(course.zone, frame.width, frame.height))
            for course in self._courses
            if any((_is_scheduled(course, frame.time), self._has_settled(course, frame, motion)))
        )

    def boxes(self, frame: Frame, names: Iterable[str]) -> tuple[tuple[Zone, Box], ...]:
        """Some zones by their names, each with the box around it in pixels of the frame."""
        wanted = frozenset(names)
        return tuple(
            (course.zone, bounding_box(course.zone, frame.width, frame.height))
            for course in self._courses
            if course.zone.name in wanted
        )

    def _has_settled(self, course: _Course, frame: Frame, motion: Motion) -> bool:
        """Whether the wait after a change is over, which it is once for each change."""
        if motion.relearning:
            changed = course.since is not None  # nothing is known, so a wait begins anew
        else:
            regions = _regions_in(course.zone, frame, motion)
            changed = not _are_same(regions, course.regions)
            course.regions = regions if changed else course.regions
        if changed or (course.since is not None and frame.time < course.since):  # or the clock was set back
            course.since = frame.time
        if course.since is None or frame.time - course.since < self._settle:
            return False
        course.since = None
        return True


def bounding_box(zone: Zone, width: int, height: int) -> Box:
    """The smallest box of whole pixels in a picture of this size that holds the zone, be it a line."""
    xs, ys = zip(*_in_pixels(zone, width, height), strict=True)
    left, top = min(math.floor(min(xs)), width - 1), min(math.floor(min(ys)), height - 1)
    return Box(left, top, max(1, math.ceil(max(xs)) - left), max(1, math.ceil(max(ys)) - top))


def _is_scheduled(course: _Course, now: datetime) -> bool:
    """Whether ``now`` is in another interval than the picture before.

    Intervals are counted from the epoch and only compared for being the same, so a clock that jumps, however
    far and either way, costs one picture more or delays one by less than an interval.
    """
    if course.every is None:
        return False
    before, course.slot = course.slot, math.floor(now.timestamp() / course.every.total_seconds())
    return course.slot != before


def _regions_in(zone: Zone, frame: Frame, motion: Motion) -> tuple[Box, ...]:
    """What of each region lies in the zone's box, where the region overlaps the zone itself."""
    around = bounding_box(zone, frame.width, frame.height)
    corners = _in_pixels(zone, frame.width, frame.height)
    inside = (_intersection(region.box, around) for region in motion.regions)
    return tuple(box for box in inside if box is not None and _overlap(corners, box) > 0)


def _in_pixels(zone: Zone, width: int, height: int) -> list[Point]:
    return [(x * width, y * height) for x, y in zone.polygon]


def _intersection(a: Box, b: Box) -> Box | None:
    x, y = max(a.x, b.x), max(a.y, b.y)
    w, h = min(a.right, b.right) - x, min(a.bottom, b.bottom) - y
    return Box(x, y, w, h) if w > 0 and h > 0 else None


def _overlap(polygon: Sequence[Point], box: Box) -> float:
    """The area that a polygon and a box share: the polygon is cut off at each side of the box in turn."""
    points = list(polygon)
    for axis, limit, sign in ((0, box.x, 1), (0, box.right, -1), (1, box.y, 1), (1, box.bottom, -1)):
        points = _cut(points, axis, limit, sign)
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def _cut(points: Sequence[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """The part of a polygon on one side of an axis-parallel line (Sutherland and Hodgman)."""
    kept: list[Point] = []
    for one, other in zip(points, [*points[1:], *points[:1]], strict=True):
        depth, depth_of_other = sign * (one[axis] - limit), sign * (other[axis] - limit)
        if depth >= 0:
            kept.append(one)
        if (depth >= 0) != (depth_of_other >= 0):
            share = depth / (depth - depth_of_other)
            kept.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
    return kept


def _are_same(some: Sequence[Box], others: Sequence[Box]) -> bool:
    """Whether each box has its match among the others, and there are as many."""
    return len(some) == len(others) and all(
        any(one.iou(other) >= SAME_IOU for other in others) for one in some
    )
