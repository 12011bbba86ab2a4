"""The hand-over of the newest frame from the thread that reads to the one that looks."""

from __future__ import annotations

import threading
from datetime import datetime

from coop.domain.frame import Frame


class LatestFrame:
    """A slot for one frame between two threads.

    A live camera uses `put`: a newer frame takes the place of one not yet taken. A recording uses `offer`,
    which waits, so that no frame is lost. After `close` nothing goes in, and what is there can be taken.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._newest: datetime | None = None
        self._dropped = 0
        self._closed = False

    def put(self, frame: Frame) -> bool:
        """Leave a frame, in place of an older one that nobody took; False once closed."""
        with self._changed:
            if self._closed:
                return False
            self._dropped += self._frame is not None
            self._leave(frame)
            return True

    def offer(self, frame: Frame, timeout: float) -> bool:
        """Leave a frame as soon as the slot is empty; False if it was not within ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is None or self._closed, timeout)
            if self._frame is not None or self._closed:
                return False
            self._leave(frame)
            return True

    def wait(self, timeout: float) -> bool:
        """Whether a frame is there to be taken, or comes within ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout)
            return self._frame is not None

    def take(self, timeout: float) -> Frame | None:
        """The newest frame, each at most once; None if none came within ``timeout`` seconds, or ever will."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """No more frames: wakes whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether it is closed and its last frame was taken."""
        with self._changed:
            return self._closed and self._frame is None

    @property
    def dropped(self) -> int:
        """How many frames were replaced before anybody took them."""
        with self._changed:
            return self._dropped

    @property
    def newest_time(self) -> datetime | None:
        """The time of the newest frame that was ever left here."""
        with self._changed:
            return self._newest

    def _leave(self, frame: Frame) -> None:
        self._frame = frame
        self._newest = frame.time
        self._changed.notify_all()
