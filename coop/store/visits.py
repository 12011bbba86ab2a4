"""Visits and the sightings they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from coop.domain.sighting import Sighting, Visit
from coop.store.core import StoreCore, insert_new, upsert
from coop.store.models import SightingRow, VisitRow

_SIGHTING = tuple(field.name for field in fields(Sighting))
_VISIT = tuple(field.name for field in fields(Visit))


class Visits(StoreCore):
    def open_visits(self) -> tuple[Visit, ...]:
        """The visits that last, oldest first."""
        query = select(VisitRow).where(VisitRow.ended.is_(None)).order_by(VisitRow.began, VisitRow.key)
        return self._read(lambda session: tuple(read_visit(row) for row in session.scalars(query)))

    def visits(self, since: datetime, until: datetime) -> tuple[Visit, ...]:
        """The visits that began in [since, until), oldest first, so that each belongs to one day."""
        query = select(VisitRow).where(VisitRow.began >= since, VisitRow.began < until)
        query = query.order_by(VisitRow.began, VisitRow.key)
        return self._read(lambda session: tuple(read_visit(row) for row in session.scalars(query)))

    def sightings(self, since: datetime, until: datetime) -> tuple[Sighting, ...]:
        """The sightings of [since, until), oldest first."""
        query = select(SightingRow).where(SightingRow.time >= since, SightingRow.time < until)
        query = query.order_by(SightingRow.time, SightingRow.id)
        return self._read(lambda session: tuple(_sighting(row) for row in session.scalars(query)))


def insert_sightings(session: Session, sightings: Sequence[Sighting]) -> int:
    values = [{name: getattr(sighting, name) for name in _SIGHTING} for sighting in sightings]
    return insert_new(session, SightingRow, ["camera", "track_id", "time"], values)


def upsert_visits(session: Session, visits: Sequence[Visit]) -> int:
    """Insert visits or let them grow. What was recorded later stays, also if older findings come again."""
    values = [{name: getattr(visit, name) for name in _VISIT} for visit in visits]
    return upsert(session, VisitRow, ["key"], values, keep=["began"], unless=_stale)


def _stale(new: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    same = and_(
        *(VisitRow.__table__.c[name].is_not_distinct_from(new[name]) for name in _VISIT if name != "key")
    )
    return or_(
        new["last_seen"] < VisitRow.last_seen,
        new["sightings"] < VisitRow.sightings,
        and_(VisitRow.ended.is_not(None), new["ended"].is_(None)),
        same,
    )


def read_visit(row: VisitRow) -> Visit:
    return Visit(**{name: getattr(row, name) for name in _VISIT})


def _sighting(row: SightingRow) -> Sighting:
    return Sighting(**{name: getattr(row, name) for name in _SIGHTING})
