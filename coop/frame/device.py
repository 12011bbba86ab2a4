"""A camera at this machine: /dev/video0, through V4L2 by OpenCV."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from coop.domain.frame import Frame, Picture
from coop.errors import SourceError
from coop.frame.rate import RateLimit
from coop.frame.readtime import Read, ReadTimes
from coop.frame.source import Stop


class DeviceSource:
    """A USB or other camera of this machine. A frame's time is when it arrived.

    One that breaks, ends or stalls raises SourceError; open it anew.
    """

    live = True

    def __init__(
        self,
        path: str,
        camera: str,
        *,
        clock: Callable[[], datetime],
        timeout_s: float = 5.0,
        fps: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._camera = camera
        self._clock = clock
        self._timeout_s = timeout_s
        self._fps = fps
        self._monotonic = monotonic

    def frames(self, stop: Stop) -> Iterator[Frame]:
        with self._opened() as capture:
            rate = RateLimit(self._fps)
            for number in self._arrivals(capture, stop):
                if rate.due(self._monotonic()):
                    arrived = self._clock()
                    yield Frame(
                        camera=self._camera, time=arrived, image=self._picture(capture), number=number
                    )

    def _arrivals(self, capture: cv2.VideoCapture, stop: Stop) -> Iterator[int]:
        """The number of each frame that has just arrived, and is not yet converted."""
        times = ReadTimes(self._timeout_s)
        number = 0
        while not stop.is_set():
            began = self._monotonic()
            there = capture.grab()
            took = self._monotonic() - began
            read = times.judge(took)
            if read is Read.STALLED:
                raise self._broken(f"no new picture for {took:.0f} s")
            if not there:
                raise self._broken("the camera gives no more pictures")
            if read is Read.FRESH:
                yield number
            number += 1

    def _picture(self, capture: cv2.VideoCapture) -> Picture:
        there, image = capture.retrieve()
        if not there or image is None:
            raise self._broken("a picture could not be decoded")
        return image.astype(np.uint8, copy=False)

    def _broken(self, problem: str) -> SourceError:
        return SourceError(self._path, problem, "It is opened again by itself; check the camera's cable")

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        """The open capture, released in the end."""
        if "OPENCV_LOG_LEVEL" not in os.environ:  # its warnings are noise: what matters is in our errors
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        if not Path(self._path).exists():
            raise SourceError(
                self._path,
                "there is no such device",
                "Plug the camera in; `ls /dev/v4l/by-id/` shows the ones there are, by names that stay",
            )
        capture = cv2.VideoCapture(self._path, cv2.CAP_V4L2, [cv2.CAP_PROP_BUFFERSIZE, 1])
        try:
            if not capture.isOpened():
                raise SourceError(
                    self._path,
                    "the device cannot be opened as a camera",
                    "Check that no other program uses it and that this user is in the group `video`",
                )
            yield capture
        finally:
            capture.release()
