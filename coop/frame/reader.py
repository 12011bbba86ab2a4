"""The thread that reads one opening of one source."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from coop.domain.frame import Frame
from coop.errors import SourceError
from coop.frame.source import Source


class Receive(Protocol):
    """Takes a frame; False when the reader shall end."""

    def __call__(self, reader: Reader, frame: Frame) -> bool: ...


class Reader:
    """Opens a source once and hands its frames on, in a daemon thread, until its end, its failure or `stop`.

    A driver may hang for ever within a call, and no thread can be ended from outside: a reader that was told
    to stop is simply forgotten, and ends by itself should the driver ever come back.
    """

    def __init__(self, camera: str, open_source: Callable[[], Source], receive: Receive) -> None:
        self.live = True
        self.problem: str | None = None
        self.remedy = ""
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
                if self.stop.is_set() or not self._receive(self, frame):
                    break
        except SourceError as error:
            self.problem, self.remedy = error.problem, error.remedy
        else:
            self.problem = None
