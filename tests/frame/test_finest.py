"""A frame and the same moment in the camera's main stream."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coop.domain.box import Box
from coop.domain.frame import Frame, Picture

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)
sizes = st.tuples(st.integers(8, 200), st.integers(8, 200))


def blank(size: tuple[int, int]) -> Picture:
    return np.zeros((size[1], size[0], 3), np.uint8)


def test_without_a_main_stream_a_frame_is_its_own_finest() -> None:
    frame = Frame(camera="run", time=NOON, image=blank((64, 48)))
    assert frame.finest is frame.image
    assert frame.to_finest(Box(3, 4, 5, 6)) == Box(3, 4, 5, 6)


def test_the_main_stream_is_asked_once_and_may_have_nothing() -> None:
    asked = []

    def nothing() -> None:
        asked.append(1)

    frame = Frame(camera="run", time=NOON, image=blank((64, 48)), finer=nothing)
    assert asked == []
    assert frame.finest is frame.image
    assert frame.cutout(Box(3, 4, 5, 6)).shape == (6, 5, 3)
    assert asked == [1]


@settings(max_examples=400)
@given(small=sizes, large=sizes, data=st.data())
def test_a_box_is_the_same_part_of_either_picture(
    small: tuple[int, int], large: tuple[int, int], data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, small[0] - 1)), data.draw(st.integers(0, small[1] - 1))
    w, h = data.draw(st.integers(1, small[0] - x)), data.draw(st.integers(1, small[1] - y))
    frame = Frame(camera="run", time=NOON, image=blank(small), finer=lambda: blank(large))
    part = frame.to_finest(Box(x, y, w, h))
    assert part.clipped(*large) == part, "inside the picture"
    for got, of_small, side, whole in (
        (part.x, x, small[0], large[0]),
        (part.y, y, small[1], large[1]),
        (part.right, x + w, small[0], large[0]),
        (part.bottom, y + h, small[1], large[1]),
    ):
        assert abs(got - of_small * whole / side) <= 1.5, "rounded, and at least one pixel wide"
    assert frame.cutout(Box(x, y, w, h)).shape == (part.h, part.w, 3)


def test_a_camera_that_waits_for_its_main_stream_holds_up_no_other() -> None:
    """Each waits until the other has come as far: if one had to wait for the other's end, neither would."""
    both = threading.Barrier(2, timeout=30)

    def finer() -> Picture:
        both.wait()
        return np.zeros((72, 128, 3), np.uint8)

    frames = [
        Frame(camera=name, time=NOON, image=np.zeros((36, 64, 3), np.uint8), finer=finer) for name in "ab"
    ]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda frame: frame.finest, frames))

    assert [picture.shape for picture in found] == [(72, 128, 3)] * 2
    assert all(frame.finest is picture for frame, picture in zip(frames, found, strict=True))  # asked once
