"""The box itself, looked at now and then: room on the disk, heat, and whether its clock can be right."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from coop.domain.event import Event
from coop.domain.findings import Findings, RecordedEvent
from coop.event.box import GIB, BoxRule, BoxState
from coop.settings import Settings

THERMAL = Path("/sys/class/thermal")
SHORT = 0.5
"""Of `retention.min_free_gib`: retention keeps that free, so with half of it left, it no longer can."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class Record(Protocol):
    """The part of the store that is asked."""

    def events(
        self, since: datetime, until: datetime, names: tuple[str, ...] | None = None
    ) -> tuple[RecordedEvent, ...]: ...

    def newest_event(self) -> datetime | None: ...


class BoxWatch:
    """Looks at the box when it is told to. ``hottest`` gives its highest temperature in degrees, or None."""

    def __init__(
        self,
        settings: Settings,
        store: Record,
        record: Callable[[Findings, datetime], None],
        hottest: Callable[[], float | None] | None = None,
    ) -> None:
        self._folder = settings.data_dir
        self._store = store
        self._record = record
        self._hottest = hottest or hottest_c
        least = settings.retention.min_free_gib * GIB * SHORT
        self._rule = BoxRule(least_free=least, hot_c=settings.health.hot_c)
        told = store.events(*_EVER, ("WatchTroubled", "WatchWell"))
        self._rule.restore(found.event for found in told)

    def check(self, now: datetime) -> tuple[Event, ...]:
        """Look at the box, and record what changed."""
        newest = self._store.newest_event()
        state = BoxState(free_bytes=_free_bytes(self._folder), hottest_c=self._hottest(), newest=newest)
        events = self._rule.update(state, now)
        if events:
            self._record(Findings(events=tuple(RecordedEvent(event=event) for event in events)), now)
        return events


def hottest_c(folder: Path = THERMAL) -> float | None:
    """The highest temperature that the kernel tells; None where it tells none."""
    found = []
    for file in folder.glob("thermal_zone*/temp"):
        with suppress(OSError, ValueError):  # a sensor that sleeps gives no number
            found.append(int(file.read_text()) / 1000)
    return max(found, default=None)


def _free_bytes(folder: Path) -> int | None:
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return None
