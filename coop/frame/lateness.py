"""How old a coded picture is when it arrives."""

from __future__ import annotations

WAITED_S = 0.02
"""A read that took so long had to wait for its picture. (One that need not may take some milliseconds, where
many threads want the processor.)"""

_FIRST_WAITED_S = 0.005

_WINDOW_S = 30.0
"""The clock of a camera that runs too fast or too slow is followed within two of these."""


class Lateness:
    """Judges each picture of one opened stream by the time that it carries and by how long it was waited for.

    The picture that was on its way for the shortest time counts as not late at all. Only a picture that had
    been waiting to be read can be late: then the network was slow, or we were. (Some cameras count their
    time wrongly. One whose pictures are waited for is at its newest, whatever it says.) Until one was waited
    for, nothing is known: what a camera or FFmpeg had kept comes in a heap at the beginning.
    """

    def __init__(self) -> None:
        self._least: list[float] = []
        self._window_began = 0.0
        self._last: float | None = None
        self._settled = False

    def judge(self, carried_s: float | None, now: float, took_s: float) -> float | None:
        """How late the picture is that came at ``now`` after a wait of ``took_s``; None: not known yet.

        ``carried_s`` is the time in seconds that it carries, if that is any good.
        """
        self._settled = self._settled or took_s >= _FIRST_WAITED_S
        late = self._behind(carried_s, now) if carried_s is not None else 0.0
        if took_s >= WAITED_S:
            return 0.0
        return late if self._settled else None

    def _behind(self, carried_s: float, now: float) -> float:
        offset = now - carried_s
        if self._last is not None and carried_s < self._last - 1.0:
            self._least.clear()  # the camera's clock was set back
        self._last = carried_s
        if not self._least or now - self._window_began > _WINDOW_S:
            self._least = [offset, *self._least[:1]]
            self._window_began = now
        self._least[0] = min(self._least[0], offset)
        return offset - min(self._least)
