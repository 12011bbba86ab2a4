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
import numpy.typing as npt

from coop.domain.frame import Picture
from coop.domain.times import as_utc
from coop.errors import OutputError

TIME_BASE = Fraction(1, 90_000)
LONGEST_PAUSE = timedelta(seconds=1)
"""Longer pauses between frames (a quiet hour, a lost camera) may be cut to this."""
SHORTEST_STEP = timedelta(milliseconds=1)

_KEY_EVERY = 50
"""Frames between two that a player can jump to: ten seconds at five frames a second."""
_BT601, _LIMITED = 6, 1
"""FFmpeg's numbers for how colours are written here: as OpenCV and swscale make them."""

_REMEDY = "Choose a folder that exists and may be written, on a disk with room"


class ClipWriter:
    """Writes pictures with their times as a video that begins to play before it is wholly loaded.

    The first picture fixes the size (made even, as H.264 wants it); later ones of another size are fitted
    into it. Every picture is shown at its own time; pauses are cut to ``longest_pause`` unless that is None.
    The file appears under its name only when it is complete: use it as a context manager. `OutputError`.
    """

    def __init__(
        self,
        path: Path,
        *,
        quality: int = 23,
        longest_pause: timedelta | None = LONGEST_PAUSE,
        max_bits_per_second: int | None = None,
        threads: int = 0,
    ) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".part")
        self._quality = quality
        self._longest_pause = longest_pause
        self._max_bits = max_bits_per_second
        self._threads = threads
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._shown = timedelta()

    def __enter__(self) -> ClipWriter:
        return self

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the video; 0 before the first picture."""
        return (0, 0) if self._stream is None else (self._stream.width, self._stream.height)

    @property
    def shown(self) -> timedelta:
        """From the first picture to the newest."""
        return self._shown

    def write(self, picture: Picture, time: datetime) -> None:
        """Add a picture (uint8 BGR) taken at ``time``; time that stands still counts as a millisecond."""
        self._write(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24"), time)

    def write_planes(self, planes: npt.NDArray[np.uint8], time: datetime) -> None:
        """The same for a picture as video wants it: I420, uint8, shape (h * 3 / 2, w), both even."""
        self._write(av.VideoFrame.from_ndarray(planes, format="yuv420p"), time)

    def _write(self, frame: av.VideoFrame, time: datetime) -> None:
        with self._explained():
            if self._container is None or self._stream is None:
                self._container, self._stream = self._open(frame.width, frame.height, time)
            self._advance(time)
            stream = self._stream
            frame = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
            frame.pts = round(self._shown / timedelta(seconds=1) / TIME_BASE)
            frame.time_base = TIME_BASE
            _mux(self._container, stream, frame)

    def _advance(self, time: datetime) -> None:
        if self._last is not None:
            step = max(time - self._last, SHORTEST_STEP)
            self._shown += step if self._longest_pause is None else min(step, self._longest_pause)
        self._last = time

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

    def _open(
        self, width: int, height: int, began: datetime
    ) -> tuple[av.container.OutputContainer, av.VideoStream]:
        container = av.open(str(self._partial), "w", format="mp4", options={"movflags": "faststart"})
        container.metadata["creation_time"] = as_utc(began).isoformat()
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height = max(width // 2 * 2, 2), max(height // 2 * 2, 2)
        stream.pix_fmt = "yuv420p"
        stream.time_base = TIME_BASE
        codec = stream.codec_context
        codec.time_base = TIME_BASE
        codec.thread_count = self._threads
        codec.gop_size = _KEY_EVERY
        # Without these a player guesses by the size, and guesses wrong: grass would be another green.
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT601
        codec.color_range = _LIMITED
        stream.options = {
            "crf": str(self._quality),
            "preset": "veryfast",
            "profile": "high",
            **self._limits(),
        }
        return container, stream

    def _limits(self) -> dict[str, str]:
        if self._max_bits is None:
            return {}
        return {"maxrate": str(self._max_bits), "bufsize": str(2 * self._max_bits)}


def _mux(
    container: av.container.OutputContainer, stream: av.VideoStream, frame: av.VideoFrame | None
) -> None:
    for packet in stream.encode(frame):
        container.mux(packet)
