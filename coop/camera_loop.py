"""One camera's loop: the newest frame, through the pipeline, until told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from coop.domain.frame import Frame
from coop.pipeline import Pipeline
from coop.turns import Turns

log = logging.getLogger(__name__)

IDLE_S = 1.0
"""How long to wait for a frame before letting time pass without one."""

RECENT_S = 5.0
"""What is told of the frames looked at is that of so many seconds."""


class Slot(Protocol):
    """Where the reader leaves frames: `wait` for one to be there, and `take` the newest if there is one."""

    def wait(self, timeout: float) -> bool: ...

    def take(self, timeout: float) -> Frame | None: ...


class CameraLoop(threading.Thread):
    """Runs the pipeline of one camera in a thread of its own.

    ``live``: time passes on ``clock`` while no frame comes; for a recording it passes only with its
    frames, and ``has_ended`` says when there will be no more. ``turns`` are shared by the cameras of one box,
    so that no more frames are looked at at once than there are processors. ``beat`` is the monotonic moment
    of the last turn of the loop, for the watchdog; ``cpu_s`` the processor time that its thread has used.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        slot: Slot,
        *,
        live: bool,
        has_ended: Callable[[], bool],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        turns: Turns,
    ) -> None:
        super().__init__(name=f"camera {pipeline.camera}", daemon=True)
        self.pipeline = pipeline
        self.finished = False
        self._waits = True
        self.latest: Frame | None = None
        self._slot = slot
        self._live = live
        self._has_ended = has_ended
        self._clock = clock
        self._monotonic = monotonic
        self._turns = turns
        self._stop_asked = threading.Event()
        self._done: deque[tuple[float, float]] = deque()
        self.cpu_s = 0.0
        self.beat = monotonic()

    def ask_to_stop(self) -> None:
        self._stop_asked.set()

    def run(self) -> None:
        while not self._stop_asked.is_set() and not self.finished:
            try:
                self._turn()
            except Exception:
                log.exception("Camera %s: a frame could not be handled; going on", self.pipeline.camera)
                self._stop_asked.wait(IDLE_S)
            self.cpu_s = time.thread_time()
            self.beat = self._monotonic()
        if self.finished:
            return
        if self._live and self.latest is not None:
            self.pipeline.pause(self.latest.time)
        else:
            self.pipeline.drop()

    def has_time(self) -> bool:
        """Whether a frame that came now would be looked at next."""
        return self._waits

    def analysed(self) -> tuple[float, float | None]:
        """Frames looked at a second of late, and how old the oldest of them was in the end."""
        now = self._monotonic()
        recent = [done for done in tuple(self._done) if now - done[0] <= RECENT_S]
        oldest = max((age for _, age in recent), default=None)
        return len(recent) / RECENT_S, oldest if self._live else None

    def _note_done(self, taken: datetime) -> None:
        now = self._monotonic()
        age = (self._clock() - taken).total_seconds() if self._live else 0.0
        self._done.append((now, age))
        while now - self._done[0][0] > RECENT_S:
            self._done.popleft()

    def _look(self, frame: Frame | None) -> None:
        if frame is not None:
            self.latest = frame
            self.pipeline.step(frame)
            self._note_done(frame.time)

    def _turn(self) -> None:
        if self._slot.wait(IDLE_S):
            self._waits = False
            try:
                with self._turns.turn(first=True):  # it has been decoded: nothing is older
                    self._look(self._slot.take(0))  # the newest by now
            finally:
                self._waits = True
        elif self._live:
            self.pipeline.tick(self._clock())
        elif self._has_ended():
            self.finished = True
            if self.latest is not None:
                self.pipeline.finish(self.latest.time)
