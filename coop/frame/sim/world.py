"""The simulated days one after the other: local hours, eggs that wait overnight, times of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property

from coop.domain.times import as_utc, day_bounds
from coop.frame.sim.flock import Flock
from coop.frame.sim.script import HOUR, TICKS, DayScript, Laid, frame_ticks, write_day

_TICK = timedelta(milliseconds=1000 // TICKS)


@dataclass(frozen=True, kw_only=True)
class World:
    """Some days in the life of a flock, with frames between the local hours ``from_hour`` and ``to_hour``."""

    flock: Flock
    seed: int
    start: date
    days: int
    zone: tzinfo
    from_hour: float = 0.0
    to_hour: float = 24.0
    faults: bool = False
    trouble: bool = False

    @cached_property
    def scripts(self) -> tuple[DayScript, ...]:
        """One script for each day."""
        return tuple(self._script(self.start + timedelta(days=i)) for i in range(self.days))

    @cached_property
    def _eve(self) -> DayScript:
        return self._script(self.start - timedelta(days=1))

    def _script(self, day: date) -> DayScript:
        return write_day(self.seed, self.flock, day, faults=self.faults, trouble=self.trouble)

    def moment(self, script: DayScript, tick: int) -> datetime:
        """The UTC time of a tick of a day."""
        return day_bounds(script.day, self.zone)[0] + tick * _TICK

    def length(self, script: DayScript) -> int:
        """Ticks of a day: 23, 24 or 25 hours."""
        first, last = day_bounds(script.day, self.zone)
        return (last - first) // _TICK

    def locate(self, time: datetime) -> tuple[DayScript, int]:
        """The day and the tick that hold a moment; ValueError outside the simulated days."""
        moment = as_utc(time)
        for script in self.scripts:
            first, last = day_bounds(script.day, self.zone)
            if first <= moment < last:
                return script, (moment - first) // _TICK
        last_day = self.start + timedelta(days=self.days - 1)
        raise ValueError(
            f"The simulated days are {self.start} to {last_day} ({self.zone}). Received: {time.isoformat()}"
        )

    def window(self, script: DayScript) -> tuple[int, int]:
        """The first tick of a day with frames, and the first one after them."""
        length = self.length(script)
        last = length if self.to_hour >= 24 else min(length, round(self.to_hour * HOUR))
        return min(length, round(self.from_hour * HOUR)), last

    def ticks(self) -> Iterator[tuple[DayScript, int]]:
        """Every frame there is, in order: five a second while anything moves, one a minute otherwise."""
        for script in self.scripts:
            first, last = self.window(script)
            for tick in frame_ticks(script, self.length(script)):
                if first <= tick < last:
                    yield script, tick

    def eggs(self, script: DayScript, tick: int) -> tuple[Laid, ...]:
        """The eggs that lie in the nests at a tick of a day, today's and those left from the day before."""
        before = self._eve if script.day == self.start else self.scripts[(script.day - self.start).days - 1]
        stolen = {id(theft.egg) for theft in before.stolen}
        left = tuple(e for e in before.laid if e.tick > before.collected[e.nest] and id(e) not in stolen)
        waiting = tuple(e for e in left if tick < script.collected[e.nest])
        today = tuple(
            e
            for e in script.laid
            if e.tick <= tick and (tick < script.collected[e.nest] or e.tick > script.collected[e.nest])
        )
        gone = {id(theft.egg) for theft in script.stolen if theft.tick <= tick}
        return tuple(egg for egg in waiting + today if id(egg) not in gone)
