"""All cameras: none stops another, neither at work nor at the end."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.daemon import wait_for

from coop.assembly import camera_judge, camera_pipeline
from coop.camera_loop import CameraLoop
from coop.crew import FRESH_S, CameraAtWork, Crew
from coop.domain.event import CameraBack, CameraLost
from coop.domain.findings import Findings
from coop.domain.frame import Frame
from coop.domain.health import CameraState
from coop.event.cameras import CameraRule
from coop.frame.latest import LatestFrame
from coop.frame.source import Source, Stop
from coop.frame.watch import CameraWatch
from coop.recorder import Recorder
from coop.settings import CameraSettings, Settings
from coop.settings_values import SecretUrl
from coop.turns import Turns

START = datetime(2026, 5, 1, 7, tzinfo=UTC)


class Book:
    """A store that remembers findings."""

    def __init__(self) -> None:
        self.findings: list[Findings] = []

    def record(self, findings: Findings, now: datetime) -> bool:
        self.findings.append(findings)
        return True


@dataclass
class Camera:
    """A source of noise; ``hang`` while set keeps its driver from coming back, whoever tells it to stop."""

    live: bool = True
    count: int | None = None
    hang: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def frames(self, stop: Stop) -> Iterator[Frame]:
        numbers = itertools.count() if self.count is None else range(self.count)
        for n in numbers:
            while self.hang.is_set() and not self.over.is_set():
                self.hanging.set()
                self.over.wait(0.02)
            if stop.wait(0.01):
                return
            image = np.full((48, 64, 3), 90 + n % 3, np.uint8)
            yield Frame(camera="run", time=START + timedelta(seconds=n / 5), image=image, number=n)


Hire = Callable[..., Crew]


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def hire(book: Book) -> Iterator[Hire]:
    """Puts cameras to work; they are always released and stopped."""
    crews: list[Crew] = []
    hired: list[Camera] = []

    def start(begin: bool = True, **cameras: Camera) -> Crew:
        hired.extend(cameras.values())
        crew = Crew([at_work(name, camera, book) for name, camera in cameras.items()])
        crews.append(crew)
        if begin:
            crew.start()
        return crew

    yield start
    for camera in hired:
        camera.hang.clear()
        camera.over.set()
    for crew in crews:
        crew.stop(30)


def at_work(name: str, camera: Camera, book: Book) -> CameraAtWork:
    settings = Settings(timezone="UTC")
    slot = LatestFrame()
    recorder = Recorder(book, lambda findings: ())
    judge = camera_judge({}, settings)

    def open_it() -> Source:
        return camera

    watch = CameraWatch(name, open_it, slot, stale_after_s=0.3)
    pipeline = camera_pipeline(
        name,
        CameraSettings(url=SecretUrl("sim://")),
        settings,
        zones=(),
        judge=judge,
        record=recorder,
        is_first_today=lambda subject, moment: True,
    )
    loop = CameraLoop(
        pipeline,
        slot,
        live=camera.live,
        has_ended=lambda: watch.status().state is CameraState.ENDED,
        clock=lambda: START,
        monotonic=time.monotonic,
        turns=Turns(1),
    )
    rule = CameraRule(name, lost_after=timedelta(seconds=5))
    return CameraAtWork(watch=watch, loop=loop, judge=judge, rule=rule, recorder=recorder)


def frames_from(crew: Crew, *names: str) -> bool:
    latest = crew.latest()
    return all(latest[name] is not None for name in names)


def test_frames_come_from_every_camera(hire: Hire) -> None:
    crew = hire(begin=False, run=Camera(), door=Camera())
    assert crew.latest() == {"run": None, "door": None}
    crew.start()
    wait_for("frames", lambda: frames_from(crew, "run", "door"))
    assert [status.camera for status in crew.statuses(START)] == ["run", "door"]
    assert crew.is_fresh(time.monotonic())
    assert not crew.is_finished()


def test_the_end_comes_in_time_even_when_readers_are_stuck(
    hire: Hire, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = [Camera(), Camera(), Camera()]
    crew = hire(a=stuck[0], b=Camera(), c=stuck[1], d=stuck[2])
    wait_for("frames", lambda: frames_from(crew, "a", "b", "c", "d"))
    for camera in stuck:
        camera.hang.set()
    for camera in stuck:
        assert camera.hanging.wait(30)
    began = time.monotonic()
    crew.stop(2.0)
    assert time.monotonic() - began < 2.0 + 3.0
    text = caplog.text
    assert "loop did not stop" not in text, "a stuck reader takes no time from the loops"
    for name in "acd":
        assert f"Camera {name}: its driver hangs" in text
    assert "Camera b" not in text


def test_a_stuck_camera_does_not_stop_another(hire: Hire) -> None:
    bad = Camera()
    bad.hang.set()
    crew = hire(bad=bad, good=Camera())
    assert bad.hanging.wait(30)
    first = wait_for("a frame", lambda: crew.latest()["good"])
    wait_for("a later frame", lambda: (now := crew.latest()["good"]) and now.number > first.number + 5)
    assert crew.latest()["bad"] is None


def test_a_loss_and_a_return_are_recorded_once_each(hire: Hire, book: Book) -> None:
    camera = Camera()
    crew = hire(run=camera)
    wait_for("a frame", lambda: frames_from(crew, "run"))
    moment = itertools.count()

    def told() -> list[type]:
        crew.check(START + timedelta(seconds=next(moment)))
        return [type(recorded.event) for findings in book.findings for recorded in findings.events]

    camera.hang.set()
    wait_for("the loss", lambda: CameraLost in told())
    for _ in range(20):
        assert told().count(CameraLost) == 1
    camera.hang.clear()
    wait_for("the return", lambda: CameraBack in told())
    for _ in range(5):
        assert told() == [CameraLost, CameraBack]


def test_a_recording_is_finished_and_still_counts_as_fresh(hire: Hire) -> None:
    crew = hire(run=Camera(live=False, count=5))

    def finished() -> bool:
        crew.check(START)
        return crew.is_finished()

    wait_for("the end", finished)
    assert crew.is_fresh(time.monotonic() + 1000 * FRESH_S)
    assert crew.statuses(START)[0].state is CameraState.ENDED


def test_a_loop_that_stands_still_is_not_fresh(hire: Hire) -> None:
    crew = hire(run=Camera())
    wait_for("a frame", lambda: frames_from(crew, "run"))
    assert crew.is_fresh(time.monotonic())
    assert not crew.is_fresh(time.monotonic() + FRESH_S + 5)


def test_stopping_before_the_start_and_twice_is_harmless(hire: Hire) -> None:
    crew = hire(begin=False, run=Camera())
    crew.stop(1)
    crew = hire(run=Camera())
    crew.stop(10)
    crew.stop(10)
