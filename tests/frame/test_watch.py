import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from coop.domain.frame import Frame
from coop.domain.health import CameraState
from coop.errors import SourceError
from coop.frame.latest import LatestFrame
from coop.frame.source import Stop
from coop.frame.watch import CameraWatch

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


def picture(number: int = 0, at: datetime = NOON) -> Frame:
    return Frame(camera="run", time=at, image=np.zeros((2, 2, 3), np.uint8), number=number)


def eventually(what: Callable[[], object]) -> None:
    """Threads need a moment."""
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.002)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Camera:
    """A live source that gives what it is sent: frames, errors, None for its end; else it hangs."""

    live = True

    def __init__(self) -> None:
        self.sent: queue.Queue[Frame | BaseException | None] = queue.Queue()
        self.released = False

    def frames(self, stop: Stop) -> Iterator[Frame]:
        try:
            while (item := self.sent.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.released = True


class Bench:
    """A watch over cameras that the test sends frames to, on a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.slot = LatestFrame()
        self.cameras: list[Camera] = []
        self.opened_at: list[float] = []
        self.watch = CameraWatch("run", self._open, self.slot, monotonic=self.clock)

    def _open(self) -> Camera:
        self.opened_at.append(self.clock.now)
        self.cameras.append(Camera())
        return self.cameras[-1]

    def start(self) -> None:
        self.watch.start()
        eventually(lambda: self.cameras)

    def send(self, frame: Frame) -> None:
        """One frame through the newest camera into the slot, and out of it."""
        self.cameras[-1].sent.put(frame)
        taken = self.slot.take(30)
        assert taken is frame

    def fail(self, problem: str = "unplugged") -> None:
        self.cameras[-1].sent.put(SourceError("run", problem, "Plug it in"))
        eventually(lambda: self.cameras[-1].released)
        self.settle()

    def settle(self) -> None:
        """Let a reader that has ended be found."""
        reader = self.watch._reader
        if reader is not None:
            assert reader.join(30)
        self.watch.check()

    def pass_time(self, seconds: float) -> None:
        """As the app does: a check each second."""
        for _ in range(round(seconds)):
            self.clock.now += 1
            before = len(self.cameras)
            self.watch.check()
            if self.watch._reader is not None and self.watch._reader_began == self.clock.now:
                eventually(lambda: len(self.cameras) > before)  # noqa: B023

    @property
    def state(self) -> CameraState:
        return self.watch.status().state


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for camera in bench.cameras:
        camera.sent.put(None)
    bench.watch.stop(30)


def test_a_camera_that_works(bench: Bench) -> None:
    assert bench.state is CameraState.CONNECTING
    bench.start()
    assert bench.watch.status().age_s is None
    for number in range(10):
        bench.clock.now += 0.5
        bench.send(picture(number, NOON + timedelta(seconds=number / 2)))
    status = bench.watch.status()
    assert status.state is CameraState.LIVE
    assert status.fps == pytest.approx(2, abs=0.3)
    assert (status.dropped, status.reconnects, status.problem) == (0, 0, "")
    assert status.last_frame == NOON + timedelta(seconds=4.5)
    assert status.age_s == 0
    bench.clock.now += 1.5
    assert bench.watch.status().age_s == pytest.approx(1.5), "by our clock, whatever time the frame carries"


def test_frames_nobody_took_are_counted(bench: Bench) -> None:
    bench.start()
    for number in range(3):
        bench.cameras[0].sent.put(picture(number))
    eventually(lambda: bench.watch.status().dropped == 2)
    newest = bench.slot.take(0)
    assert newest is not None and newest.number == 2


def test_a_stuck_camera_is_lost_and_opened_anew(bench: Bench) -> None:
    bench.start()
    bench.send(picture())
    bench.pass_time(5)
    assert bench.state is CameraState.LIVE
    bench.pass_time(1)
    assert bench.state is CameraState.LOST
    assert bench.watch.status().problem == "no picture for 6 s"
    bench.pass_time(1)
    assert len(bench.cameras) == 2
    bench.send(picture())
    assert bench.state is CameraState.LIVE
    assert (bench.watch.status().reconnects, bench.watch.status().problem) == (1, "")


def test_frames_of_an_abandoned_reader_go_nowhere_and_it_lets_go_of_the_device(bench: Bench) -> None:
    bench.start()
    bench.send(picture(1))
    bench.pass_time(13)
    stuck = bench.cameras[0]
    assert len(bench.cameras) == 2 and not stuck.released
    stuck.sent.put(picture(99))
    eventually(lambda: stuck.released)
    assert bench.slot.take(0) is None
    bench.send(picture(2))


def test_waits_between_attempts_double_and_never_end(bench: Bench) -> None:
    bench.start()
    for _ in range(8):
        before = len(bench.cameras)
        bench.fail()
        while len(bench.cameras) == before:
            bench.pass_time(1)
    waits = [round(b - a) for a, b in zip(bench.opened_at, bench.opened_at[1:], strict=False)]
    assert waits == [1, 2, 4, 4, 4, 4, 4, 4]
    assert bench.state is CameraState.LOST
    assert bench.watch.status().problem == "unplugged"


def test_a_camera_that_had_worked_is_tried_again_soon(bench: Bench) -> None:
    bench.start()
    for _ in range(4):
        bench.fail()
        bench.pass_time(31)
    for _ in range(12):
        bench.clock.now += 1
        bench.send(picture())
    bench.fail()
    openings = len(bench.cameras)
    bench.pass_time(1)
    assert len(bench.cameras) == openings + 1


def test_a_short_break_is_no_loss(bench: Bench) -> None:
    bench.start()
    bench.send(picture())
    bench.fail()
    assert bench.state is CameraState.LIVE
    bench.pass_time(2)
    bench.send(picture())
    assert bench.state is CameraState.LIVE


def test_a_slow_opening_is_given_time_but_not_for_ever(bench: Bench) -> None:
    bench.start()
    bench.pass_time(30)
    assert bench.state is CameraState.LOST and len(bench.cameras) == 1
    bench.pass_time(2)
    assert len(bench.cameras) == 2


def test_a_driver_that_never_comes_back_does_not_fill_the_memory(bench: Bench) -> None:
    bench.start()
    bench.pass_time(600)
    stuck = len(bench.cameras)
    assert stuck == 4
    assert "4 readers are stuck" in bench.watch.status().problem
    for camera in bench.cameras:
        camera.sent.put(None)
    eventually(lambda: all(camera.released for camera in bench.cameras))
    eventually(lambda: not any(reader.running for reader in bench.watch._abandoned))
    bench.pass_time(31)
    assert len(bench.cameras) == stuck + 1
    bench.send(picture())
    assert bench.state is CameraState.LIVE


@pytest.mark.parametrize("jump", [timedelta(days=-3650), timedelta(days=3650)])
def test_a_jump_of_the_clock_is_no_loss(bench: Bench, jump: timedelta) -> None:
    bench.start()
    bench.send(picture(0, NOON))
    bench.clock.now += 1
    bench.send(picture(1, NOON + jump))
    bench.pass_time(5)
    assert bench.state is CameraState.LIVE and len(bench.cameras) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_nobody_foresaw_is_survived(bench: Bench) -> None:
    bench.start()
    bench.cameras[0].sent.put(ZeroDivisionError())
    eventually(lambda: bench.cameras[0].released)
    bench.settle()
    assert "unexpectedly" in bench.watch.status().problem
    bench.pass_time(1)
    assert len(bench.cameras) == 2


def test_no_password_in_a_status_or_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.start()
    bench.fail("rtsp://keeper:secret@10.0.0.7/1 does not answer")
    assert "10.0.0.7" in bench.watch.status().problem
    assert "secret" not in bench.watch.status().problem + caplog.text


def test_the_same_trouble_is_logged_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.start()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            bench.fail()
            bench.pass_time(31)
    assert [record.getMessage() for record in caplog.records] == ["Camera run: unplugged. Plug it in"]


def test_stopping_closes_the_slot_and_releases_the_camera(bench: Bench) -> None:
    bench.start()
    bench.cameras[0].sent.put(picture())
    eventually(lambda: bench.watch.status().last_frame)
    bench.cameras[0].sent.put(picture())
    assert bench.watch.stop(30)
    assert bench.cameras[0].released
    bench.slot.take(0)
    assert bench.slot.finished
    bench.pass_time(60)
    assert len(bench.cameras) == 1


def test_stopping_does_not_wait_for_a_stuck_driver(bench: Bench) -> None:
    bench.start()
    assert bench.watch.stop(0.05) is False
    assert bench.slot.finished


class Film:
    live = False

    def frames(self, stop: Stop) -> Iterator[Frame]:
        yield from (picture(number) for number in range(50))


def test_no_frame_of_a_recording_is_dropped_and_its_end_is_no_loss() -> None:
    clock, slot = Clock(), LatestFrame()
    watch = CameraWatch("run", Film, slot, monotonic=clock)
    watch.start()
    numbers = []
    while not slot.finished:
        clock.now += 60  # whoever takes them is slow
        watch.check()
        frame = slot.take(0.05)
        if frame is not None:
            numbers.append(frame.number)
            assert watch.status().state in (CameraState.LIVE, CameraState.ENDED)
    assert numbers == list(range(50))
    for _ in range(100):
        clock.now += 1
        watch.check()
    status = watch.status()
    assert (status.state, status.problem, status.dropped) == (CameraState.ENDED, "the recording is over", 0)
    watch.stop(30)
    assert threading.active_count() < 20


def test_stopping_in_the_middle_of_a_recording() -> None:
    slot = LatestFrame()
    watch = CameraWatch("run", Film, slot)
    watch.start()
    assert slot.take(30) is not None
    assert watch.stop(30)


def varied(number: int) -> Frame:
    image = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
    return Frame(camera="run", time=NOON, image=image, number=number)


def test_a_picture_that_stays_the_same_is_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.watch = CameraWatch("run", bench._open, bench.slot, monotonic=bench.clock, frozen_after_s=60)
    bench.start()
    bench.send(varied(1))
    for number in range(2, 62):
        bench.clock.now += 1
        bench.send(replace(varied(2), number=number))
    assert bench.state is CameraState.LIVE
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            bench.pass_time(1)
            bench.cameras[-1].sent.put(varied(2))
            time.sleep(0.005)
    status = bench.watch.status()
    assert (status.state, status.problem) == (
        CameraState.LOST,
        "it has sent one and the same picture for 60 s and more",
    )
    assert status.age_s is not None and status.age_s >= 150
    assert len([r for r in caplog.records if "same picture" in r.getMessage()]) == 1
    assert len(bench.cameras) > 1, "opening it anew may help"
    assert bench.slot.take(0) is None
    while bench.watch._reader is None:
        bench.pass_time(1)
    bench.send(varied(3))
    assert bench.state is CameraState.LIVE
    assert bench.watch.status().problem == ""


def test_whatever_happened_a_camera_that_is_back_is_tried_within_seconds(bench: Bench) -> None:
    """The longest wait, and a second until the next check: room for the opening within ten seconds."""
    bench.start()
    for _ in range(50):
        bench.fail()
        before = len(bench.cameras)
        bench.pass_time(5)
        assert len(bench.cameras) == before + 1


def test_pictures_that_nobody_was_to_look_at_count_as_read(bench: Bench) -> None:
    bench.start()
    for number in range(10):
        bench.clock.now += 0.5
        bench.send(picture(5 * number))
    assert bench.watch.status().fps == pytest.approx(10, abs=0.5)
