"""A day of the record, as the digest message it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from coop.domain.event import Event
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.picture import NewPicture, PictureKind
from coop.domain.sighting import Visit
from coop.domain.times import day_bounds
from coop.notify.compose import Composer
from coop.notify.digest import Digest, digest


class Record(Protocol):
    """The part of the store that a digest reads."""

    def visits(self, since: datetime, until: datetime) -> tuple[Visit, ...]: ...

    def events(self, since: datetime, until: datetime) -> tuple[RecordedEvent, ...]: ...


def digest_of(record: Record, day: date, composer: Composer) -> Digest:
    """The digest of one calendar day of the coop."""
    since, until = day_bounds(day, composer.zone)
    events: list[Event] = [recorded.event for recorded in record.events(since, until)]
    return digest(day, record.visits(since, until), events, composer.zone)


def day_digest(
    record: Record, day: date, now: datetime, composer: Composer, chats: Sequence[str]
) -> Findings:
    """The digest's picture and its messages, ready to be recorded."""
    summary = digest_of(record, day, composer)
    key = f"digest-{day.isoformat()}"
    picture = NewPicture(
        key=key,
        kind=PictureKind.FIGURE,
        data=summary.png,
        suffix=".png",
        camera="digest",
        time=now,
        width=summary.width,
        height=summary.height,
    )
    return Findings(pictures=(picture,), notifications=composer.digest(day, summary.text, key, chats))
