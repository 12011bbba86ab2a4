"""The last seconds, small: bounded by time and by bytes."""

from datetime import timedelta

import cv2
import pytest
from fakes.films import a_frame, at, number_of

from coop.clip.ring import Ring, SmallFrame, small

PLENTY = 1 << 30


@pytest.mark.parametrize(
    ("source", "width", "expected"),
    [
        ((1280, 720), 640, (640, 360)),
        ((1920, 1080), 640, (640, 360)),
        ((2560, 1440), 640, (640, 360)),
        ((2304, 1296), 640, (640, 360)),
        ((640, 480), 640, (640, 480)),
        ((320, 240), 640, (320, 240)),
        ((321, 241), 640, (320, 240)),
        ((1000, 562), 640, (640, 360)),
        ((704, 576), 640, (640, 524)),
        ((720, 1280), 640, (640, 1138)),
        ((33, 17), 640, (32, 16)),
    ],
)
def test_a_frame_becomes_small_and_even_and_keeps_its_proportion(
    source: tuple[int, int], width: int, expected: tuple[int, int]
) -> None:
    frame = small(a_frame(5, 1.5, *source), width)
    assert (frame.width, frame.height) == expected
    assert frame.time == at(1.5)


@pytest.mark.parametrize("source", [(1280, 720), (1920, 1080), (704, 576)])
def test_it_still_shows_the_same(source: tuple[int, int]) -> None:
    for n in (0, 13, 31):
        picture = cv2.cvtColor(small(a_frame(n, 0, *source), 640).planes, cv2.COLOR_YUV2BGR_I420)
        assert number_of(picture) == n
        assert (
            abs(picture.reshape(-1, 3).mean(0) - a_frame(n, 0, *source).image.reshape(-1, 3).mean(0)).max()
            < 3
        )


def numbers(frames: tuple[SmallFrame, ...]) -> list[float]:
    return [(frame.time - at(0)).total_seconds() for frame in frames]


def filled(ring: Ring, *seconds: float) -> Ring:
    for second in seconds:
        ring.add(small(a_frame(0, second), 320))
    return ring


def test_it_keeps_the_last_seconds() -> None:
    ring = filled(Ring(timedelta(seconds=3), PLENTY), *range(10))
    assert numbers(ring.since(at(0))) == [6, 7, 8, 9]
    assert numbers(ring.since(at(7.5))) == [8, 9]
    assert ring.bytes == 4 * 320 * 240 * 3 // 2


def test_it_takes_no_more_memory_than_it_may() -> None:
    one = 320 * 240 * 3 // 2
    ring = filled(Ring(timedelta(days=1), 3 * one + 5), *range(10))
    assert numbers(ring.since(at(0))) == [7, 8, 9]
    assert ring.bytes == 3 * one


def test_the_newest_frame_is_kept_however_little_room_there_is() -> None:
    assert numbers(filled(Ring(timedelta(0), 1), 0, 1, 2).since(at(0))) == [2]


def test_a_clock_set_back_and_another_size_begin_anew() -> None:
    ring = filled(Ring(timedelta(seconds=60), PLENTY), 0, 1, 2)
    assert numbers(filled(ring, 1.5).since(at(0))) == [1.5]
    ring.add(small(a_frame(0, 2, 160, 120), 320))
    assert numbers(ring.since(at(0))) == [2]
    assert ring.bytes == 160 * 120 * 3 // 2


def test_impossible_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="a span of 0 or more and room"):
        Ring(timedelta(seconds=-1), 100)
