"""Processor time that one kind of work may take, so that there is some left for the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AT_ONCE_S = 1.0
"""What was not used is kept for so long."""


class SpareTime:
    """``share`` seconds of processor time a second, for all the cameras of one box together.

    Whoever asks while none is left does without; what has begun is always finished, and paid for later. Only
    the thread that calls is counted; ``threads``: so many work while it does, itself among them.
    """

    def __init__(
        self,
        share: float,
        *,
        threads: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.thread_time,
    ) -> None:
        if not share > 0:
            raise ValueError(f"The share must be more than 0. Received: {share}")
        self._share = share
        self._threads = threads
        self._monotonic = monotonic
        self._processor = processor
        self._lock = threading.Lock()
        self._left = share * AT_ONCE_S
        self._since = monotonic()

    def is_left(self) -> bool:
        """Whether work may begin now."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._left + (now - self._since) * self._share, self._share * AT_ONCE_S)
            self._since = now
            return self._left > 0

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count what the calling thread does meanwhile."""
        began = self._processor()
        try:
            yield
        finally:
            with self._lock:
                self._left -= self._threads * (self._processor() - began)
