"""A recording played as fast as it was taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from coop.domain.frame import Frame
from coop.frame.source import Source, Stop


class PacedSource:
    """Holds each frame back until as much time has passed as in the recording; frame times stay its own."""

    live = False

    def __init__(self, source: Source, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._monotonic = monotonic

    def frames(self, stop: Stop) -> Iterator[Frame]:
        began: float | None = None
        for frame in self._source.frames(stop):
            if began is None:
                began, first = self._monotonic(), frame.time
            wait = began + (frame.time - first).total_seconds() - self._monotonic()
            if wait > 0 and stop.wait(wait):
                return
            yield frame
