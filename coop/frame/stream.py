"""A live camera: network streams through FFmpeg and devices through V4L2, both by OpenCV."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from coop.domain.frame import Frame, Picture
from coop.domain.url import redact_url
from coop.errors import SourceError
from coop.frame.probe import check_answers, why_refused
from coop.frame.rate import RateLimit
from coop.frame.readtime import Read, ReadTimes
from coop.frame.source import Stop

_DECODING_THREADS = 2
"""Each further one holds back one more frame, and memory for it."""

_DIAGNOSIS_S = 5.0
"""How long to ask a camera that could not be opened why."""

_opening = threading.Lock()
"""OpenCV opens one FFmpeg stream at a time in a process. Waiting here instead can be interrupted."""


class StreamSource:
    """A live stream: ``rtsp://`` over TCP, ``http://`` (MJPEG or what else FFmpeg reads), or ``/dev/video0``.

    A frame's time is when it arrived. A stream that breaks, ends or stalls raises SourceError; open it anew.
    A camera that changes its picture size ends its RTSP stream, and the next opening has the new size; where
    it changes within an MJPEG stream, OpenCV scales the pictures to the first size until the next opening.
    """

    live = True

    def __init__(
        self,
        url: str,
        camera: str,
        *,
        clock: Callable[[], datetime],
        timeout_s: float = 10.0,
        fps: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._camera = camera
        self._clock = clock
        self._timeout_s = timeout_s
        self._fps = fps
        self._monotonic = monotonic

    def frames(self, stop: Stop) -> Iterator[Frame]:
        with self._opened(stop) as capture:
            if capture is None:
                return
            rate = RateLimit(self._fps)
            number = 0
            for _ in self._arrivals(capture, stop):
                if not rate.due(self._monotonic()):
                    continue
                arrived = self._clock()
                yield Frame(camera=self._camera, time=arrived, image=self._picture(capture), number=number)
                number += 1

    def _arrivals(self, capture: cv2.VideoCapture, stop: Stop) -> Iterator[None]:
        """One turn for each frame that has just arrived and is decoded, but not yet converted."""
        times = ReadTimes(self._timeout_s)
        while not stop.is_set():
            began = self._monotonic()
            there = capture.grab()
            took = self._monotonic() - began
            read = times.judge(took)
            if read is Read.STALLED:
                raise self._broken(f"no new picture for {took:.0f} s")
            if not there:
                raise self._broken("the stream has ended or is broken")
            if read is Read.FRESH:
                yield

    def _picture(self, capture: cv2.VideoCapture) -> Picture:
        there, image = capture.retrieve()
        if not there or image is None:
            raise self._broken("a picture could not be decoded")
        return image.astype(np.uint8, copy=False)

    def _broken(self, problem: str) -> SourceError:
        return SourceError(
            redact_url(self._url),
            problem,
            "It is opened again by itself; check the camera's power and network",
        )

    @contextmanager
    def _opened(self, stop: Stop) -> Iterator[cv2.VideoCapture | None]:
        """The open capture, released in the end; None when told to stop first."""
        _quieten_drivers()
        capture = self._open_device() if self._url.startswith("/dev/") else self._open_stream(stop)
        try:
            yield capture
        finally:
            if capture is not None:
                capture.release()

    def _open_stream(self, stop: Stop) -> cv2.VideoCapture | None:
        # Outside the lock: a camera that says nothing must not hold up the others.
        check_answers(self._url, self._timeout_s)
        milliseconds = round(self._timeout_s * 1000)
        parameters = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds),
            *(cv2.CAP_PROP_N_THREADS, _DECODING_THREADS),
        ]
        if not _has_turn(stop):
            return None
        try:
            capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, parameters)
        finally:
            _opening.release()
        if not capture.isOpened():
            capture.release()
            raise why_refused(self._url, min(self._timeout_s, _DIAGNOSIS_S))
        return capture

    def _open_device(self) -> cv2.VideoCapture:
        if not Path(self._url).exists():
            raise SourceError(
                self._url,
                "there is no such device",
                "Plug the camera in; `ls /dev/v4l/by-id/` shows the ones there are, by names that stay",
            )
        capture = cv2.VideoCapture(self._url, cv2.CAP_V4L2, [cv2.CAP_PROP_BUFFERSIZE, 1])
        if not capture.isOpened():
            capture.release()
            raise SourceError(
                self._url,
                "the device cannot be opened as a camera",
                "Check that no other program uses it and that this user is in the group `video`",
            )
        return capture


def _has_turn(stop: Stop) -> bool:
    """Wait for the turn to open a stream; False when told to stop first."""
    while not stop.is_set():
        if _opening.acquire(timeout=0.2):
            return True
    return False


def _quieten_drivers() -> None:
    """Keep FFmpeg and OpenCV from writing to the standard error: noise, and URLs with passwords in it.

    Setting OPENCV_FFMPEG_LOGLEVEL or OPENCV_LOG_LEVEL in the environment brings it back. FFmpeg's is read at
    the first opening in the process.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
