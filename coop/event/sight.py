"""When a camera's picture is of no use, and when it is again: each told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coop.domain.event import Event, PictureBad, PictureGood

USUALLY = timedelta(minutes=1)
LATER: Mapping[str, timedelta] = {"blurred": timedelta(minutes=10), "moved": timedelta(minutes=5)}
"""A hen before the lens blurs and hides everything too, but not for so long."""
WELL = timedelta(minutes=1)
LEAST_LOOKS = 2
LASTS = timedelta(minutes=30)
"""A fault within so long of another's end is told once more when it lasts as long: it was without a sound."""


@dataclass
class SightRule:
    """Follows one camera's picture. ``told``: the fault that was told and is not over, and when."""

    camera: str
    told: tuple[str, datetime] | None = None
    _fault: str = field(default="", init=False)
    _since: datetime | None = field(default=None, init=False)
    _looks: int = field(default=0, init=False)
    _mended: datetime | None = field(default=None, init=False)

    def restore(self, events: Iterable[Event]) -> None:
        """Go on after a restart with what was told before, oldest first."""
        for event in events:
            if isinstance(event, PictureGood):
                self.told, self._mended = None, event.time
            elif isinstance(event, PictureBad) and self.told is not None:
                self._mended = None  # it was told once more already
            elif isinstance(event, PictureBad):
                self._bad_at(event.fault, event.time)

    def update(self, fault: str, now: datetime) -> Event | None:
        """The event that a look at ``now`` makes, if any; ``fault`` is "" where all is well."""
        if fault != self._fault or self._since is None or now < self._since:
            self._fault, self._since, self._looks = fault, now, 0
        self._looks += 1
        lasted = now - self._since
        if not fault:
            return self._good(now) if self.told is not None and lasted >= WELL else None
        if self.told is not None:
            return self._bad_again(now)
        if self._looks < LEAST_LOOKS or lasted < LATER.get(fault, USUALLY):
            return None
        self._bad_at(fault, now)
        return self._bad(fault, now)

    def _bad_at(self, fault: str, now: datetime) -> None:
        self.told = fault, now
        if self._mended is not None and not timedelta() <= now - self._mended < LASTS:
            self._mended = None

    def _bad(self, fault: str, now: datetime) -> PictureBad:
        return PictureBad(time=now, camera=self.camera, place=self.camera, subject=self.camera, fault=fault)

    def _bad_again(self, now: datetime) -> PictureBad | None:
        if self._mended is None or self.told is None or now - self.told[1] < LASTS:
            return None
        self._mended = None
        return self._bad(self.told[0], now)

    def _good(self, now: datetime) -> Event | None:
        if self.told is None:
            return None
        (fault, since), self.told = self.told, None
        self._mended = now
        return PictureGood(
            time=now,
            camera=self.camera,
            place=self.camera,
            subject=self.camera,
            fault=fault,
            away=max(now - since, timedelta()),
        )
