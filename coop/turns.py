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
        self._mine = threading.local()  # ``places``: how many this thread has

    @contextmanager
    def turn(self, *, first: bool = False, within_s: float | None = None) -> Iterator[bool]:
        """Wait for a turn, and give it back in the end. ``first``: before all who wait.

        ``within_s``: who has waited for so long gives up; then it is False, and there is no turn.
        """
        has_place = self._wait(self._patience_s if within_s is None else within_s, first=first)
        if not has_place and within_s is not None:
            yield False
            return
        self._take(has_place)
        try:
            yield True
        finally:
            self._give_back()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let others work while the one whose turn it is waits for something that needs no processor.

        Its next turn comes before those of all who wait: what it has begun is older than what they will.
        Nothing happens where the thread has no turn.
        """
        if not getattr(self._mine, "places", ()):
            yield
            return
        self._give_back()
        try:
            yield
        finally:
            self._take(self._wait(self._patience_s, first=True))

    def _take(self, has_place: bool) -> None:
        self._mine.places = (*getattr(self._mine, "places", ()), has_place)

    def _wait(self, patience_s: float, *, first: bool) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            called = threading.Event()
            if first:
                self._waiting.appendleft(called)
            else:
                self._waiting.append(called)
        if called.wait(patience_s):
            return True
        with self._lock:
            if called in self._waiting:
                self._waiting.remove(called)
                return False
        return True  # it was called in this very moment

    def _give_back(self) -> None:
        *self._mine.places, has_place = self._mine.places
        if not has_place:
            return
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
