"""What one step of the pipeline found, recorded in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from coop.domain.clip import NewClip
from coop.domain.event import Event
from coop.domain.nest import NestCount, NestReading
from coop.domain.notification import Notification
from coop.domain.picture import NewPicture
from coop.domain.sighting import Sighting, Visit


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordedEvent:
    """An event with the keys of its picture and of the clip that shows it, if it has them."""

    event: Event
    picture: str | None = None
    clip: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Findings:
    """All or nothing: pictures and clips are written first, then every row in one transaction.

    Recording the same findings twice changes nothing (keys are unique), so a retry is safe.
    """

    pictures: tuple[NewPicture, ...] = ()
    clips: tuple[NewClip, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    visits: tuple[Visit, ...] = ()
    events: tuple[RecordedEvent, ...] = ()
    notifications: tuple[Notification, ...] = ()
    readings: tuple[NestReading, ...] = ()
    counts: tuple[NestCount, ...] = ()

    def __bool__(self) -> bool:
        rows = self.sightings or self.visits or self.events or self.notifications
        nests = self.readings or self.counts
        return bool(self.pictures or self.clips or rows or nests)
