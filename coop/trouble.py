"""Something that does not work for a while, told so that nobody overlooks it and nobody drowns in it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

AGAIN_S = 600.0
"""What still does not work is told again after so many seconds."""


class Trouble:
    """What fails again and again, perhaps each second: told at once, then now and then, and when it is over.

    Two problems that take turns are each told now and then. One thread at a time.
    """

    def __init__(self, log: logging.Logger, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._monotonic = monotonic
        self._told: dict[str, float] = {}

    def tell(self, problem: str, more: str = "") -> None:
        """Log ``problem`` as an error unless that was done lately; ``more`` may differ each time."""
        now = self._monotonic()
        if now - self._told.get(problem, -AGAIN_S) < AGAIN_S:
            return
        self._told[problem] = now
        self._log.error("%s%s", problem, more)

    def over(self, relief: str) -> None:
        """It works: log ``relief`` if trouble was told since it last did."""
        if self._told:
            self._told.clear()
            self._log.info("%s", relief)
