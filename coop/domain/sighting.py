"""A thing judged to be a class, and the visits that sightings add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A confirmed track judged to be a class at a time.

    ``kind`` is the class of the `kinds` task ("hen", "fox", ...; "motion" when there is no model);
    ``subject`` the hen's name where a `hens` model knows it, else the same as ``kind``.
    """

    camera: str
    place: str
    track_id: str
    time: datetime
    kind: str
    subject: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Sightings of one subject at one place without a long gap. ``ended`` is None while it lasts.

    ``key`` is made of camera, place, subject and the first moment, so a replay gives the same key.
    """

    key: str
    camera: str
    place: str
    kind: str
    subject: str
    began: datetime
    last_seen: datetime
    ended: datetime | None
    sightings: int
    confidence: float

    @property
    def duration(self) -> timedelta:
        return self.last_seen - self.began
