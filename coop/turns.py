"""Who may work now, where more want to than there are processors."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Lets ``places`` threads work at once; of those that wait, the one that has waited longest is next.

    With sixteen cameras at work at once each frame would take sixteen times as long, and be that much older
    in the end. One after the other takes as long in all, and each takes the newest frame when it is its turn.
    Whoever has waited for ``patience_s`` goes ahead without a place: one who never gives his back must not
    stop the others.
    """

    def __init__(self, places: int, *, patience_s: float = 2.0) -> None:
        if places < 1:
            raise ValueError(f"There must be at least one place. Received: {places}")
        self._free = places
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def is_free(self) -> bool:
        """Whether a turn would come at once."""
        return self._free > 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and give it back in the end."""
        has_place = self._wait()
        try:
            yield
        finally:
            if has_place:
                self._give_back()

    def _wait(self) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            called = threading.Event()
            self._waiting.append(called)
        if called.wait(self._patience_s):
            return True
        with self._lock:
            if called in self._waiting:
                self._waiting.remove(called)
                return False
        return True  # it was called in this very moment

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
