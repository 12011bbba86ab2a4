"""Cameras that misbehave, each in its own way, and a neighbour whom none of it may touch.

SIGSTOP and SIGKILL are in test_watch_cameras.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes.jpegs import JpegCamera
from fakes.proxy import Wire
from fakes.rtsp import H264Server, MjpegServer, RtspServer

from coop.domain.frame import Picture
from coop.domain.health import CameraState, CameraStatus
from coop.frame.latest import LatestFrame
from coop.frame.source import Source
from coop.frame.watch import CameraWatch

if TYPE_CHECKING:
    from conftest import Watched

Opened = Callable[..., Source]

QUICK = {"stale_after_s": 2.0, "open_within_s": 10.0, "backoff": (0.1, 0.4)}


def is_live(status: CameraStatus) -> bool:
    return status.state is CameraState.LIVE


def is_lost(status: CameraStatus) -> bool:
    return status.state is CameraState.LOST


def noise(number: int, size: tuple[int, int] = (64, 48)) -> Picture:
    return np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), np.uint8)


@pytest.fixture(autouse=True)
def neighbour(opened: Opened) -> Iterator[CameraWatch]:
    """A camera that works, watched all the while; in the end it must never have been away."""
    with JpegCamera(noise) as camera:
        slot = LatestFrame()
        watch = CameraWatch("door", lambda: opened(camera.url), slot)
        watch.start()
        while not is_live(watch.status()):
            time.sleep(0.01)
        yield watch
        status = watch.status()
        watch.stop(30)
    assert (status.state, status.reconnects, status.problem) == (CameraState.LIVE, 0, "")


@pytest.fixture
def wired(rtsp_camera: RtspServer) -> Iterator[Wire]:
    """A wire to an RTSP camera that works; `url_of` is its address there."""
    with Wire(rtsp_camera.port) as wire:
        yield wire


def url_of(wire: Wire) -> str:
    return f"rtsp://127.0.0.1:{wire.port}/coop"


def test_half_open_connections(opened: Opened, watched: Watched, wired: Wire) -> None:
    watched.start(lambda: opened(url_of(wired), timeout_s=1.5), **QUICK)
    watched.until(is_live)
    wired.half_open()
    lost = watched.until(lambda status: is_lost(status) and status.problem)
    assert "no " in lost.problem or "does not answer" in lost.problem
    wired.mend()
    watched.until(lambda status: is_live(status) and status.reconnects == 1)


def test_a_connection_broken_off_in_the_middle_of_a_picture(
    opened: Opened, watched: Watched, wired: Wire
) -> None:
    watched.start(lambda: opened(url_of(wired), timeout_s=1.5), **QUICK)
    for number in range(3):
        watched.until(lambda status: is_live(status) and status.reconnects == number)  # noqa: B023
        wired.reset()
    watched.until(lambda status: is_live(status) and status.reconnects == 3)


def test_a_server_that_restarts(opened: Opened, watched: Watched, rtsp_camera: RtspServer) -> None:
    watched.start(lambda: opened(rtsp_camera.url, timeout_s=1.5), **QUICK)
    for number in range(2):
        watched.until(lambda status: is_live(status) and status.reconnects == number)  # noqa: B023
        rtsp_camera.start()
    watched.until(lambda status: is_live(status) and status.reconnects == 2)


@pytest.mark.parametrize("share", [0.0005, 0.02])
def test_garbage_packets(opened: Opened, watched: Watched, wired: Wire, share: float) -> None:
    """Whatever arrives, no smeared picture is looked at, and all is well as soon as the wire is."""
    watched.start(lambda: opened(url_of(wired), timeout_s=1.5), **QUICK)
    watched.until(lambda status: is_live(status) and len(watched.taken) > 3)
    wired.garbage = share
    deadline = time.monotonic() + 5
    watched.until(lambda _: time.monotonic() > deadline)
    wired.mend()
    watched.taken.clear()
    watched.until(lambda status: is_live(status) and len(watched.taken) > 10)
    assert {frame.image.shape for frame in watched.taken} == {(490, 980, 3)}


def test_damaged_pictures_within_a_whole_stream(opened: Opened, watched: Watched) -> None:
    """The stream stands, every second picture is damaged: the others are looked at."""
    with JpegCamera(lambda n: bytes(range(256)) * 9 if n % 2 else noise(n)) as camera:
        watched.start(lambda: opened(camera.url, timeout_s=5), **QUICK)
        watched.until(lambda _: len(watched.taken) >= 5)
        camera.show = lambda n: bytes(range(256)) * 9
        lost = watched.until(lambda status: is_lost(status) and status.problem)
        camera.show = noise
        watched.until(is_live)
    assert lost.problem


def test_an_answer_that_comes_too_late(opened: Opened, watched: Watched, wired: Wire) -> None:
    watched.start(lambda: opened(url_of(wired), timeout_s=1), **QUICK)
    watched.until(is_live)
    wired.delay_s = 4.0
    lost = watched.until(lambda status: is_lost(status) and "does not answer within 1 s" in status.problem)
    assert lost.reconnects == 0
    wired.mend()
    watched.until(lambda status: is_live(status) and status.reconnects == 1)


def test_a_slow_answer_is_waited_for(opened: Opened, watched: Watched, wired: Wire) -> None:
    wired.delay_s = 0.3
    watched.start(lambda: opened(url_of(wired), timeout_s=10), **{**QUICK, "stale_after_s": 10.0})
    status = watched.until(is_live)
    assert status.reconnects == 0


def test_a_picture_that_stops_changing(opened: Opened, watched: Watched) -> None:
    """Frames come as ever, and are all the same to the last pixel: the camera hangs."""
    with JpegCamera(noise) as camera:
        watched.start(lambda: opened(camera.url, timeout_s=5), **QUICK, frozen_after_s=1.5)
        watched.until(lambda _: len(watched.taken) > 5)
        camera.show = lambda n: noise(5)
        lost = watched.until(is_lost)
        assert lost.problem == "it has sent one and the same picture for 1.5 s and more"
        watched.until(lambda status: is_lost(status) and status.age_s and status.age_s > 4)
        camera.show = noise
        back = watched.until(is_live)
    assert back.problem == ""


def test_a_camera_that_gives_stills_and_stops_changing_them(opened: Opened, watched: Watched) -> None:
    """It is asked for each picture, damaged ones are told of, and the same one again and again is none."""
    with JpegCamera(noise) as camera:
        wishes = QUICK | {"frozen_after_s": 1.5}
        watched.start(lambda: opened(camera.still_url, timeout_s=5, fps=10), **wishes)
        watched.until(lambda _: len(watched.taken) > 5)
        assert watched.until(is_live).reconnects == 0
        camera.show = lambda n: noise(5)
        assert "one and the same picture" in watched.until(is_lost).problem
        camera.show = noise
        watched.until(is_live)
        camera.show = lambda n: b"no picture"
        assert watched.until(lambda status: is_lost(status) and status.problem).problem
        camera.show = noise
        watched.until(is_live)


def test_a_dark_picture_may_stay_the_same(opened: Opened, watched: Watched) -> None:
    """Night without infrared light: a camera may send the same black all along."""
    with JpegCamera(lambda n: np.full((48, 64, 3), 3, np.uint8)) as camera:
        watched.start(lambda: opened(camera.url, timeout_s=5), **QUICK, frozen_after_s=0.5)
        watched.until(lambda _: len(watched.taken) > 20)
        assert watched.until(lambda _: True).state is CameraState.LIVE


def test_another_size_within_a_stream(opened: Opened, watched: Watched) -> None:
    with JpegCamera(noise) as camera:
        watched.start(lambda: opened(camera.url, timeout_s=5), **QUICK)
        watched.until(lambda _: len(watched.taken) > 3)
        camera.show = lambda n: noise(n, (160, 90))
        status = watched.until(lambda _: watched.taken[-1].width == 160)
    assert status.reconnects == 0
    assert {frame.image.shape for frame in watched.taken} == {(48, 64, 3), (90, 160, 3)}


def test_another_size_after_a_restart(
    opened: Opened, watched: Watched, rtsp_camera: RtspServer, test_data: Path
) -> None:
    watched.start(lambda: opened(rtsp_camera.url, timeout_s=1.5), **QUICK)
    watched.until(lambda _: watched.taken)
    rtsp_camera.kill()
    other = test_data / "videos" / "one-by-one-person-detection.mp4"
    with RtspServer(rtsp_camera.tool, other, rtsp_camera.port):
        watched.until(lambda _: watched.taken[-1].width == 768)
    assert {(frame.width, frame.height) for frame in watched.taken} == {(980, 490), (768, 432)}


def test_another_codec(opened: Opened, watched: Watched, mjpeg_camera: MjpegServer, test_data: Path) -> None:
    watched.start(lambda: opened(mjpeg_camera.url, timeout_s=1.5), **QUICK)
    watched.until(lambda _: watched.taken)
    mjpeg_camera.kill()
    with ExitStack() as stack:
        stack.enter_context(H264Server(test_data / "videos" / "hens-in-run.mp4", mjpeg_camera.port))
        watched.until(lambda _: watched.taken[-1].width == 980)
    assert {(frame.width, frame.height) for frame in watched.taken} == {(768, 576), (980, 490)}
