"""What people say that visits were: kept for ever, and applied to the record at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from coop.domain.correction import Correction
from coop.domain.event import AnimalSeen, HenArrived, PredatorSeen
from coop.domain.label import Label
from coop.domain.notification import Notification
from coop.domain.picture import PictureKind
from coop.domain.sighting import Visit
from coop.errors import StoreError
from coop.store.core import StoreCore
from coop.store.labels import add_labels, in_lots
from coop.store.models import CorrectionRow, EventRow, LabelRow, PictureRow, SightingRow, VisitRow
from coop.store.outbox import queue_messages
from coop.store.visits import read_visit

_CORRECTION = tuple(field.name for field in fields(Correction))
_ARRIVALS = (HenArrived.__name__, AnimalSeen.__name__, PredatorSeen.__name__)


class Corrections(StoreCore):
    def visit(self, key: str) -> Visit | None:
        """One visit, as it is held to be now."""
        row = self._read(lambda session: session.get(VisitRow, key))
        return None if row is None else read_visit(row)

    def visits_by_key(self, keys: Collection[str]) -> dict[str, Visit]:
        """Some visits by their keys; unknown ones are left out."""
        query = select(VisitRow)
        return self._read(
            lambda session: {
                row.key: read_visit(row)
                for some in in_lots(keys)
                for row in session.scalars(query.where(VisitRow.key.in_(some)))
            }
        )

    def visit_crops(self, visit: Visit) -> tuple[str, ...]:
        """The keys of the kept crops that a visit was judged by, oldest first."""
        return self._read(lambda session: _crops(session, visit))

    def corrections(
        self, visits: Collection[str] | None = None, *, since: datetime | None = None
    ) -> tuple[Correction, ...]:
        """The corrections of some visits, or since a moment, in the order in which they came."""
        query = select(CorrectionRow).order_by(CorrectionRow.id)
        if visits is not None:
            query = query.where(CorrectionRow.visit.in_(list(visits)))
        if since is not None:
            query = query.where(CorrectionRow.at >= since)
        return self._read(lambda session: tuple(_correction(row) for row in session.scalars(query)))

    def correct(
        self, correction: Correction, labels: Sequence[Label], messages: Sequence[Notification]
    ) -> bool:
        """Take a correction into the record, in one transaction: log, labels, visit, events and messages.

        Returns False where the same press was taken before. Raises StoreError for an unknown visit.
        """

        def work(session: Session) -> bool:
            pressed = exists().where(CorrectionRow.batch == correction.batch)
            if session.scalar(select(pressed)):
                return False
            visit = session.get(VisitRow, correction.visit)
            if visit is None:
                raise StoreError(f"There is no visit {correction.visit!r} to correct")
            values = {name: getattr(correction, name) for name in _CORRECTION}
            values |= {"was_kind": visit.kind, "was_subject": visit.subject}
            session.add(CorrectionRow(**values))
            session.flush()
            add_labels(session, labels)
            correct_anew(session, {correction.visit})
            queue_messages(session, messages, correction.at)
            return True

        return self._write(work)

    def unlabelled_crops(self, since: datetime) -> tuple[tuple[Correction, tuple[str, ...]], ...]:
        """Corrections since a moment with the crops of their visits that came only after them."""

        def work(session: Session) -> tuple[tuple[Correction, tuple[str, ...]], ...]:
            newest = select(func.max(CorrectionRow.id)).where(CorrectionRow.at >= since)
            query = select(CorrectionRow).where(CorrectionRow.id.in_(newest.group_by(CorrectionRow.visit)))
            found = []
            for row in session.scalars(query.order_by(CorrectionRow.id)):
                visit = session.get(VisitRow, row.visit)
                if visit is None:
                    continue
                crops = _crops(session, read_visit(visit), row.was_subject)
                labelled = set(
                    session.scalars(select(LabelRow.picture).where(LabelRow.picture.in_(crops)).distinct())
                )
                late = tuple(crop for crop in crops if crop not in labelled)
                if late:
                    found.append((_correction(row), late))
            return tuple(found)

        return self._read(work)


def correct_anew(session: Session, visits: Collection[str | None]) -> None:
    """Let what people said of these visits hold, whatever the watch goes on to hold them for."""
    for some in in_lots([visit for visit in visits if visit is not None]):
        rows = session.scalars(
            select(CorrectionRow).where(CorrectionRow.visit.in_(some)).order_by(CorrectionRow.id)
        )
        for row in {row.visit: row for row in rows}.values():
            truth = {"subject": row.subject, "confidence": 1.0}
            _change(session, VisitRow, VisitRow.key == row.visit, truth | {"kind": row.kind})
            _change(session, EventRow, EventRow.visit == row.visit, truth)
            _rename_arrivals(session, row)


def _change(
    session: Session, table: type[VisitRow | EventRow], where: object, values: dict[str, object]
) -> None:
    statement = update(table).where(where).values(**values)  # type: ignore[arg-type]
    session.execute(statement.execution_options(synchronize_session=False))


def _rename_arrivals(session: Session, row: CorrectionRow) -> None:
    """What began the visit becomes the arrival of what it truly was: an alarm about a hen is none."""
    held = session.scalars(
        select(EventRow).where(EventRow.visit == row.visit, EventRow.name.in_(_ARRIVALS))
    ).all()
    for event in held:
        if row.kind == "hen":
            name = HenArrived.__name__
        elif row.kind == row.was_kind and event.name != HenArrived.__name__:
            name = event.name
        else:
            name = AnimalSeen.__name__
        if name != event.name:
            event.name = name
            event.extra = {"first_of_day": False} if name == HenArrived.__name__ else {}
    session.flush()


def _crops(session: Session, visit: Visit, was: str | None = None) -> tuple[str, ...]:
    """Crops of the tracks whose sightings made the visit. ``was``: what the sightings call its subject."""
    first = select(CorrectionRow.was_subject).where(CorrectionRow.visit == visit.key)
    before = session.scalar(first.order_by(CorrectionRow.id).limit(1))
    called = before or was or visit.subject
    tracks = select(SightingRow.track_id).where(
        SightingRow.camera == visit.camera,
        SightingRow.place == visit.place,
        SightingRow.subject == called,
        SightingRow.time >= visit.began,
        SightingRow.time <= visit.last_seen,
    )
    query = select(PictureRow.key).where(
        PictureRow.kind == PictureKind.CROP.value,
        PictureRow.camera == visit.camera,
        PictureRow.deleted.is_(None),
        PictureRow.track_id.in_(tracks.distinct()),
    )
    return tuple(session.scalars(query.order_by(PictureRow.time, PictureRow.key)))


def _correction(row: CorrectionRow) -> Correction:
    return Correction(**{name: getattr(row, name) for name in _CORRECTION})
