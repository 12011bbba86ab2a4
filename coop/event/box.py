"""The box itself: a full disk, heat, a clock that is wrong. Each told once, and its end too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coop.domain.event import Event, WatchTroubled, WatchWell

NOWHERE = ""
GIB = 2**30
BEHIND = timedelta(hours=1)
"""A clock that stands so far before the newest event of the record is wrong."""
COOLER_BY = 5.0
"""Degrees below the limit at which a hot box is well again."""
ROOMIER_BY = 1.5
"""Times the least room at which a full disk is well again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxState:
    """How the box is; None for what cannot be read. ``newest``: when the newest event of the record was."""

    free_bytes: int | None = None
    hottest_c: float | None = None
    newest: datetime | None = None


@dataclass
class BoxRule:
    """Follows the box. ``told`` are the faults that were told and are not over, restored after a restart."""

    least_free: float
    hot_c: float
    told: set[str] = field(default_factory=set)

    def restore(self, events: Iterable[Event]) -> None:
        """Go on with what was told before, oldest first."""
        for event in events:
            if isinstance(event, WatchTroubled):
                self.told.add(event.fault)
            elif isinstance(event, WatchWell):
                self.told.discard(event.fault)

    def update(self, state: BoxState, now: datetime) -> tuple[Event, ...]:
        """The events that the box's state makes at ``now``."""
        events: list[Event] = []
        for fault, (bad, reason) in self._faults(state, now).items():
            if bad and fault not in self.told:
                self.told.add(fault)
                events.append(
                    WatchTroubled(
                        time=now, camera=NOWHERE, place=NOWHERE, subject=fault, fault=fault, reason=reason
                    )
                )
            elif not bad and fault in self.told:
                self.told.discard(fault)
                events.append(WatchWell(time=now, camera=NOWHERE, place=NOWHERE, subject=fault, fault=fault))
        return tuple(events)

    def _faults(self, state: BoxState, now: datetime) -> dict[str, tuple[bool, str]]:
        """Whether each fault that can be judged is there, and what to say of it."""
        found = {}
        if state.free_bytes is not None:
            limit = self.least_free * (ROOMIER_BY if "disk" in self.told else 1.0)
            free = state.free_bytes / GIB
            words = f"The disk is nearly full: {free:.1f} GiB are left, and old pictures may not go"
            found["disk"] = state.free_bytes < limit, words
        if state.hottest_c is not None:
            limit = self.hot_c - (COOLER_BY if "heat" in self.told else 0.0)
            words = f"The box is hot: {state.hottest_c:.0f} °C. Give it air or shade"
            found["heat"] = state.hottest_c >= limit, words
        if state.newest is not None:
            words = f"The clock is wrong: the record goes to {state.newest:%Y-%m-%d %H:%M} UTC already"
            found["clock"] = state.newest - now > BEHIND, words
        return found
