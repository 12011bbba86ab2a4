"""Events and sightings' visits: the record of what happened."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select

from coop.domain.event import EVENTS, Event, HenArrived, HenCleared, HenSuspected
from coop.domain.findings import RecordedEvent
from coop.store.core import StoreCore
from coop.store.models import EventRow, PictureRow

log = logging.getLogger(__name__)

_COMMON = frozenset(field.name for field in fields(Event))


class Events(StoreCore):
    def events(
        self, since: datetime, until: datetime, names: Collection[str] | None = None
    ) -> tuple[RecordedEvent, ...]:
        """The events of [since, until), oldest first; only those called one of ``names`` if given.

        Kinds that this program does not know (a newer one recorded them) are left out, with a warning.
        """
        query = select(EventRow).where(EventRow.time >= since, EventRow.time < until)
        if names is not None:
            query = query.where(EventRow.name.in_(names))
        query = query.order_by(EventRow.time, EventRow.key)
        rows = self._read(lambda session: session.scalars(query).all())
        strange = sorted({row.name for row in rows} - EVENTS.keys())
        if strange:
            log.warning("%s: events that this program does not know: %s", self.where, ", ".join(strange))
        return tuple(read_event(row) for row in rows if row.name in EVENTS)

    def newest_event(self) -> datetime | None:
        """When the newest event was; None while there is none."""
        return self._read(lambda session: session.scalar(select(func.max(EventRow.time))))

    def suspected(self) -> dict[str, datetime]:
        """The hens under suspicion now, and since when."""
        names = (HenSuspected.__name__, HenCleared.__name__)
        query = select(EventRow.subject, EventRow.name, EventRow.time).where(EventRow.name.in_(names))
        query = query.order_by(EventRow.time, EventRow.name.desc())
        since: dict[str, datetime] = {}
        for subject, name, time in self._read(lambda session: session.execute(query).all()):
            if name == HenSuspected.__name__:
                since[subject] = time
            else:
                since.pop(subject, None)
        return since

    def last_picture_of(self, subject: str) -> str | None:
        """The key of the newest picture of an event about someone whose file is kept."""
        query = (
            select(EventRow.picture)
            .join(PictureRow, PictureRow.key == EventRow.picture)
            .where(EventRow.subject == subject, PictureRow.deleted.is_(None))
            .order_by(EventRow.time.desc())
            .limit(1)
        )
        return self._read(lambda session: session.scalar(query))

    def seen_subjects(self, since: datetime) -> frozenset[str]:
        """Who arrived since a moment: after a restart, a hen's first visit of the day is not told again."""
        query = select(EventRow.subject).where(EventRow.name == HenArrived.__name__, EventRow.time >= since)
        return self._read(lambda session: frozenset(session.scalars(query.distinct())))


def event_values(recorded: RecordedEvent, now: datetime) -> dict[str, Any]:
    event = recorded.event
    extra = _codec(event.name).dump_python(event, mode="json", exclude=set(_COMMON))
    common = {name: getattr(event, name) for name in _COMMON}
    return {
        **common,
        "key": event.key,
        "name": event.name,
        "picture": recorded.picture,
        "clip": recorded.clip,
        "extra": extra,
        "recorded": now,
    }


def read_event(row: EventRow) -> RecordedEvent:
    return RecordedEvent(event=_event(row), picture=row.picture, clip=row.clip)


def _event(row: EventRow) -> Event:
    common = {name: getattr(row, name) for name in _COMMON}
    return _codec(row.name).validate_python({**row.extra, **common})


@cache
def _codec(name: str) -> TypeAdapter[Event]:
    return TypeAdapter(EVENTS[name])
