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
from coop.errors import StoreCorrupt, StoreUnavailable
from coop.trouble import FullDisk, Trouble, Weight

log = logging.getLogger(__name__)

MOST_WAITING = 2_000
"""Findings kept in memory while the store cannot write: some hours of a busy coop."""

MOST_WAITING_WITH_PICTURES = 300
"""Beyond this the older ones lose their pictures, so that a full disk does not fill the memory too."""


class Records(Protocol):
    def record(self, findings: Findings, now: datetime) -> bool: ...


Compose = Callable[[Findings], Sequence[Notification]]
"""The messages that findings are worth."""


def for_each_event(compose: Callable[[RecordedEvent], Sequence[Notification]]) -> Compose:
    """Messages of one event at a time, whatever else was found."""
    return lambda findings: tuple(note for event in findings.events for note in compose(event))


class Recorder:
    """Records the findings of one camera, with the messages its events are worth.

    While the store cannot be used (disk full, read-only, locked, damaged) findings wait in memory, in order,
    and `retry` records them; the store ignores what it already has. Thread-safe: the camera's loop and its
    watcher both record, and while one of them waits for the store the other does not.
    """

    def __init__(self, store: Records, compose: Compose, full: FullDisk | None = None) -> None:
        self._store = store
        self._compose = compose
        self._waiting: deque[tuple[Findings, datetime]] = deque()
        self._changing = threading.Lock()
        self._recording = threading.Lock()
        self._trouble = Trouble(log)
        self._overflow = Trouble(log)
        self._full = full or FullDisk()

    @property
    def waiting(self) -> int:
        """How many findings could not be recorded yet."""
        return len(self._waiting)

    def __call__(self, findings: Findings, now: datetime) -> None:
        """Record ``findings`` found at ``now``; they wait for `retry` where others wait already."""
        with self._changing:
            behind_others = bool(self._waiting)
            self._waiting.append((findings, now))
            self._keep_within_bounds()
        if not behind_others:
            self.retry()

    def retry(self) -> None:
        """Record what waits. An error that is no fault of the store costs the findings that raise it."""
        with self._recording:
            while self._waiting:
                findings, moment = self._waiting[0]
                try:
                    self._store.record(self._with_messages(findings), moment)
                except (StoreUnavailable, StoreCorrupt) as error:
                    if self._full.is_news(error, Weight.FINDINGS, teller=self):
                        waiting = f" ({len(self._waiting)} findings wait in memory)"
                        self._trouble.tell(f"Not recorded yet: {error}", waiting)
                    return
                except BaseException:
                    self._drop_first()  # it would fail for ever, and hold up all that comes after it
                    raise
                self._drop_first()
                self._full.over()
            self._trouble.over("Recording again: nothing waits any more")

    def _with_messages(self, findings: Findings) -> Findings:
        """Composed as late as this, since who is told stands in the store too."""
        return replace(findings, notifications=tuple(self._compose(findings)))

    def _drop_first(self) -> None:
        with self._changing:
            self._waiting.popleft()

    def _keep_within_bounds(self) -> None:
        """The oldest beyond the bounds lose their pictures, then go; not the first: it may be under way."""
        if len(self._waiting) > MOST_WAITING:
            self._overflow.tell(f"More than {MOST_WAITING} findings wait to be recorded: the oldest are lost")
            behind = range(1, len(self._waiting))
            # Sightings make up most of what waits; a fox must not go for them.
            small = (i for i in behind if not (self._waiting[i][0].events or self._waiting[i][0].clips))
            del self._waiting[next(small, 1)]
        index = len(self._waiting) - MOST_WAITING_WITH_PICTURES - 1
        if index >= 0 and self._waiting[index][0].pictures:
            findings, moment = self._waiting[index]
            self._waiting[index] = (_without_pictures(findings), moment)


def _without_pictures(findings: Findings) -> Findings:
    events = tuple(replace(event, picture=None) for event in findings.events)
    readings = tuple(replace(reading, picture=None) for reading in findings.readings)
    return replace(findings, pictures=(), events=events, readings=readings)
