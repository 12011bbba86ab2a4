"""Which message tells of which visit, which alarms were seen, and which must be told once more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from coop.domain.findings import RecordedEvent
from coop.domain.notification import Notification, OutboxState
from coop.store.core import StoreCore, insert_new
from coop.store.events import read_event
from coop.store.models import AcknowledgementRow, EventRow, OutboxRow, TellingRow
from coop.store.outbox import notification_of, queue_messages

_UNSENT = (OutboxState.FAILED.value, OutboxState.REPLACED.value)
_ARRIVED = (OutboxState.SENT.value, OutboxState.UNCERTAIN.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """``message``: the key of the notification that began the message which tells a chat of a visit."""

    chat: str
    visit: str
    message: str
    made: datetime


class Tellings(StoreCore):
    def tellings(
        self, *, visit: str | None = None, message: str | None = None, chat: str | None = None
    ) -> tuple[Telling, ...]:
        """What tells of a visit, or what a message tells, in the order in which it came."""
        query = select(TellingRow).order_by(TellingRow.made, TellingRow.visit)
        for column, value in (
            (TellingRow.visit, visit), (TellingRow.message, message), (TellingRow.chat, chat)
        ):  # fmt: skip
            if value is not None:
                query = query.where(column == value)
        return self._read(
            lambda session: tuple(
                Telling(chat=r.chat, visit=r.visit, message=r.message, made=r.made)
                for r in session.scalars(query)
            )
        )

    def last_told(self, chat: str, topic: str, *, alarm: bool) -> Telling | None:
        """The newest message of a chat on a topic that was not given up."""
        query = select(OutboxRow).where(
            OutboxRow.chat == chat, OutboxRow.topic == topic, OutboxRow.alarm.is_(alarm),
            OutboxRow.edits.is_(None), OutboxRow.again.is_(None), OutboxRow.made.is_not(None),
            OutboxRow.state.not_in(_UNSENT),
        )  # fmt: skip
        row = self._read(lambda session: session.scalar(query.order_by(OutboxRow.id.desc()).limit(1)))
        return (
            None
            if row is None or row.made is None
            else Telling(chat=chat, visit="", message=row.key, made=row.made)
        )

    def open_batch(self, chat: str, since: datetime) -> str | None:
        """The routine message about visits that a chat got last, if it began after ``since``."""
        query = (
            select(OutboxRow.key)
            .join(TellingRow, TellingRow.message == OutboxRow.key)
            .where(
                OutboxRow.chat == chat, OutboxRow.alarm.is_(False), OutboxRow.edits.is_(None),
                OutboxRow.made > since, OutboxRow.state.not_in(_UNSENT),
            )
            .order_by(OutboxRow.id.desc())
            .limit(1)
        )  # fmt: skip
        return self._read(lambda session: session.scalar(query))

    def repeats_of(self, message: str) -> tuple[str, ...]:
        """The notifications that repeated an alarm."""
        query = select(OutboxRow.key).where(OutboxRow.again == message).order_by(OutboxRow.id)
        return self._read(lambda session: tuple(session.scalars(query)))

    def events_of(self, visits: Collection[str]) -> tuple[RecordedEvent, ...]:
        """What happened in some visits, oldest first."""
        query = select(EventRow).where(EventRow.visit.in_(list(visits))).order_by(EventRow.time, EventRow.key)
        return self._read(lambda session: tuple(read_event(row) for row in session.scalars(query)))

    def events_by_key(self, keys: Collection[str]) -> tuple[RecordedEvent, ...]:
        """Some events by their keys; unknown ones are left out."""
        query = select(EventRow).where(EventRow.key.in_(list(keys)))
        return self._read(lambda session: tuple(read_event(row) for row in session.scalars(query)))

    def visits_of_events(self, keys: Collection[str]) -> frozenset[str]:
        """The visits that some events, named by their keys, belong to."""
        query = select(EventRow.visit).where(EventRow.key.in_(list(keys)), EventRow.visit.is_not(None))
        return self._read(lambda session: frozenset(session.scalars(query)))

    def queue(self, messages: Sequence[Notification], now: datetime) -> None:
        """Put messages into the outbox that come of no new finding."""
        if messages:
            self._write(lambda session: queue_messages(session, messages, now))

    # Alarms

    def acknowledge(self, alarm: str, who: str, at: datetime, messages: Sequence[Notification] = ()) -> bool:
        """Somebody has seen an alarm: it is told no more. Returns False where it was seen before."""

        def work(session: Session) -> bool:
            values = {"alarm": alarm, "who": who, "at": at}
            new = insert_new(session, AcknowledgementRow, ["alarm"], [values]) > 0
            if new:
                queue_messages(session, messages, at)
            return new

        return self._write(work)

    def acknowledged(self, alarms: Collection[str]) -> dict[str, tuple[str, datetime]]:
        """Who saw which of these alarms first, and when."""
        query = select(AcknowledgementRow).where(AcknowledgementRow.alarm.in_(list(alarms)))
        return self._read(lambda session: {r.alarm: (r.who, r.at) for r in session.scalars(query)})

    def repeat_alarms(self, now: datetime, waits: Sequence[timedelta]) -> int:
        """Tell alarms anew that nobody has seen, each after the next of ``waits``; returns how many.

        The wait begins when the message before has arrived. After the last wait nobody is asked any more.
        """
        oldest = now - sum(waits, timedelta()) - timedelta(hours=1)
        query = select(OutboxRow).where(
            OutboxRow.alarm, OutboxRow.edits.is_(None), OutboxRow.again.is_(None),
            OutboxRow.made.is_not(None), OutboxRow.made > oldest, OutboxRow.buttons.is_not(None),
        )  # fmt: skip
        if not self._read(lambda session: session.scalar(query.limit(1))):
            return 0  # nearly always: no write lock for nothing

        def work(session: Session) -> int:
            seen = set(session.scalars(select(AcknowledgementRow.alarm)))
            rows = [row for row in session.scalars(query) if alarm_of(row.key) not in seen]
            repeats = [note for row in rows if (note := _repeat(session, row, now, waits)) is not None]
            return queue_messages(session, repeats, now)

        return self._write(work)


def alarm_of(message: str) -> str:
    """The visit or event that an alarm's message is about."""
    return message.rpartition(":")[0]


def _repeat(
    session: Session, first: OutboxRow, now: datetime, waits: Sequence[timedelta]
) -> Notification | None:
    """The next repeat of an alarm that is due now."""
    told = session.scalars(
        select(OutboxRow)
        .where(or_(OutboxRow.id == first.id, OutboxRow.again == first.key))
        .order_by(OutboxRow.id)
    ).all()
    number, last = len(told), told[-1]
    if number > len(waits) or last.state not in _ARRIVED or last.changed + waits[number - 1] > now:
        return None
    edits = select(OutboxRow).where(and_(OutboxRow.edits == first.key))
    shown = session.scalar(edits.order_by(OutboxRow.id.desc()).limit(1)) or first
    return replace(
        notification_of(first),
        key=f"{first.key}~{number}",
        text=shown.text,
        picture=shown.picture or first.picture,
        buttons=notification_of(shown).buttons,
        again=first.key,
    )
