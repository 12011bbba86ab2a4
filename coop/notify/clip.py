"""H.264 in MP4, as phones play it. OpenCV's wheels cannot write it; PyAV can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from coop.domain.frame import Picture
from coop.errors import OutputError

TIME_BASE = Fraction(1, 1000)
LONGEST_PAUSE = timedelta(seconds=1)
"""Longer pauses between frames (a quiet hour, a lost camera) are cut to this."""

_REMEDY = "Choose a folder that exists and may be written, on a disk with room"


class ClipWriter:
    """Writes pictures with their times as a video that begins to play before it is wholly loaded.

    The first picture fixes the size (made even, as H.264 wants it); later ones of another size are fitted
    into it. The file appears under its name only when it is complete: use it as a context manager.
    Raises `OutputError`.
    """

    def __init__(self, path: Path, *, quality: int = 23) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".part")
        self._quality = quality
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._last: datetime | None = None
        self._pts = 0

    def __enter__(self) -> ClipWriter:
        return self

    def write(self, picture: Picture, time: datetime) -> None:
        """Add a picture (uint8 BGR) taken at ``time``; time that stands still counts as a millisecond."""
        with self._explained():
            if self._container is None or self._stream is None:
                self._container, self._stream = self._open(picture)
            self._add(self._container, self._stream, picture, time)

    def _add(
        self,
        container: av.container.OutputContainer,
        stream: av.VideoStream,
        picture: Picture,
        time: datetime,
    ) -> None:
        step = 0 if self._last is None else _milliseconds(time - self._last)
        self._pts += step
        self._last = time
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
        frame = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
        frame.pts = self._pts
        frame.time_base = TIME_BASE
        _mux(container, stream, frame)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._container is None or self._stream is None:
            self._drop()
            return
        try:
            if kind is None:
                with self._explained():
                    self._finish(self._container, self._stream)
        finally:
            with suppress(av.FFmpegError):  # already told, or of no interest in a clip that is given up
                self._container.close()
            self._drop()

    def _finish(self, container: av.container.OutputContainer, stream: av.VideoStream) -> None:
        _mux(container, stream, None)
        container.close()
        self._partial.replace(self._path)

    def _drop(self) -> None:
        with suppress(OSError):  # its folder may not even be there, which is told already
            self._partial.unlink()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            problem = f"the video cannot be written ({error.strerror or error})"
            raise OutputError(self._path, problem, _REMEDY) from None

    def _open(self, picture: Picture) -> tuple[av.container.OutputContainer, av.VideoStream]:
        height, width = picture.shape[:2]
        container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "faststart"})
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height = max(width // 2 * 2, 2), max(height // 2 * 2, 2)
        stream.pix_fmt = "yuv420p"
        stream.time_base = TIME_BASE
        stream.codec_context.time_base = TIME_BASE
        stream.options = {"crf": str(self._quality), "preset": "veryfast", "profile": "high"}
        return container, stream


def _mux(
    container: av.container.OutputContainer, stream: av.VideoStream, frame: av.VideoFrame | None
) -> None:
    for packet in stream.encode(frame):
        container.mux(packet)


def _milliseconds(step: timedelta) -> int:
    return max(1, round(min(step, LONGEST_PAUSE) / timedelta(milliseconds=1)))
