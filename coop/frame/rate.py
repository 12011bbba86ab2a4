"""How many frames a second are worth looking at."""

from __future__ import annotations


class RateLimit:
    """Lets frames through evenly, at most ``fps`` a second on average; None lets all through.

    Of the frames around the moment when the next is due it takes the one that seems nearest, so that a camera
    whose pictures arrive unevenly still gives as many as were asked for.
    """

    def __init__(self, fps: float | None) -> None:
        if fps is not None and not fps > 0:
            raise ValueError(f"Frames a second must be more than 0. Received: {fps}")
        self._period = 0.0 if fps is None else 1.0 / fps
        self._next: float | None = None
        self._last = 0.0

    def due(self, seconds: float, *, cheap: bool = False) -> bool:
        """Whether the frame at ``seconds`` (never going back) is to be looked at.

        A frame that is ``cheap`` to decode is taken up to half a period early; the average stays.
        """
        gap, self._last = seconds - self._last, seconds
        if not self._period or self._next is None:
            self._next = seconds + self._period
            return True
        early = self._period / 2 if cheap else min(gap, self._period) / 2
        if seconds + early < self._next - 1e-6:
            return False
        on_schedule = self._next + self._period
        self._next = on_schedule if on_schedule > seconds else seconds + self._period
        return True
