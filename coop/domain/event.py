"""Facts worth telling, in the past tense."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from coop.domain.egg import Share


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
    """A predator began a visit. ``severity`` is "alarm" (until acknowledged) or "warning" (told once,
    aloud).
    """

    severity: str = "alarm"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EggLaid(Event):
    """An egg was found in a nest (``place``), laid after ``since``, the last reliable count without it.

    ``subject`` is the most probable hen and ``confidence`` her probability; "hen" and the rest where none was
    recognised. ``shares`` say who else may have laid it. ``number`` tells apart the ``together`` eggs
    found at once; ``eggs`` lie there now.
    """

    since: datetime
    eggs: int
    number: int = 1
    together: int = 1
    shares: tuple[Share, ...] = ()

    @property
    def likeliest_visit(self) -> str | None:
        """The visit that the most probable hen's share rests on."""
        return next((share.visit for share in self.shares if share.visit is not None), None)

    @property
    def key(self) -> str:
        """The same whoever is held to have laid it."""
        parts = (self.name, self.camera, self.place, self.time.isoformat(), str(self.number))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EggsCollected(Event):
    """``count`` eggs were taken out of a nest while a person was there; ``left`` lie there still."""

    since: datetime
    count: int
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EggGone(Event):
    """``count`` eggs lie in a nest no more, and no person was seen: broken, eaten or stolen.

    ``suspects`` are who was at the nest since the last reliable count; ``left`` eggs lie there still.
    ``unseen``: for a while the camera's picture was of no use, so a person may well have been there.
    ``visit`` is that of the only predator that was there.
    """

    since: datetime
    count: int
    left: int = 0
    suspects: tuple[str, ...] = ()
    unseen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HenSuspected(Event):
    """A hen may have laid nothing for ``days`` days, with the probability ``confidence``. For the list
    only.
    """

    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HenCleared(Event):
    """A hen that was under suspicion since ``since`` did lay: said in public."""

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HenMissing(Event):
    """A hen was not seen today by the hour that is set; ``last_seen`` is when she was seen at all."""

    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockIncomplete(Event):
    """At dusk, before the door closes, ``missing`` hens of ``hens`` were not home."""

    hens: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockComplete(Event):
    """At dusk all ``hens`` hens are home."""

    hens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerSeen(Event):
    """A bird that is none of the flock ended a visit, looked at long enough to be sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBad(Event):
    """A camera's picture shows nothing of use. ``fault``: dark, blurred, moved, covered or frozen."""

    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureGood(Event):
    """A camera's picture is of use again after ``away``; ``fault`` is what it was."""

    fault: str
    away: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTroubled(Event):
    """The box itself is in trouble. ``fault``: disk, heat or clock; ``reason`` is one sentence."""

    fault: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchWell(Event):
    """What troubled the box is over; ``fault`` as in `WatchTroubled`."""

    fault: str


EVENTS: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        HenArrived,
        AnimalSeen,
        PredatorSeen,
        MotionSeen,
        VisitEnded,
        EggLaid,
        EggsCollected,
        EggGone,
        HenSuspected,
        HenCleared,
        HenMissing,
        FlockIncomplete,
        FlockComplete,
        StrangerSeen,
        PictureBad,
        PictureGood,
        WatchTroubled,
        WatchWell,
        CameraLost,
        CameraBack,
    )
}
"""Every kind of event by its name."""
