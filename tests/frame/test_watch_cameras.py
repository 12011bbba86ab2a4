"""The watch over real network cameras that freeze, die and come back."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.proxy import Wire
from fakes.rtsp import MjpegServer, RtspServer
from fakes.trouble import TROUBLES, Trouble

from coop.domain.health import CameraState, CameraStatus
from coop.frame.source import Source

if TYPE_CHECKING:
    from conftest import Watched

Opened = Callable[..., Source]
Camera = RtspServer | MjpegServer

QUICK = {"stale_after_s": 2.0, "open_within_s": 10.0, "backoff": (0.1, 0.4)}


@pytest.fixture(params=["rtsp_camera", "mjpeg_camera"])
def camera(request: pytest.FixtureRequest) -> Camera:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def is_live(status: CameraStatus) -> bool:
    return status.state is CameraState.LIVE


def is_lost(status: CameraStatus) -> bool:
    return status.state is CameraState.LOST


def test_freezing_and_killing_are_survived(opened: Opened, watched: "Watched", camera: Camera) -> None:
    watched.start(lambda: opened(camera.url, timeout_s=1.5), **QUICK)
    watched.until(is_live)

    camera.freeze()
    lost = watched.until(is_lost)
    assert lost.problem
    camera.resume()
    if isinstance(camera, MjpegServer):  # serves one client only
        camera.start()
    watched.until(lambda status: is_live(status) and status.reconnects == 1)

    camera.kill()
    lost = watched.until(lambda status: is_lost(status) and "Connection refused" in status.problem)
    camera.start()
    watched.until(lambda status: is_live(status) and status.reconnects >= 2)

    times = [frame.time for frame in watched.taken]
    assert times == sorted(set(times))


def test_a_camera_that_changes_its_picture_size(
    opened: Opened, watched: "Watched", mjpeg_camera: MjpegServer, test_data: Path
) -> None:
    watched.start(lambda: opened(mjpeg_camera.url, timeout_s=2), **QUICK)
    watched.until(lambda _: watched.taken)
    mjpeg_camera.kill()
    with MjpegServer(test_data / "videos" / "tree.avi", mjpeg_camera.port):
        watched.until(lambda _: watched.taken[-1].width == 320)
    assert {(frame.width, frame.height) for frame in watched.taken} == {(768, 576), (320, 240)}


def test_twenty_reconnections_leave_nothing_behind(
    opened: Opened, watched: "Watched", rtsp_camera: RtspServer
) -> None:
    """Neither threads, nor open files, nor memory, whatever went wrong: five kinds of trouble in turn."""
    with Wire(rtsp_camera.port) as wire:
        url = f"rtsp://127.0.0.1:{wire.port}/coop"
        watched.start(lambda: opened(url, timeout_s=1), **{**QUICK, "stale_after_s": 1.0})
        watched.until(is_live)

        def reconnect(number: int, trouble: Trouble) -> None:
            trouble(wire, 1.0)
            watched.until(lambda status: status.problem or status.reconnects > number)
            wire.mend()
            watched.until(lambda status: is_live(status) and status.reconnects > number)
            watched.taken.clear()

        every = list(TROUBLES.values())
        for number in range(5):
            reconnect(number, every[number])
        threads, files, memory = threading.active_count(), _open_files(), _resident_mb()
        for number in range(5, 20):
            reconnect(number, every[number % 5])
        assert threading.active_count() <= threads + 2
        assert _open_files() <= files + 4
        assert _resident_mb() < memory + 40


def test_ten_mjpeg_reconnections_leave_nothing_behind(
    opened: Opened, watched: "Watched", mjpeg_camera: MjpegServer
) -> None:
    """Half of the cameras freeze, half are killed."""
    watched.start(lambda: opened(mjpeg_camera.url, timeout_s=1), **{**QUICK, "stale_after_s": 0.5})
    watched.until(is_live)

    def reconnect(number: int) -> None:
        if number % 2:
            mjpeg_camera.freeze()
            watched.until(is_lost)
        mjpeg_camera.start()
        watched.until(lambda status: is_live(status) and status.reconnects > number)
        watched.taken.clear()

    for number in range(3):
        reconnect(number)
    threads, files, memory = threading.active_count(), _open_files(), _resident_mb()
    for number in range(3, 10):
        reconnect(number)
    assert threading.active_count() <= threads + 1
    assert _open_files() <= files + 2
    assert _resident_mb() < memory + 40


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
