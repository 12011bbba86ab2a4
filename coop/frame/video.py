"""A recording: every frame of a video file with the time at which it was taken."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import cast

import av
import av.container
import av.video
import numpy as np
from av.video.reformatter import VideoReformatter

from coop.domain.frame import Frame, Picture
from coop.domain.times import as_utc
from coop.errors import SourceError
from coop.frame.filetime import time_in_name
from coop.frame.rate import RateLimit
from coop.frame.recording import Recording
from coop.frame.source import Stop

log = logging.getLogger(__name__)

_FALLBACK_FPS = 25.0
_MOST_DAMAGED = 10_000
"""After so many damaged places the rest of a file is given up."""

_EARLIEST_YEAR = 1990
"""Recorders whose clock was never set write 1904 or 1970 into their files."""


class VideoSource(Recording):
    """A video file, read as fast as frames are taken from it; the same file always gives the same frames.

    Read with PyAV rather than OpenCV: it tells the exact time of each frame, gives a picture whose size
    changes within the file in its own size (OpenCV squeezes it into the first), and names what is broken.
    """

    def frames(self, stop: Stop) -> Iterator[Frame]:
        with self._opened() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            start = self._start_of(container)
            clock = RecordedClock(1 / _frame_rate(stream))
            rate, reformatter = RateLimit(self.fps), VideoReformatter()
            number = 0
            for decoded in self._decoded(container, stream, stop):
                seconds = clock.at(_position(decoded, stream))
                if rate.due(seconds):
                    yield Frame(
                        camera=self.camera,
                        time=start + timedelta(seconds=seconds),
                        image=_picture(decoded, reformatter),
                        number=number,
                    )
                    number += 1
            if not stop.is_set():
                self._warn_if_cut(clock.end, _declared_seconds(container, stream))

    def _opened(self) -> av.container.InputContainer:
        try:
            if self.path.stat().st_size == 0:
                raise self._refused("the file is empty (0 bytes)")
            container = av.open(self.path)
        except (av.FFmpegError, OSError) as error:
            if isinstance(error, SourceError):
                raise
            raise self._refused(f"not a video that can be read ({_reason(error)})") from error
        if not container.streams.video:
            container.close()
            raise self._refused("the file has no pictures in it, only sound or text")
        return container

    def _refused(self, problem: str) -> SourceError:
        remedy = (
            "Copy it again from where it was recorded; a recording that was cut off while it was written may "
            "have lost its index (try: ffmpeg -i FILE -c copy REPAIRED)"
        )
        return SourceError(str(self.path), problem, remedy)

    def _decoded(
        self, container: av.container.InputContainer, stream: av.video.VideoStream, stop: Stop
    ) -> Iterator[av.VideoFrame]:
        """Every frame that can be decoded, over damaged places."""
        damaged = 0
        packets = container.demux(stream)
        while not stop.is_set():
            try:
                frames = next(packets).decode()
            except StopIteration:
                break
            except av.FFmpegError as error:
                damaged += 1
                if damaged == 1:
                    log.warning("%s: a damaged place was left out (%s)", self.path, _reason(error))
                if damaged > _MOST_DAMAGED:
                    break
                continue
            yield from frames
        if damaged > 1:
            log.warning("%s: %d damaged places were left out", self.path, damaged)

    def _start_of(self, container: av.container.InputContainer) -> datetime:
        """When the recording began: as told, by its name, by its own word, or by the file's last change."""
        if self.start is not None:
            return as_utc(self.start)
        told = time_in_name(self.path.name, self.timezone) or _creation_time(container, self.timezone)
        if told is not None:
            return told
        changed = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        seconds = _declared_seconds(container, container.streams.video[0])
        log.info("%s: neither its name nor the file says when it began; its last change counts", self.path)
        return changed - timedelta(seconds=seconds)

    def _warn_if_cut(self, seconds: float, declared: float) -> None:
        if seconds < declared - max(1.0, declared * 0.02):
            log.warning(
                "%s: the recording is cut off: it declares %.1f s and %.1f s could be read",
                self.path,
                declared,
                seconds,
            )


class RecordedClock:
    """Seconds since a recording's first frame, always going forward.

    A frame without a time, or with one that goes back (two recordings joined), follows the last by
    ``step`` seconds, and so do the frames after it from there on.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._shift = 0.0
        self._last: float | None = None

    def at(self, position: float | None) -> float:
        """Seconds of the frame whose file position is ``position`` seconds, None where it has none."""
        if self._last is None:
            self._shift = -position if position is not None else 0.0
            self._last = 0.0
            return 0.0
        if position is None:
            self._last += self._step
            return self._last
        if position + self._shift <= self._last:
            self._shift = self._last + self._step - position
        self._last = position + self._shift
        return self._last

    @property
    def end(self) -> float:
        """When the last frame is over."""
        return 0.0 if self._last is None else self._last + self._step


def _position(frame: av.VideoFrame, stream: av.video.VideoStream) -> float | None:
    return None if frame.pts is None or stream.time_base is None else float(frame.pts * stream.time_base)


def _picture(frame: av.VideoFrame, reformatter: VideoReformatter) -> Picture:
    """The picture as it is to be looked at: blue, green, red, and turned as the recorder says."""
    image = cast(Picture, reformatter.reformat(frame, format="bgr24", threads=1).to_ndarray())
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def _frame_rate(stream: av.video.VideoStream) -> float:
    rate = stream.average_rate or stream.base_rate
    return float(rate) if rate else _FALLBACK_FPS


def _declared_seconds(container: av.container.InputContainer, stream: av.video.VideoStream) -> float:
    """How long the file says that its pictures last; 0 where it does not say."""
    if stream.frames > 0:  # a cut-off AVI still declares its frames, while its duration shrinks with the file
        return stream.frames / _frame_rate(stream)
    return (container.duration or 0) / av.time_base


def _creation_time(container: av.container.InputContainer, timezone: tzinfo) -> datetime | None:
    text = container.metadata.get("creation_time", "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year < _EARLIEST_YEAR:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone)).astimezone(UTC)


def _reason(error: OSError | av.FFmpegError) -> str:
    return str(error.strerror or error)
