"""A day or a week of the record, as the digest message it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from coop.domain.egg import Egg, HenEggs, tally
from coop.domain.event import Event, HenArrived, PredatorSeen
from coop.domain.findings import Findings, RecordedEvent
from coop.domain.nest import NestCount
from coop.domain.notification import Notification
from coop.domain.picture import NewPicture, PictureKind, StoredPicture
from coop.domain.sighting import Visit
from coop.domain.times import day_bounds, local_day
from coop.notify.compose import Composer
from coop.notify.digest import Digest, digest, week_digest
from coop.notify.languages import speaking
from coop.tell import Recipient

WEEK = 7


class Record(Protocol):
    """The part of the store that a digest reads."""

    def visits(self, since: datetime, until: datetime) -> tuple[Visit, ...]: ...

    def events(self, since: datetime, until: datetime) -> tuple[RecordedEvent, ...]: ...

    def eggs(self, since: datetime, until: datetime) -> tuple[Egg, ...]: ...

    def nest_counts(self) -> tuple[NestCount, ...]: ...

    def picture(self, key: str) -> tuple[StoredPicture, Path] | None: ...


def digest_of(record: Record, day: date, composer: Composer) -> Digest:
    """The digest of one calendar day of the coop, in the language spoken now."""
    since, until = day_bounds(day, composer.zone)
    recorded = record.events(since, until)
    events: list[Event] = [found.event for found in recorded]
    eggs = record.eggs(since, until)
    return digest(
        day,
        record.visits(since, until),
        events,
        composer.zone,
        eggs=_by_hen(eggs, since, until),
        found=len(eggs) if record.nest_counts() or eggs else None,
        best=_best_picture(record, recorded),
    )


def week_of(record: Record, last: date, composer: Composer) -> Digest:
    """The digest of the seven days that end with ``last``."""
    days = [last - timedelta(days=back) for back in reversed(range(WEEK))]
    since, until = day_bounds(days[0], composer.zone)[0], day_bounds(last, composer.zone)[1]
    eggs = record.eggs(since, until)
    by_day = dict.fromkeys(days, 0)
    for egg in eggs:
        by_day[local_day(egg.time, composer.zone)] += 1
    return week_digest(
        days,
        record.visits(since, until),
        [found.event for found in record.events(since, until)],
        composer.zone,
        eggs=_by_hen(eggs, since, until),
        found=by_day if record.nest_counts() or eggs else None,
    )


def day_digest(
    record: Record, day: date, now: datetime, composer: Composer, recipients: Sequence[Recipient]
) -> Findings:
    """The digest's picture in every language that is read, and its messages, ready to be recorded."""
    wanting = [recipient for recipient in recipients if recipient.wants.daily]
    return _in_languages(
        f"digest-{day.isoformat()}", now, composer, wanting, lambda: digest_of(record, day, composer)
    )


def weekly_digest(
    record: Record, last: date, now: datetime, composer: Composer, recipients: Sequence[Recipient]
) -> Findings:
    """The same for the week that ends with ``last``."""
    wanting = [recipient for recipient in recipients if recipient.wants.weekly]
    return _in_languages(
        f"week-{last.isoformat()}", now, composer, wanting, lambda: week_of(record, last, composer)
    )


def _in_languages(
    key: str, now: datetime, composer: Composer, recipients: Sequence[Recipient], make: Callable[[], Digest]
) -> Findings:
    pictures: list[NewPicture] = []
    notes: list[Notification] = []
    for language in dict.fromkeys(recipient.language for recipient in recipients):
        with speaking(language):
            summary = make()
        picture = _picture(f"{key}-{language}", summary, now)
        pictures.append(picture)
        chats = [recipient.address for recipient in recipients if recipient.language == language]
        notes += composer.digest(key, summary.text, picture.key, chats)
    return Findings(pictures=tuple(pictures), notifications=tuple(notes))


def _picture(key: str, summary: Digest, now: datetime) -> NewPicture:
    return NewPicture(
        key=key,
        kind=PictureKind.FIGURE,
        data=summary.png,
        suffix=".png",
        camera="digest",
        time=now,
        width=summary.width,
        height=summary.height,
    )


def _by_hen(eggs: Sequence[Egg], since: datetime, until: datetime) -> tuple[HenEggs, ...]:
    return tally(eggs, (), since - timedelta(microseconds=1), until)


def _best_picture(record: Record, recorded: Sequence[RecordedEvent]) -> bytes | None:
    """The picture that the watch was surest of: of a predator, else of a hen."""
    shown = [found for found in recorded if found.picture is not None]
    for kind in (PredatorSeen, HenArrived):
        of_kind = [found for found in shown if isinstance(found.event, kind)]
        for found in sorted(of_kind, key=lambda f: f.event.confidence, reverse=True):
            kept = record.picture(found.picture or "")
            if kept is not None and kept[1].is_file():
                return kept[1].read_bytes()
    return None
