"""What the tests of frame/ share: recordings made on the spot, and cameras that can be frozen and killed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import missing_part
from fakes.rtsp import MjpegServer, RtspServer, lengthened, missing_for_mjpeg, missing_for_rtsp

from coop.domain.frame import Frame
from coop.domain.health import CameraStatus
from coop.frame.latest import LatestFrame
from coop.frame.source import Source, open_source
from coop.frame.watch import CameraWatch


class Watched:
    """Plays the app for one watch: takes frames and calls `check`, until something has come about."""

    def __init__(self) -> None:
        self.slot = LatestFrame()
        self.taken: list[Frame] = []
        self._watches: list[CameraWatch] = []

    def start(self, open_it: Callable[[], Source], **wishes: object) -> CameraWatch:
        watch = CameraWatch("run", open_it, self.slot, **wishes)  # type: ignore[arg-type]
        self._watches.append(watch)
        watch.start()
        return watch

    def until(self, what: Callable[[CameraStatus], object], timeout_s: float = 60.0) -> CameraStatus:
        watch = self._watches[-1]
        deadline = time.monotonic() + timeout_s
        while not what(watch.status()):
            assert time.monotonic() < deadline, f"it never came about: {watch.status()}"
            frame = self.slot.take(0.02)
            if frame is not None:
                self.taken.append(frame)
            watch.check()
        return watch.status()

    def stop_all(self) -> None:
        for watch in self._watches:
            watch.stop(30)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def opened() -> Callable[..., Source]:
    """`open_source` with the camera "run", the wall clock and UTC."""

    def open_it(url: object, **wishes: object) -> Source:
        wishes = {"clock": lambda: datetime.now(UTC), "timezone": UTC, **wishes}
        return open_source(str(url), "run", **wishes)  # type: ignore[arg-type]

    return open_it


@pytest.fixture
def frame_at() -> Callable[[float], Frame]:
    """A tiny frame taken so many seconds after noon."""

    def make(seconds: float) -> Frame:
        noon = datetime(2026, 6, 21, 12, tzinfo=UTC).timestamp()
        return Frame(
            camera="run",
            time=datetime.fromtimestamp(noon + seconds, UTC),
            image=np.zeros((2, 2, 3), np.uint8),
            number=int(seconds),
        )

    return make


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small recording, 10 pictures a second: ``count`` of a growing grey, a corner of each white."""

    def write(name: str, *, size: tuple[int, int] = (64, 48), count: int = 20, codec: str = "mpeg4") -> Path:
        path = tmp_path / name
        with av.open(path, "w") as container:
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for number in range(count):
                grey = np.full((size[1], size[0], 3), 10 * number % 250, np.uint8)
                grey[: size[1] // 3, : size[0] // 3] = 255
                container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture
def answering() -> Iterator[Callable[[bytes | None], int]]:
    """Starts a server that answers every connection with the same bytes, or (None) never; gives its port."""
    open_sockets: list[socket.socket] = []

    def start(answer: bytes | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # closed: the test is over
                    return
                open_sockets.append(connection)
                if answer is not None:
                    with contextlib.suppress(OSError):
                        connection.recv(4096)
                        connection.sendall(answer)
                        connection.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for opened_socket in open_sockets:
        with contextlib.suppress(OSError):
            opened_socket.shutdown(socket.SHUT_RDWR)
        opened_socket.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Starts watches, plays the app for them, and stops them in the end."""
    company = Watched()
    yield company
    company.stop_all()


@pytest.fixture
def rtsp_camera(test_data: Path, tmp_path: Path) -> Iterator[RtspServer]:
    """A started RTSP camera that watches hens for some minutes."""
    tool = test_data.parent / "tools" / "rtsp_server.py"
    if missing := missing_for_rtsp(tool):
        missing_part(missing)
    video = lengthened(test_data / "videos" / "hens-in-run.mp4", tmp_path)
    with RtspServer(tool, video) as server:
        yield server


@pytest.fixture
def mjpeg_camera(test_data: Path) -> Iterator[MjpegServer]:
    """A started MJPEG camera that watches pedestrians for ever."""
    if missing := missing_for_mjpeg():
        missing_part(missing)
    with MjpegServer(test_data / "videos" / "vtest.avi") as server:
        yield server
