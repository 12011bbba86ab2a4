"""Letting go of old details. Visits, eggs, events and labels are the record, and stay for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select
from sqlalchemy.orm import Session, aliased

from coop.domain.catalogue import DAEMON
from coop.domain.notification import OutboxState
from coop.domain.times import as_utc
from coop.store.core import StoreCore
from coop.store.models import (
    Base,
    CatalogueRow,
    ClusterPictureRow,
    LabelRow,
    NestReadingRow,
    OutboxRow,
    PictureRow,
    SightingRow,
    SuggestionRow,
)

_BATCH = 500
"""Rows per transaction, so that nobody waits long for the writer."""
_MOST = 20_000
"""Rows of one kind in one run: years of a busy coop go within a day, and no run takes minutes."""

_DERIVED = (CatalogueRow, SuggestionRow, ClusterPictureRow)
"""What the labelling tool worked out about a picture, which goes along with its row."""
_SETTLED = [
    state.value
    for state in (OutboxState.SENT, OutboxState.UNCERTAIN, OutboxState.FAILED, OutboxState.REPLACED)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """How many rows went of each kind."""

    sightings: int
    messages: int
    pictures: int
    readings: int = 0

    def __bool__(self) -> bool:
        return bool(self.sightings or self.messages or self.pictures or self.readings)


class Thinning(StoreCore):
    def thin(self, before: datetime) -> Thinned:
        """Delete details from before a moment that nothing else needs.

        These are sightings (their visits remain), readings of nests (the eggs with all their shares remain),
        messages that are settled, and rows of pictures that have
        no file any more. Whatever an event, a label, a dataset version or a message names stays, and so do
        the sightings of tracks with a labelled picture. At most 20,000 rows of a kind go at once.
        """
        moment = as_utc(before)
        messages = self._in_batches(lambda session: _thin_messages(session, moment))  # they name pictures
        readings = self._in_batches(lambda session: _thin_readings(session, moment))  # and so do they
        return Thinned(
            readings=readings,
            messages=messages,
            sightings=self._in_batches(lambda session: _thin_sightings(session, moment)),
            pictures=self._in_batches(lambda session: _thin_pictures(session, moment)),
        )

    def _in_batches(self, work: Callable[[Session], int]) -> int:
        gone = 0
        while gone < _MOST and not self._writer.hurries and (batch := self._write(work)):
            gone += batch
        return gone


def _thin_sightings(session: Session, before: datetime) -> int:
    labelled = exists().where(
        PictureRow.track_id == SightingRow.track_id,
        PictureRow.camera == SightingRow.camera,
        PictureRow.key == LabelRow.picture,
    )
    old = select(SightingRow.id).where(SightingRow.time < before, ~labelled).order_by(SightingRow.time)
    ids = session.scalars(old.limit(_BATCH)).all()
    session.execute(delete(SightingRow).where(SightingRow.id.in_(ids)))
    return len(ids)


def _thin_readings(session: Session, before: datetime) -> int:
    old = select(NestReadingRow.id).where(NestReadingRow.time < before).order_by(NestReadingRow.time)
    ids = session.scalars(old.limit(_BATCH)).all()
    session.execute(delete(NestReadingRow).where(NestReadingRow.id.in_(ids)))
    return len(ids)


def _thin_messages(session: Session, before: datetime) -> int:
    """Edits go with or after the message that they change, or they would be edits of nothing."""
    edit = aliased(OutboxRow)
    needed = exists().where(
        edit.edits == OutboxRow.key, or_(edit.state.not_in(_SETTLED), edit.changed >= before)
    )
    old = and_(OutboxRow.state.in_(_SETTLED), OutboxRow.changed < before, ~needed)
    ids = session.scalars(select(OutboxRow.id).where(old).order_by(OutboxRow.id).limit(_BATCH)).all()
    session.execute(delete(OutboxRow).where(OutboxRow.id.in_(ids)))
    return len(ids)


def _thin_pictures(session: Session, before: datetime) -> int:
    keys = session.scalars(_old_pictures(before).limit(_BATCH)).all()
    for row in _DERIVED:
        session.execute(delete(row).where(row.picture.in_(keys)))
    session.execute(delete(PictureRow).where(PictureRow.key.in_(keys)))
    return len(keys)


def _old_pictures(before: datetime) -> Select[str]:
    imported = exists().where(CatalogueRow.picture == PictureRow.key, CatalogueRow.source != DAEMON)
    return (
        select(PictureRow.key)
        .where(PictureRow.deleted < before, PictureRow.time < before, ~imported, ~_named_elsewhere())
        .order_by(PictureRow.time)
    )


def _named_elsewhere() -> ColumnElement[bool]:
    """Whether a row of any table but the derived ones names the picture.

    Read from the tables themselves, so that a table of a later version is not forgotten here.
    """
    derived = {row.__tablename__ for row in _DERIVED}
    return or_(
        *(
            exists().where(key.parent == PictureRow.key)
            for table in Base.metadata.sorted_tables
            if table.name not in derived
            for key in table.foreign_keys
            if key.column is PictureRow.__table__.c.key
        )
    )
