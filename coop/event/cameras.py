"""When a camera is lost, and when it is back: each told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from coop.domain.event import CameraBack, CameraLost, Event
from coop.domain.health import CameraState, CameraStatus

LASTS = timedelta(minutes=30)
"""A loss within so long of another's end is told once more when it lasts as long."""
LONGEST_STEP = timedelta(minutes=1)
"""Two looks at a camera further apart tell of a clock set forward, or of a sleep, not of silence."""


@dataclass
class CameraRule:
    """Follows one camera. ``lost_after``: how long it may be silent before anyone is told.

    ``lost_since`` is when the loss was told that is not over, or None.
    """

    camera: str
    lost_after: timedelta
    lost_since: datetime | None = None
    _silent_since: datetime | None = None
    _back: datetime | None = None
    _looked: datetime | None = None

    def restore(self, events: Iterable[Event]) -> None:
        """Go on after a restart with what was told before, oldest first."""
        for event in events:
            if isinstance(event, CameraBack):
                self.lost_since, self._back = None, event.time
            elif isinstance(event, CameraLost) and self.lost_since is not None:
                self._back = None  # it was told once more already
            elif isinstance(event, CameraLost):
                self._lost_at(event.time)

    def update(self, status: CameraStatus, now: datetime) -> Event | None:
        """The event that this status makes at ``now``, if any."""
        step, self._looked = now - (self._looked or now), now
        if status.state is CameraState.LIVE:
            return self._live(now)
        if status.state is CameraState.ENDED:
            return None
        if self.lost_since is not None:
            return self._lost_again(status, now)
        # A clock that was set must not make the silence look endless, negative or over-long.
        if self._silent_since is None or not timedelta() <= step <= LONGEST_STEP:
            self._silent_since = now
        if now - self._silent_since < self.lost_after:
            return None
        self._lost_at(now)
        return self._lost(status, now)

    def _lost_at(self, now: datetime) -> None:
        self.lost_since = now
        if self._back is not None and not timedelta() <= now - self._back < LASTS:
            self._back = None

    def _lost(self, status: CameraStatus, now: datetime) -> CameraLost:
        return CameraLost(
            time=now, camera=self.camera, place=self.camera, subject=self.camera, reason=status.problem
        )

    def _lost_again(self, status: CameraStatus, now: datetime) -> CameraLost | None:
        """A loss soon after another is told without a sound, so one that lasts is told once more."""
        if self._back is None or self.lost_since is None or now - self.lost_since < LASTS:
            return None
        self._back = None
        return self._lost(status, now)

    def _live(self, now: datetime) -> Event | None:
        self._silent_since = None
        lost_since, self.lost_since = self.lost_since, None
        if lost_since is None:
            return None
        self._back = now
        away = max(now - lost_since, timedelta())
        return CameraBack(time=now, camera=self.camera, place=self.camera, subject=self.camera, away=away)
