"""From findings to the store: messages composed, all in one transaction, nothing dropped on a bad day."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from coop.domain.findings import Findings, RecordedEvent
from coop.domain.notification import Notification
from coop.errors import StoreUnavailable

log = logging.getLogger(__name__)

MOST_WAITING = 2_000
"""Findings kept in memory while the store cannot write: some hours of a busy coop."""

MOST_WAITING_WITH_PICTURES = 100
"""Beyond this the older ones lose their pictures, so that a full disk does not fill the memory too."""


class Records(Protocol):
    def record(self, findings: Findings, now: datetime) -> bool: ...


Compose = Callable[[RecordedEvent], Sequence[Notification]]


class Recorder:
    """Records the findings of one camera, with the messages its events are worth.

    While the store is unavailable (disk full, read-only, locked) findings wait in memory, in order, and
    are recorded with the next ones; the store ignores what it already has. Thread-safe: the camera's loop
    and its watcher both record.
    """

    def __init__(self, store: Records, compose: Compose) -> None:
        self._store = store
        self._compose = compose
        self._waiting: deque[tuple[Findings, datetime]] = deque(maxlen=MOST_WAITING)
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many findings could not be recorded yet."""
        return len(self._waiting)

    def __call__(self, findings: Findings, now: datetime) -> None:
        """Record ``findings`` found at ``now``, after all that still waits."""
        notifications = tuple(n for event in findings.events for n in self._compose(event))
        with self._lock:
            self._waiting.append((replace(findings, notifications=notifications), now))
            self._flush()

    def retry(self) -> None:
        """Try again to record what waits."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        while self._waiting:
            findings, moment = self._waiting[0]
            try:
                self._store.record(findings, moment)
            except StoreUnavailable as error:
                log.error("Not recorded yet, %d waiting: %s", len(self._waiting), error)
                self._lighten()
                return
            self._waiting.popleft()

    def _lighten(self) -> None:
        surplus = len(self._waiting) - MOST_WAITING_WITH_PICTURES
        for index in range(max(surplus, 0)):
            findings, moment = self._waiting[index]
            if findings.pictures:
                self._waiting[index] = (_without_pictures(findings), moment)


def _without_pictures(findings: Findings) -> Findings:
    return replace(
        findings,
        pictures=(),
        events=tuple(replace(event, picture=None) for event in findings.events),
        notifications=tuple(replace(n, picture=None) for n in findings.notifications),
    )
