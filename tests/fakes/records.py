"""Small domain values for tests of the store, made from a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from coop.domain.box import Box
from coop.domain.event import HenArrived
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.notification import Notification
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.sighting import Sighting, Visit

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
EVER = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


def moment(n: float) -> datetime:
    """``n`` seconds after noon."""
    return NOON + timedelta(seconds=n)


def new_picture(n: int, **changes: Any) -> NewPicture:
    values: dict[str, Any] = {
        "key": f"picture-{n}",
        "kind": PictureKind.CROP,
        "data": f"bytes of picture {n} ".encode() * 50,
        "suffix": ".jpg",
        "camera": "nest",
        "time": moment(n),
        "width": 64,
        "height": 48,
        "track_id": f"track-{n}",
        "box": Box(1, 2, 30, 40),
    }
    return NewPicture(**values | changes)


def arrival(n: int, **changes: Any) -> HenArrived:
    values: dict[str, Any] = {
        "time": moment(n),
        "camera": "nest",
        "place": "nest box 1",
        "subject": f"hen {n}",
        "confidence": 0.9,
        "visit": f"visit-{n}",
        "first_of_day": True,
    }
    return HenArrived(**values | changes)


def visit(n: int, **changes: Any) -> Visit:
    values: dict[str, Any] = {
        "key": f"visit-{n}",
        "camera": "nest",
        "place": "nest box 1",
        "kind": "hen",
        "subject": f"hen {n}",
        "began": moment(n),
        "last_seen": moment(n + 60),
        "ended": None,
        "sightings": 3,
        "confidence": 0.8,
    }
    return Visit(**values | changes)


def sighting(n: int, **changes: Any) -> Sighting:
    values: dict[str, Any] = {
        "camera": "nest",
        "place": "nest box 1",
        "track_id": f"track-{n}",
        "time": moment(n),
        "kind": "hen",
        "subject": f"hen {n}",
        "confidence": 0.7,
    }
    return Sighting(**values | changes)


def note(key: str, **changes: Any) -> Notification:
    values: dict[str, Any] = {"key": key, "chat": "42", "text": f"text of {key}"}
    return Notification(**values | changes)


def findings(n: int) -> Findings:
    """One of each: a picture, a sighting, a visit, an event with the picture, a message with the picture."""
    key = f"picture-{n}"
    return Findings(
        pictures=(new_picture(n),),
        sightings=(sighting(n),),
        visits=(visit(n),),
        events=(RecordedEvent(event=arrival(n), picture=key),),
        notifications=(note(f"note-{n}", picture=key),),
    )
