"""Facts worth telling, in the past tense."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. ``name`` is the class name, which is also what the database and `--json` call it.

    ``visit`` is the key of the visit that the event belongs to, where there is one.
    """

    time: datetime
    camera: str
    place: str
    subject: str
    confidence: float = 1.0
    visit: str | None = None

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def key(self) -> str:
        """The same for the same fact, however often it is found: replays and retries record it once."""
        parts = (self.name, self.camera, self.place, self.subject, self.time.isoformat(), self.visit or "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class HenArrived(Event):
    """A hen's visit began. ``first_of_day``: her first visit, anywhere, on this calendar day."""

    first_of_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalSeen(Event):
    """An animal that is neither hen nor predator began a visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredatorSeen(Event):
    """A predator began a visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSeen(Event):
    """Something moved, and no model was there to say what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded(Event):
    """A visit ended. ``time`` is when its gap ran out; ``duration`` from its first to its last sighting."""

    began: datetime
    duration: timedelta
    sightings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLost(Event):
    """A camera stopped giving frames. ``reason`` is one sentence without secrets."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraBack(Event):
    """A camera gives frames again after ``away``."""

    away: timedelta = timedelta()


EVENTS: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (HenArrived, AnimalSeen, PredatorSeen, MotionSeen, VisitEnded, CameraLost, CameraBack)
}
"""Every kind of event by its name."""
