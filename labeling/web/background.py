"""Work beside the page, which it gives way to: new pictures of the watch, suggestions, tidying."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence

from coop.errors import CoopError

log = logging.getLogger(__name__)

Job = Callable[[threading.Event], bool]
"""A piece of work of some seconds at most. Returns whether there is more to do at once."""
_FIRST_S = 3.0
"""Whoever starts the page opens it at once: it comes first."""
_PAUSE_S = 10.0
_NICE = 10


class Background:
    """One thread that goes through its jobs again and again, at low priority."""

    def __init__(self, jobs: Sequence[Job], *, first_s: float = _FIRST_S, pause_s: float = _PAUSE_S) -> None:
        self._jobs = tuple(jobs)
        self._first_s = first_s
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labelling-background", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait for the piece of work at hand."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # on Linux: of this thread alone
        self._stop.wait(self._first_s)
        while not self._stop.is_set():
            more = [self._done(job) for job in self._jobs if not self._stop.is_set()]
            self._stop.wait(0.05 if any(more) else self._pause_s)

    def _done(self, job: Job) -> bool:
        try:
            return job(self._stop)
        except (CoopError, OSError) as error:
            log.warning("Beside the labelling page: %s", error)
            return False
