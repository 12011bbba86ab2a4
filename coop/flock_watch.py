"""The flock as a whole, watched through the record of all cameras: roll call, missing hens, suspicion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from coop.classify.judge import HENS, Predicts
from coop.domain.egg import Egg
from coop.domain.event import Event, FlockIncomplete, HenCleared, HenMissing, HenSuspected
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.nest import NestCount
from coop.domain.prediction import STRANGER, UNKNOWN
from coop.domain.sighting import Visit
from coop.domain.times import day_bounds, local_day
from coop.event.flock import EVENING, newest_visits, not_seen, roll_call, suspicions
from coop.settings import Settings
from coop.sun import dusk_of

_NO_NAMES = frozenset({"none", "other", "hen", STRANGER, UNKNOWN})
"""Classes of a model of the task hens that are nobody's name."""
LOOK_BACK = timedelta(days=3)
"""A hen that was not seen for so long has no last visit."""


class Record(Protocol):
    """The part of the store that is asked."""

    def visits(self, since: datetime, until: datetime) -> tuple[Visit, ...]: ...

    def eggs(self, since: datetime, until: datetime) -> tuple[Egg, ...]: ...

    def nest_counts(self) -> tuple[NestCount, ...]: ...

    def suspected(self) -> dict[str, datetime]: ...

    def last_picture_of(self, subject: str) -> str | None: ...

    def last_run(self, job: str) -> datetime | None: ...

    def set_last_run(self, job: str, moment: datetime) -> None: ...


def hens_of(settings: Settings, models: Mapping[str, Predicts]) -> tuple[str, ...]:
    """The flock's names: those in the settings, else those that the model of the task hens knows."""
    if settings.hens.names:
        return settings.hens.names
    model = models.get(HENS)
    return () if model is None else tuple(c for c in model.card.classes if c not in _NO_NAMES)


@dataclass(frozen=True, kw_only=True)
class FlockWatch:
    """Looks at the record once a minute. What it finds at a set moment is the same however late it looks.

    ``hens`` are the names of the flock; ``doors`` the places at which a hen leaves it. Each duty of a day is
    noted when its events are recorded, so that a restart neither repeats nor skips it.
    """

    settings: Settings
    store: Record
    record: Callable[[Findings, datetime], None]
    hens: Callable[[], Sequence[str]]
    doors: Collection[str]

    def check(self, now: datetime) -> tuple[Event, ...]:
        """Do what is due at ``now``; returns what was found."""
        hens = tuple(self.hens())
        if not hens:
            return ()
        day = local_day(now, self.settings.zone)
        hour = datetime.combine(day, self.settings.hens.missing_by, self.settings.zone)
        found = list(self._once("missing hens", hour, now, lambda at: self._missing(hens, at)))
        dusk = dusk_of(day, self.settings)
        if dusk is not None:
            found += self._once("roll call", dusk, now, lambda at: self._roll_call(hens, at))
        evening = dusk or day_bounds(day, self.settings.zone)[1] - timedelta(hours=2)
        found += self._once("suspects", evening, now, lambda at: self._suspected(hens, at))
        return (*found, *self._cleared(hens, now))

    def _cleared(self, hens: Sequence[str], now: datetime) -> tuple[Event, ...]:
        """Who laid after all, told as soon as the egg is found."""
        if not self.store.suspected():
            return ()
        events = tuple(e for e in self._suspicions(hens, now) if isinstance(e, HenCleared))
        if events:
            self.record(Findings(events=tuple(RecordedEvent(event=e) for e in events)), now)
        return events

    def _once(
        self, job: str, moment: datetime, now: datetime, work: Callable[[datetime], Sequence[Event]]
    ) -> Sequence[Event]:
        """Do a duty that is due since ``moment``, unless it was done for it or is hours too late."""
        if not moment <= now < moment + timedelta(hours=3):
            return ()
        done = self.store.last_run(job)
        if done is not None and done >= moment:
            return ()
        events = work(moment)
        recorded = tuple(RecordedEvent(event=e, picture=self._picture(e)) for e in events)
        self.record(Findings(events=recorded), now)
        self.store.set_last_run(job, now)
        return events

    def _picture(self, event: Event) -> str | None:
        """The last picture of who is missing."""
        match event:
            case HenMissing():
                return self.store.last_picture_of(event.subject)
            case FlockIncomplete():
                return self.store.last_picture_of(event.missing[0])
        return None

    def _saw_anything(self, since: datetime, at: datetime) -> bool:
        """Whether there was a watch at all: a program that just began, or lost its camera, misses nobody."""
        return any(visit.last_seen >= since for visit in self.store.visits(at - LOOK_BACK, at))

    def _newest(self, hens: Sequence[str], at: datetime) -> dict[str, Visit]:
        return newest_visits(self.store.visits(at - LOOK_BACK, at), hens)

    def _missing(self, hens: Sequence[str], at: datetime) -> Sequence[Event]:
        began = day_bounds(local_day(at, self.settings.zone), self.settings.zone)[0]
        if not self._saw_anything(began, at):
            return ()
        return not_seen(hens, self._newest(hens, at), began, at)

    def _roll_call(self, hens: Sequence[str], at: datetime) -> Sequence[Event]:
        if not self._saw_anything(at - EVENING, at):
            return ()
        return (roll_call(hens, self._newest(hens, at), self.doors, at),)

    def _suspected(self, hens: Sequence[str], at: datetime) -> Sequence[Event]:
        return [e for e in self._suspicions(hens, at) if isinstance(e, HenSuspected)]

    def _suspicions(self, hens: Sequence[str], at: datetime) -> Sequence[Event]:
        days = self.settings.nests.suspect_days
        eggs = self.store.eggs(at - timedelta(days=days), at)
        since = min((count.first for count in self.store.nest_counts()), default=None)
        return suspicions(eggs, hens, self.store.suspected(), since, at, days)
