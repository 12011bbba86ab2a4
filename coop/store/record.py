"""Recording what a step of the pipeline found: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from coop.domain.clip import NewClip
from coop.domain.findings import Findings
from coop.domain.picture import StoredPicture
from coop.errors import StoreError
from coop.store.core import insert_new
from coop.store.corrections import correct_anew
from coop.store.eggs import keep_ledger
from coop.store.events import event_values
from coop.store.models import EventRow, PictureRow
from coop.store.nests import insert_readings, upsert_counts
from coop.store.outbox import queue_messages
from coop.store.pictures import Pictures, picture_values
from coop.store.visits import insert_sightings, upsert_visits


class Recording(Pictures):
    def record(self, findings: Findings, now: datetime) -> bool:
        """Keep the files of pictures and clips, then all rows in one transaction; whether any was new.

        When it returns, all of it survives a power cut. Recording the same findings again changes nothing, so
        a caller may repeat after StoreUnavailable. Raises StoreError where findings name a picture that is
        nowhere.
        """
        if not findings:
            return False
        keys = [picture.key for picture in findings.pictures] + [clip.key for clip in findings.clips]
        known = self._known_pictures(keys)
        kept = [self._keep_file(picture, known) for picture in findings.pictures]
        kept += [self._keep_clip(clip, known) for clip in findings.clips]
        pictures = [picture for picture in kept if picture is not None]
        return self._write(lambda session: _insert(session, findings, pictures, now)) > 0


def _insert(session: Session, findings: Findings, pictures: Sequence[StoredPicture], now: datetime) -> int:
    new = insert_new(session, PictureRow, ["key"], [picture_values(picture) for picture in pictures])
    _require_pictures(session, findings)
    new += insert_sightings(session, findings.sightings)
    new += upsert_visits(session, findings.visits)
    new += insert_readings(session, findings.readings)
    new_events = insert_new(
        session, EventRow, ["key"], [event_values(event, now) for event in findings.events]
    )
    if new_events:  # the same findings again must not take eggs out of a nest a second time
        keep_ledger(session, [recorded.event for recorded in findings.events], now)
    new += upsert_counts(session, findings.counts)
    _link_clips(session, findings.clips)
    touched = {visit.key for visit in findings.visits} | {found.event.visit for found in findings.events}
    correct_anew(session, touched - {None})
    if findings.events and not new_events:
        return new  # told together with their events, long ago perhaps: the messages may be thinned out
    return new + new_events + queue_messages(session, findings.notifications, now)


def _link_clips(session: Session, clips: Sequence[NewClip]) -> None:
    for clip in clips:
        stored = exists().where(PictureRow.key == clip.key)
        shown = EventRow.key.in_(clip.events), EventRow.clip.is_(None), stored
        session.execute(update(EventRow).where(*shown).values(clip=clip.key))


def _require_pictures(session: Session, findings: Findings) -> None:
    named = {event.picture for event in findings.events if event.picture is not None}
    named |= {reading.picture for reading in findings.readings if reading.picture is not None}
    named |= {note.picture for note in findings.notifications if note.picture is not None}
    named -= {picture.key for picture in findings.pictures}
    if named:
        there = session.scalars(select(PictureRow.key).where(PictureRow.key.in_(named)))
        missing = named.difference(there)
        if missing:
            raise StoreError(
                f"Findings name the picture {min(missing)!r}, which is not stored. "
                "Put the picture into the same findings, or record it before"
            )
