"""How long to wait before trying again."""

from __future__ import annotations


class Backoff:
    """Waits that double from ``first`` to ``longest`` seconds, without end."""

    def __init__(self, first: float, longest: float) -> None:
        if not 0 < first <= longest:
            raise ValueError(f"Waits must grow from above 0. Received: first={first}, longest={longest}")
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        """Seconds to wait this time."""
        wait, self._next = self._next, min(2 * self._next, self._longest)
        return wait

    def reset(self) -> None:
        """It worked: the next wait is the first one again."""
        self._next = self._first
