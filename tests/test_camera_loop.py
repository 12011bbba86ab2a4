"""One camera's loop in its thread: it survives a bad frame, and finishes a recording."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.daemon import wait_for
from fakes.post import Clock

from coop import camera_loop
from coop.assembly import camera_judge, camera_pipeline
from coop.camera_loop import CameraLoop
from coop.domain.frame import Frame
from coop.domain.motion import Motion
from coop.frame.latest import LatestFrame
from coop.pipeline import Pipeline
from coop.replay import Memory
from coop.settings import CameraSettings, Settings
from coop.settings_values import SecretUrl
from coop.turns import Turns

START = datetime(2026, 5, 1, 7, tzinfo=UTC)


def frame(n: int, x: float | None = None) -> Frame:
    """Straw at 5 frames a second, with a thing at ``x`` (a share of the width) if there is one."""
    image = np.random.default_rng(0).integers(100, 120, (90, 160, 3)).astype(np.uint8)
    if x is not None:
        left = round(x * 130)
        image[40:64, left : left + 30] = 20
    return Frame(camera="run", time=START + timedelta(seconds=n / 5), image=image, number=n)


def walk(count: int = 60) -> Iterator[Frame]:
    for n in range(count):
        yield frame(n, (n - 12) / (count - 24) if 12 <= n < count - 12 else None)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_loop, "IDLE_S", 0.02)


@pytest.fixture
def memory() -> Memory:
    return Memory(zone=UTC)


@pytest.fixture
def pipeline(memory: Memory) -> Pipeline:
    settings = Settings(timezone="UTC")
    return camera_pipeline(
        "run",
        CameraSettings(url=SecretUrl("sim://")),
        settings,
        zones=(),
        judge=camera_judge({}, settings),
        record=memory.record,
        is_first_today=memory.is_first_today,
    )


Begin = Callable[..., CameraLoop]


@pytest.fixture
def slot() -> LatestFrame:
    return LatestFrame()


@pytest.fixture
def begin(pipeline: Pipeline, slot: LatestFrame) -> Iterator[Begin]:
    """Starts a loop that is always stopped."""
    begun: list[CameraLoop] = []

    def start(*, live: bool, clock: Callable[[], datetime] = lambda: START) -> CameraLoop:
        loop = CameraLoop(
            pipeline,
            slot,
            live=live,
            has_ended=lambda: slot.finished,
            clock=clock,
            monotonic=time.monotonic,
            turns=Turns(1),
        )
        begun.append(loop)
        loop.start()
        return loop

    yield start
    for loop in begun:
        loop.ask_to_stop()
        loop.join(30)
        assert not loop.is_alive()


def give(slot: LatestFrame, frames: Iterator[Frame]) -> None:
    for one in frames:
        assert slot.offer(one, timeout=30)


def test_a_recording_is_taken_to_its_end(begin: Begin, slot: LatestFrame, memory: Memory) -> None:
    loop = begin(live=False)
    give(slot, walk())
    slot.close()
    wait_for("the end", lambda: loop.finished)
    loop.join(30)
    assert not loop.is_alive()
    visits = list(memory.visits.values())
    assert [visit.kind for visit in visits] == ["motion"]
    assert all(visit.ended is not None for visit in visits)
    assert loop.latest is not None
    assert loop.latest.number == 59


def test_what_still_moves_when_the_program_ends_is_kept(
    begin: Begin, slot: LatestFrame, memory: Memory
) -> None:
    loop = begin(live=True)
    give(slot, (one for one in walk() if one.number < 40))
    wait_for("the visit", lambda: memory.visits)
    assert not memory.pictures["crop"]
    loop.ask_to_stop()
    loop.join(30)
    assert memory.pictures["crop"]
    assert all(visit.ended is None for visit in memory.visits.values()), "it goes on at the next start"


def test_an_error_costs_one_frame_and_no_more(
    begin: Begin,
    slot: LatestFrame,
    memory: Memory,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    detect = pipeline.motion.detect
    seen: list[int] = []

    def fails_once(one: Frame, keep: object = ()) -> Motion:
        seen.append(one.number)
        if one.number == 3:
            raise RuntimeError("a frame that nobody expected")
        return detect(one)

    monkeypatch.setattr(pipeline.motion, "detect", fails_once)
    loop = begin(live=False)
    give(slot, walk())
    slot.close()
    wait_for("the end", lambda: loop.finished)
    assert seen == list(range(60))
    assert memory.visits
    assert "a frame that nobody expected" in caplog.text
    assert "Camera run" in caplog.text


def test_an_error_at_the_end_of_a_recording_still_ends_the_loop(
    begin: Begin, slot: LatestFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(now: datetime) -> tuple[()]:
        raise RuntimeError("no end")

    monkeypatch.setattr(pipeline, "finish", fails)
    loop = begin(live=False)
    give(slot, walk(3))
    slot.close()
    loop.join(30)
    assert loop.finished
    assert not loop.is_alive()


def test_a_recording_without_a_frame_is_finished_too(begin: Begin, slot: LatestFrame, memory: Memory) -> None:
    slot.close()
    loop = begin(live=False)
    loop.join(30)
    assert loop.finished
    assert not memory.visits


def test_a_live_camera_that_falls_silent_lets_time_pass(
    begin: Begin, slot: LatestFrame, memory: Memory
) -> None:
    clock = Clock(START)
    loop = begin(live=True, clock=clock)
    give(slot, walk(40))
    wait_for("a visit", lambda: memory.visits)
    assert all(visit.ended is None for visit in memory.visits.values())
    clock.now = START + timedelta(hours=1)
    wait_for("its end", lambda: all(visit.ended for visit in memory.visits.values()))
    assert not loop.finished


def test_a_recording_lets_time_pass_only_with_its_frames(
    begin: Begin, slot: LatestFrame, memory: Memory
) -> None:
    turns = threading.Event()

    def clock() -> datetime:
        turns.set()
        return START + timedelta(days=1)

    loop = begin(live=False, clock=clock)
    give(slot, walk(40))
    beat = loop.beat
    wait_for("another turn", lambda: loop.beat > beat + 0.1)
    assert not turns.is_set()
    assert all(visit.ended is None for visit in memory.visits.values())


def test_the_beat_goes_on_without_frames_and_stands_still_in_a_stuck_step(
    begin: Begin, slot: LatestFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, stuck = threading.Event(), threading.Event()

    def hang(one: Frame) -> None:
        stuck.set()
        release.wait(30)

    monkeypatch.setattr(pipeline, "step", hang)
    loop = begin(live=True)
    first = loop.beat
    wait_for("a turn without a frame", lambda: loop.beat > first)
    slot.put(frame(0))
    assert stuck.wait(30)
    beat = loop.beat
    time.sleep(0.1)
    assert loop.beat == beat
    release.set()
    wait_for("the next turn", lambda: loop.beat > beat)
