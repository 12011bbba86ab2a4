import threading
from collections.abc import Callable, Iterator

import pytest

from coop.domain.frame import Frame
from coop.frame.paced import PacedSource
from coop.frame.source import Stop


class Recording:
    live = False

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames

    def frames(self, stop: Stop) -> Iterator[Frame]:
        yield from self._frames


class Waiting:
    """A `Stop` on whose clock time passes only by waiting for it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.told = threading.Event()

    def is_set(self) -> bool:
        return self.told.is_set()

    def wait(self, timeout: float) -> bool:
        self.now += timeout
        return self.told.is_set()


def test_frames_come_as_far_apart_as_they_were_taken(frame_at: Callable[[float], Frame]) -> None:
    time = Waiting()
    source = PacedSource(Recording([frame_at(s) for s in (0, 1, 1.5, 60)]), monotonic=lambda: time.now)
    assert [time.now - 100 for _ in source.frames(time)] == [0, 1, 1.5, 60]


def test_a_slow_taker_is_not_held_back_further(frame_at: Callable[[float], Frame]) -> None:
    time = Waiting()
    source = PacedSource(Recording([frame_at(s) for s in (0, 1, 2, 3)]), monotonic=lambda: time.now)
    came = []
    for _ in source.frames(time):
        came.append(time.now - 100)
        time.now += 1.2
    assert came == pytest.approx([0, 1.2, 2.4, 3.6])


def test_waiting_ends_when_told_to_stop(frame_at: Callable[[float], Frame]) -> None:
    stop = threading.Event()
    frames = PacedSource(Recording([frame_at(0), frame_at(3600)])).frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []
