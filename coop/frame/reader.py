"""The thread that reads one opening of one source."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from coop.errors import SourceError
from coop.frame.source import Arrival, Gives

T = TypeVar("T", bound=Arrival)


class Reader(Generic[T]):
    """Opens a source once and hands its frames on, in a daemon thread, until its end, its failure or `stop`.

    A driver may hang for ever within a call, and no thread can be ended from outside: a reader that was told
    to stop is simply forgotten, and ends by itself should the driver ever come back. ``receive`` takes each
    frame, and says False when the reader shall end. ``cpu_s`` is the processor time that it has used.
    """

    def __init__(
        self,
        camera: str,
        open_source: Callable[[], Gives[T]],
        receive: Callable[[Reader[T], T], bool],
    ) -> None:
        self.live = True
        self.problem: str | None = None
        self.remedy = ""
        self.cpu_s = 0.0
        self.stop = threading.Event()
        self._camera = camera
        self._open_source = open_source
        self._receive = receive
        self._thread = threading.Thread(target=self._run, name=f"reader {camera}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Wait for its end; whether it came within ``timeout`` seconds."""
        self._thread.join(timeout)
        return not self.running

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        self.problem = "the reader ended unexpectedly; the log says why"
        try:
            source = self._open_source()
            self.live = source.live
            for frame in source.frames(self.stop):
                self.cpu_s = time.thread_time()
                if self.stop.is_set() or not self._receive(self, frame):
                    break
        except SourceError as error:
            self.problem, self.remedy = error.problem, error.remedy
        else:
            self.problem = None
