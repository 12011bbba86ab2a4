"""From visits to facts worth telling. Every rule is pure and is given its time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from coop.domain.event import (
    AnimalSeen,
    Event,
    HenArrived,
    MotionSeen,
    PredatorSeen,
    StrangerSeen,
    VisitEnded,
)
from coop.domain.prediction import STRANGER
from coop.domain.sighting import Visit
from coop.event.visits import VisitChanges

E = TypeVar("E", bound=Event)

HEN = "hen"
MOTION = "motion"
ALARM, WARNING = "alarm", "warning"

JUST_NOW = timedelta(minutes=1)
STAYS = timedelta(seconds=3)

IsFirstToday = Callable[[str, datetime], bool]
"""Whether a subject has not arrived anywhere yet on the calendar day of a moment."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Which classes are what. A kind that is neither hen nor predator is an animal.

    ``predators`` raise the alarm, ``warnings`` are told once, and others are only recorded. ``nests`` are
    places where a hen that leaves shows a wing or a leg, which may look like a rat.
    """

    predators: Collection[str]
    warnings: Collection[str] = ()
    nests: Collection[str] = ()
    motion_cooldown: timedelta = timedelta(minutes=5)

    def severity_of(self, kind: str) -> str | None:
        """How bad it is that an animal of a kind is there; None: not at all."""
        if kind in self.predators:
            return ALARM
        return WARNING if kind in self.warnings else None


class EventRules:
    """Turns what changed in the visits of one camera into events.

    An animal that crosses three zones began three visits, but it came once: only the first of
    its open visits makes an event. Motion without a model is told once in a cool-down. A predator in a nest
    where a hen was just now is told when it is still there some seconds later, or is seen elsewhere.
    """

    def __init__(self, policy: Policy, is_first_today: IsFirstToday) -> None:
        self._policy = policy
        self._is_first_today = is_first_today
        self._motion_told: datetime | None = None
        self._doubtful: set[str] = set()

    def restore(self, motion_told: datetime | None) -> None:
        """Remember when motion was last told before the program stopped."""
        self._motion_told = motion_told

    def update(self, changes: VisitChanges, open_before: Iterable[Visit]) -> tuple[Event, ...]:
        """Events for ``changes``; ``open_before`` are the visits open before them."""
        known = [visit for visit in open_before if visit.key not in self._doubtful]
        present = {visit.subject for visit in known} - {v.subject for v in changes.ended}
        present |= {visit.subject for visit in changes.continued if visit.key not in self._doubtful}
        events: list[Event] = [visit_ended(visit) for visit in changes.ended]
        arrived: set[str] = set()
        self._doubtful -= {visit.key for visit in changes.ended}
        for visit in changes.continued:
            if visit.key in self._doubtful and visit.duration >= STAYS:
                self._doubtful.discard(visit.key)
                events += filter(None, [self._began(visit, came_before=visit.subject in present)])
        for visit in changes.began:
            if self._is_doubtful(visit, (*open_before, *changes.began, *changes.continued)):
                self._doubtful.add(visit.key)
                continue
            event = self._began(visit, came_before=visit.subject in present | arrived)
            if event is not None:
                events.append(event)
            arrived.add(visit.subject)
        return tuple(events)

    def _is_doubtful(self, visit: Visit, others: Iterable[Visit]) -> bool:
        if visit.place not in self._policy.nests or self._policy.severity_of(visit.kind) is None:
            return False
        return any(
            other.kind == HEN and other.place == visit.place and visit.began - other.last_seen <= JUST_NOW
            for other in others
        )

    def _began(self, visit: Visit, *, came_before: bool) -> Event | None:
        if visit.subject == STRANGER:
            return None if came_before else _event(StrangerSeen, visit)
        if visit.kind == HEN:
            first = not came_before and self._is_first_today(visit.subject, visit.began)
            return _event(HenArrived, visit, first_of_day=first)
        if visit.kind == MOTION:
            return self._motion(visit)
        if came_before:
            return None
        severity = self._policy.severity_of(visit.kind)
        if severity is None:
            return _event(AnimalSeen, visit)
        return _event(PredatorSeen, visit, severity=severity)

    def _motion(self, visit: Visit) -> Event | None:
        told = self._motion_told
        if told is not None and timedelta() <= visit.began - told < self._policy.motion_cooldown:
            return None
        self._motion_told = visit.began
        return _event(MotionSeen, visit)


def visit_ended(visit: Visit) -> VisitEnded:
    """The fact that a visit is over; ``visit.ended`` must be set."""
    if visit.ended is None:
        raise ValueError(f"The visit of {visit.subject} at {visit.place} has not ended")
    return _event(
        VisitEnded,
        visit,
        time=visit.ended,
        began=visit.began,
        duration=visit.duration,
        sightings=visit.sightings,
    )


def _event(kind: type[E], visit: Visit, **more: object) -> E:
    facts: dict[str, Any] = {
        "time": visit.began,
        "camera": visit.camera,
        "place": visit.place,
        "subject": visit.subject,
        "confidence": visit.confidence,
        "visit": visit.key,
    }
    return kind(**(facts | more))
