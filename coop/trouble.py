"""Something that does not work for a while, told so that nobody overlooks it and nobody drowns in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import IntEnum

from coop.errors import is_disk_full

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


class Weight(IntEnum):
    """What a full disk costs the one that meets it: time, or findings that have to wait."""

    DELAY = 1
    FINDINGS = 2


class FullDisk:
    """What all parts of a program know together of a full disk, so that it is not told by each of them.

    Whoever meets it first tells it, and once more the first recorder whose findings must wait, which may tell
    it again; all others are silent until findings are recorded again. Thread-safe.
    """

    def __init__(self) -> None:
        self._told = 0
        self._teller: object = None
        self._changing = threading.Lock()

    def is_news(
        self, error: BaseException, weight: Weight = Weight.DELAY, teller: object | None = None
    ) -> bool:
        """Whether an error is to be told: of another kind, or more than was told of the full disk."""
        if not is_disk_full(error):
            return True
        with self._changing:
            news = weight > self._told
            if news:
                self._told, self._teller = weight, teller
            return news or (teller is not None and teller is self._teller)

    def over(self) -> None:
        """There is room again."""
        with self._changing:
            self._told, self._teller = 0, None
