"""How many processors this process may use, and how much of them it does."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 10.0
"""The share is that of the last so many seconds: shorter, and it jumps with every picture."""


def processors() -> int:
    """As many as this process may run on, which a container or a service may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Load:
    """Processor time over time, counted from one look to the next.

    ``monotonic`` and ``used`` count seconds: those that passed, and those that all threads worked.
    """

    def __init__(self, monotonic: Callable[[], float], used: Callable[[], float] = time.process_time) -> None:
        self._monotonic = monotonic
        self._used = used
        self._looks = deque([(monotonic(), used())])

    def share(self) -> float | None:
        """The share of one core since the look about `WINDOW_S` ago: 1.5 is one core and a half.

        None while no time has passed.
        """
        now = self._monotonic(), self._used()
        self._looks.append(now)
        while len(self._looks) > 2 and now[0] - self._looks[1][0] >= WINDOW_S:
            self._looks.popleft()
        passed = now[0] - self._looks[0][0]
        return (now[1] - self._looks[0][1]) / passed if passed > 0 else None
