"""When a zone is worth a picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coop.domain.box import Box
from coop.domain.frame import Frame
from coop.domain.motion import Motion, MotionRegion
from coop.domain.zone import Point, Zone, ZoneKind
from coop.motion.zones import ZoneWatch, bounding_box

START = datetime(2026, 5, 1, 9, 3, 20, tzinfo=UTC)
WIDTH, HEIGHT = 200, 100
NEST = Zone(name="nest", kind=ZoneKind.NEST_BOX, polygon=((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)))
IN, BESIDE = Box(60, 30, 20, 20), Box(150, 30, 20, 20)
MASK = np.zeros((1, 1), np.uint8)


class Watched:
    """A zone watch that is shown regions second by second, and the seconds in which it wanted a picture."""

    def __init__(self, every_s: float | None = None, settle_s: float = 3.0, zone: Zone = NEST) -> None:
        every = {} if every_s is None else {zone.name: timedelta(seconds=every_s)}
        self.watch = ZoneWatch([zone], every=every, settle=timedelta(seconds=settle_s))
        self.taken: list[float] = []

    def see(self, second: float, *boxes: Box, relearning: bool = False) -> None:
        frame = Frame(
            camera="run",
            time=START + timedelta(seconds=second),
            image=np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        )
        motion = Motion(
            regions=tuple(MotionRegion(box=box) for box in boxes), mask=MASK, relearning=relearning
        )
        self.taken += [second for _ in self.watch.due(frame, motion)]


def seconds_taken(scenes: Sequence[tuple[int, Sequence[Box]]], settle_s: float = 3.0) -> list[float]:
    """What is taken when each scene is shown for so many seconds, two frames a second."""
    watched, now = Watched(settle_s=settle_s), 0.0
    for seconds, boxes in scenes:
        for _ in range(2 * seconds):
            watched.see(now, *boxes)
            now += 0.5
    return watched.taken


def walking(seconds: int) -> list[tuple[int, Sequence[Box]]]:
    """A hen that is elsewhere in the nest each second."""
    return [(1, [Box(45 + 12 * (n % 4), 25 + 8 * (n % 2), 20, 20)]) for n in range(seconds)]


@pytest.mark.parametrize(
    ("scenes", "taken"),
    [
        ([(20, [])], []),
        ([(2, []), (20, [BESIDE])], []),
        ([(2, []), (1, [IN]), (20, [])], [6.0]),
        ([(2, []), *walking(6), (20, [])], [11.0]),
        ([(2, []), (20, [IN])], [5.0]),
        ([(2, []), (20, [IN]), (20, [])], [5.0, 25.0]),
        ([(2, []), (1, [IN]), (1, []), (1, [IN]), (1, []), (9, [])], [8.0]),
        ([(2, []), (5, [IN]), (5, [IN, BESIDE]), (5, [IN])], [5.0]),
        ([(2, []), (5, [IN]), (5, [Box(61, 31, 20, 19)]), (5, [Box(59, 30, 21, 21)])], [5.0]),
        ([(2, []), (5, [IN]), (9, [IN, Box(85, 30, 20, 20)])], [5.0, 10.0]),
        ([(2, []), (5, [IN]), (9, [Box(80, 30, 20, 20)])], [5.0, 10.0]),
    ],
    ids=[
        "nothing", "beside it", "passes", "walks about and leaves", "sits down", "sits down and leaves later",
        "comes and goes", "something moves beside it", "flickers", "a second one comes", "sits elsewhere",
    ],
)  # fmt: skip
def test_a_picture_is_taken_when_movement_has_settled(
    scenes: Sequence[tuple[int, Sequence[Box]]], taken: Sequence[float]
) -> None:
    assert seconds_taken(scenes) == taken


@pytest.mark.parametrize("settle_s", [0.5, 1, 3, 10])
def test_how_long_quiet_must_last_is_settable(settle_s: float) -> None:
    assert seconds_taken([(2, []), (1, [IN]), (20, [])], settle_s)[-1] == 3 + settle_s


def test_a_thing_that_creeps_is_not_quiet() -> None:
    """Each step is small, yet it has not settled: it is compared with where it was when quiet began."""
    watched = Watched()
    for n in range(40):
        watched.see(n / 2, Box(40 + n, 30, 20, 20))
    assert watched.taken == []
    for n in range(40, 50):
        watched.see(n / 2, Box(80, 30, 20, 20))
    assert len(watched.taken) == 1


def test_the_schedule_is_kept_whether_something_moves_or_not() -> None:
    watched = Watched(every_s=60)
    for n in range(0, 300, 5):
        watched.see(n)
    assert watched.taken == [0, 40, 100, 160, 220, 280], "at the full minutes of the clock"


def test_a_schedule_without_frames_is_made_up_for_once() -> None:
    watched = Watched(every_s=60)
    for n in (0, 10, 1000, 1010):
        watched.see(n)
    assert watched.taken == [0, 1000]


def test_schedule_and_settling_at_once_are_one_picture() -> None:
    watched = Watched(every_s=60, settle_s=3)
    watched.see(1)
    watched.see(36, IN)
    watched.see(37)
    watched.see(40)
    watched.see(41)
    assert watched.taken == [1, 40]


def test_while_a_new_picture_is_learned_nothing_counts_as_quiet() -> None:
    watched = Watched()
    watched.see(0)
    watched.see(1, IN)
    for n in range(2, 8):
        watched.see(n, relearning=True)
    watched.see(8, IN)
    assert watched.taken == []
    watched.see(10, IN)
    assert watched.taken == [10], "three seconds after the last frame of which nothing is known"
    for n in range(11, 20):
        watched.see(n, relearning=True)
    watched.see(20, IN)
    assert watched.taken == [10], "a lamp is no movement"


@pytest.mark.parametrize("jump", [-86400, -1, 3600, 86400 * 400])
def test_a_clock_that_jumps_costs_a_picture_at_most_and_delays_none(jump: float) -> None:
    steady, jumping = Watched(every_s=60), Watched(every_s=60)
    for watched, moved in ((steady, 0.0), (jumping, jump)):
        for n in range(1, 400):
            in_it = 20 <= n < 30
            watched.see(n + (moved if n >= 25 else 0), *([IN] if in_it else []))
    after = [second - jump for second in jumping.taken if second >= 25 + jump]
    assert len(steady.taken) <= len(jumping.taken) <= len(steady.taken) + 2
    assert any(33 <= second <= 34 for second in after), "it has left, and the empty nest is seen"
    gaps = [later - earlier for earlier, later in pairwise(after)]
    assert max(gaps) <= 60


triangle: tuple[Point, ...] = ((0.2, 0.2), (0.6, 0.2), (0.2, 0.6))


@pytest.mark.parametrize(
    ("box", "touches"),
    [
        (Box(45, 25, 10, 10), True),
        (Box(105, 50, 15, 10), False),
        (Box(110, 15, 20, 10), True),
        (Box(0, 0, 200, 100), True),
        (Box(0, 0, 40, 100), False),
        (Box(120, 0, 40, 100), False),
    ],
    ids=["inside", "in the box but not in the triangle", "a corner", "around it", "left edge", "right edge"],
)
def test_what_counts_is_the_polygon_and_not_the_box_around_it(box: Box, touches: bool) -> None:
    watched = Watched(zone=Zone(name="nest", kind=ZoneKind.OTHER, polygon=triangle))
    watched.see(0)
    watched.see(1, box)
    for n in range(2, 9):
        watched.see(n)
    assert bool(watched.taken) is touches


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=7),
    st.integers(1, 2000),
    st.integers(1, 2000),
)
def test_the_box_of_a_zone_holds_it_and_lies_in_the_picture(
    polygon: list[Point], width: int, height: int
) -> None:
    zone = Zone(name="z", kind=ZoneKind.OTHER, polygon=tuple(polygon))
    box = bounding_box(zone, width, height)
    assert box.clipped(width, height) == box
    assert all(box.x <= x * width <= box.right and box.y <= y * height <= box.bottom for x, y in polygon)


@given(st.data())
def test_a_region_counts_when_it_holds_a_point_of_the_zone(data: st.DataObject) -> None:
    """Against the zone's own idea of inside: a pixel's middle that is in both makes them overlap."""
    corner = st.tuples(st.integers(0, 20), st.integers(0, 10))
    polygon = tuple((x / 20, y / 10) for x, y in data.draw(st.lists(corner, min_size=3, max_size=3)))
    (ax, ay), (bx, by), (cx, cy) = polygon
    assume(abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) > 1e-6)  # a line holds no pixel
    zone = Zone(name="z", kind=ZoneKind.OTHER, polygon=polygon)
    box = Box(
        data.draw(st.integers(0, 190)),
        data.draw(st.integers(0, 90)),
        data.draw(st.integers(1, 10)),
        data.draw(st.integers(1, 10)),
    )
    middles = [
        ((x + 0.5) / WIDTH, (y + 0.5) / HEIGHT)
        for x in range(box.x, box.right)
        for y in range(box.y, box.bottom)
    ]
    watched = Watched(zone=zone)
    watched.see(0)
    watched.see(1, box)
    watched.see(9)
    watched.see(20)
    if any(zone.holds(middle) for middle in middles):
        assert watched.taken == [20]


def test_two_zones_are_watched_apart_and_keep_their_order() -> None:
    other = Zone(name="door", kind=ZoneKind.POP_DOOR, polygon=((0.7, 0.2), (0.9, 0.2), (0.9, 0.6)))
    watch = ZoneWatch([NEST, other], every={"door": timedelta(seconds=60)}, settle=timedelta(seconds=3))
    frame = Frame(camera="run", time=START, image=np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    due = watch.due(frame, Motion(regions=(), mask=MASK))
    assert [(zone.name, box.xywh) for zone, box in due] == [("door", (140, 20, 40, 40))]


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nest need an interval above 0"):
        ZoneWatch([NEST], every={"nest": timedelta()}, settle=timedelta(seconds=3))
