"""Nest boxes: every reading, and the last reliable count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from coop.domain.nest import NestCount, NestReading, NestState
from coop.store.core import StoreCore, insert_new, upsert
from coop.store.models import NestCountRow, NestReadingRow

_READING = tuple(field.name for field in fields(NestReading))
_COUNT = tuple(field.name for field in fields(NestCount))


class Nests(StoreCore):
    def nest_counts(self) -> tuple[NestCount, ...]:
        """The last reliable count of every nest, by camera and name."""
        query = select(NestCountRow).order_by(NestCountRow.camera, NestCountRow.nest)
        return self._read(
            lambda session: tuple(
                NestCount(**{name: getattr(row, name) for name in _COUNT}) for row in session.scalars(query)
            )
        )

    def nest_readings(self, since: datetime, until: datetime) -> tuple[NestReading, ...]:
        """The readings of [since, until), oldest first."""
        query = select(NestReadingRow).where(NestReadingRow.time >= since, NestReadingRow.time < until)
        query = query.order_by(NestReadingRow.time, NestReadingRow.id)
        return self._read(lambda session: tuple(_reading(row) for row in session.scalars(query)))

    def latest_readings(self) -> tuple[NestReading, ...]:
        """The newest reading of every nest: what is there now."""
        newest = select(
            NestReadingRow.camera, NestReadingRow.nest, func.max(NestReadingRow.time).label("time")
        ).group_by(NestReadingRow.camera, NestReadingRow.nest)
        last = newest.subquery()
        query = select(NestReadingRow).join(
            last,
            and_(
                NestReadingRow.camera == last.c.camera,
                NestReadingRow.nest == last.c.nest,
                NestReadingRow.time == last.c.time,
            ),
        )
        query = query.order_by(NestReadingRow.camera, NestReadingRow.nest)
        return self._read(lambda session: tuple(_reading(row) for row in session.scalars(query)))


def insert_readings(session: Session, readings: Sequence[NestReading]) -> int:
    values = [
        {name: getattr(reading, name) for name in _READING} | {"chances": list(reading.chances)}
        for reading in readings
    ]
    return insert_new(session, NestReadingRow, ["camera", "nest", "time"], values)


def upsert_counts(session: Session, counts: Sequence[NestCount]) -> int:
    """The newer count holds, also if an older one comes again."""
    values = [{name: getattr(count, name) for name in _COUNT} for count in counts]
    return upsert(
        session,
        NestCountRow,
        ["camera", "nest"],
        values,
        keep=["first"],
        unless=lambda new: new["time"] <= NestCountRow.time,
    )


def _reading(row: NestReadingRow) -> NestReading:
    values = {name: getattr(row, name) for name in _READING}
    return NestReading(**values | {"state": NestState(row.state), "chances": tuple(row.chances)})
