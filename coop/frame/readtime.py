"""What the time that a read took tells of the picture it gave."""

from __future__ import annotations

from enum import Enum, auto


class Read(Enum):
    FRESH = auto()
    STALE = auto()
    """The picture waited somewhere on its way, and is older than it seems."""
    STALLED = auto()
    """Nothing came for the whole time-out. OpenCV may say otherwise: it hands out what its decoder still held
    as new pictures, and a stream that stalled never recovers."""


class ReadTimes:
    """Judges the reads of one opened live stream, each by how long it took."""

    _SLOW_SHARE = 0.5
    _STALLED_SHARE = 0.9

    def __init__(self, timeout_s: float) -> None:
        self._slow_s = timeout_s * self._SLOW_SHARE
        self._stalled_s = timeout_s * self._STALLED_SHARE
        self._was_slow = True  # the first read may have to wait for a key frame

    def judge(self, took_s: float) -> Read:
        """The meaning of the next read, which took ``took_s`` seconds."""
        if took_s > self._stalled_s:
            return Read.STALLED
        was_slow, self._was_slow = self._was_slow, took_s > self._slow_s
        if self._was_slow and not was_slow:  # where all reads are slow, that is the camera's pace
            return Read.STALE
        return Read.FRESH
