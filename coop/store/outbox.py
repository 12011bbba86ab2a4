"""The outbox: messages on their way, with every step committed before and after the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from coop.domain.notification import Button, Keyboard, Notification, OutboxItem, OutboxState
from coop.errors import StoreError
from coop.store.core import StoreCore, insert_new
from coop.store.delivery import after_doubt
from coop.store.models import OutboxRow, TellingRow

_APART = {"buttons", "tells"}
_NOTIFICATION = tuple(field.name for field in fields(Notification) if field.name not in _APART)
_INTERRUPTED = "the program stopped while it was being sent"


class Outbox(StoreCore):
    def due(self, now: datetime, limit: int = 20) -> tuple[OutboxItem, ...]:
        """What shall be sent now, oldest first.

        An edit comes only once its message is sent and its id known, and only the newest edit of a message.
        What need not be sent any more is settled on the way: expired messages, replaced edits, edits of
        nothing.
        """
        waiting = select(OutboxRow.id).where(OutboxRow.state == OutboxState.NEW.value).limit(1)
        if self._read(lambda session: session.scalar(waiting)) is None:
            return ()  # most of the time: no write lock for nothing
        return self._write(lambda session: _due(session, now, limit))

    def begin_sending(self, id: int, now: datetime) -> bool:
        """Commit, before the network is touched, that an item is being sent.

        Returns False where it is not to be sent any more (another process was quicker, or it was settled).
        """

        def work(session: Session) -> bool:
            row = _row(session, id)
            if row.state != OutboxState.NEW.value:
                return False
            row.state = OutboxState.SENDING.value
            row.attempts += 1
            row.changed = now
            return True

        return self._write(work)

    def finish_sent(self, id: int, message_id: str, now: datetime) -> None:
        """The messenger has it under ``message_id``."""

        def work(session: Session) -> None:
            row = _row(session, id)
            row.state = OutboxState.SENT.value
            row.message_id = message_id
            row.problem = ""
            row.changed = now

        self._write(work)

    def finish_uncertain(self, id: int, problem: str, now: datetime) -> OutboxState:
        """Nobody knows whether it arrived. Returns what becomes of it: NEW (sent again) or UNCERTAIN."""

        def work(session: Session) -> OutboxState:
            return _doubt(_row(session, id), problem, now)

        return self._write(work)

    def retry_later(self, id: int, not_before: datetime, problem: str) -> None:
        """It surely did not arrive: send it again, not before a moment."""

        def work(session: Session) -> None:
            row = _row(session, id)
            row.state = OutboxState.NEW.value
            row.not_before = not_before
            row.problem = problem

        self._write(work)

    def fail(self, id: int, problem: str) -> None:
        """It surely did not arrive, and never will."""

        def work(session: Session) -> None:
            row = _row(session, id)
            row.state = OutboxState.FAILED.value
            row.problem = problem

        self._write(work)

    def recover_outbox(self, now: datetime) -> tuple[OutboxItem, ...]:
        """Settle what a crash left half-sent, and return it. To be called once, before the first sending."""

        def work(session: Session) -> tuple[OutboxItem, ...]:
            query = select(OutboxRow).where(OutboxRow.state == OutboxState.SENDING.value)
            rows = session.scalars(query.order_by(OutboxRow.id)).all()
            for row in rows:
                _doubt(row, _INTERRUPTED, now)
            return tuple(_item(row) for row in rows)

        return self._write(work)

    def outbox_counts(self) -> dict[OutboxState, int]:
        """How many items are in each state; every state is named."""
        query = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
        counts = self._read(lambda session: {row[0]: row[1] for row in session.execute(query)})
        return {state: counts.get(state.value, 0) for state in OutboxState}

    def outbox_item(self, key: str) -> OutboxItem | None:
        """The item of one notification."""
        query = select(OutboxRow).where(OutboxRow.key == key)
        row = self._read(lambda session: session.scalar(query))
        return None if row is None else _item(row)


def queue_messages(session: Session, notes: Sequence[Notification], now: datetime) -> int:
    """Put messages into the outbox with the visits that they tell; those that are there are left alone."""
    tellings = [
        {"chat": note.chat, "visit": visit, "message": note.edits or note.key, "made": now}
        for note in notes
        for visit in note.tells
    ]
    insert_new(session, TellingRow, ["chat", "visit"], tellings)
    return insert_new(session, OutboxRow, ["key"], [notification_values(note, now) for note in notes])


def notification_values(notification: Notification, now: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(notification, name) for name in _NOTIFICATION},
        "buttons": [[[b.text, b.press] for b in row] for row in notification.buttons] or None,
        "made": now,
        "state": OutboxState.NEW.value,
        "attempts": 0,
        "repeat": False,
        "not_before": now,
        "message_id": None,
        "problem": "",
        "changed": now,
    }


def _due(session: Session, now: datetime, limit: int) -> tuple[OutboxItem, ...]:
    _settle_expired(session, now)
    _settle_edits(session)
    original = aliased(OutboxRow)
    query = (
        select(OutboxRow, original.message_id)
        .outerjoin(original, original.key == OutboxRow.edits)
        .where(_NEW, OutboxRow.not_before <= now)
        .where(
            or_(OutboxRow.edits.is_(None), and_(original.message_id.is_not(None), ~_another_edit_under_way()))
        )
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return tuple(_item(row, original_id) for row, original_id in session.execute(query))


_NEW = OutboxRow.state == OutboxState.NEW.value


def _settle_expired(session: Session, now: datetime) -> None:
    expired = and_(_NEW, OutboxRow.expires <= now)
    # One that may have arrived has not failed for sure.
    for repeat, state in ((False, OutboxState.FAILED), (True, OutboxState.UNCERTAIN)):
        session.execute(
            update(OutboxRow)
            .where(expired, OutboxRow.repeat.is_(repeat))
            .values(state=state.value, problem="expired", changed=now)
        )


def _settle_edits(session: Session) -> None:
    """Drop edits that a newer one makes needless, and those whose message will never be there to change."""
    newer, original = aliased(OutboxRow), aliased(OutboxRow)
    overtaken = exists().where(
        newer.edits == OutboxRow.edits,
        newer.id > OutboxRow.id,
        newer.state.not_in([OutboxState.FAILED.value, OutboxState.REPLACED.value]),
    )
    session.execute(
        update(OutboxRow)
        .where(_NEW, OutboxRow.edits.is_not(None), overtaken)
        .values(state=OutboxState.REPLACED.value, problem="")
    )
    possible = exists().where(
        original.key == OutboxRow.edits,
        or_(
            original.message_id.is_not(None),
            original.state.in_([OutboxState.NEW.value, OutboxState.SENDING.value]),
        ),
    )
    session.execute(
        update(OutboxRow)
        .where(_NEW, OutboxRow.edits.is_not(None), ~possible)
        .values(state=OutboxState.FAILED.value, problem="the message to change was never surely sent")
    )


def _another_edit_under_way() -> ColumnElement[bool]:
    # Two edits at once might arrive in the wrong order.
    other = aliased(OutboxRow)
    return exists().where(other.edits == OutboxRow.edits, other.state == OutboxState.SENDING.value)


def _doubt(row: OutboxRow, problem: str, now: datetime) -> OutboxState:
    verdict = after_doubt(_item(row))
    row.state = verdict.state.value
    row.repeat = verdict.repeat
    row.problem = problem
    row.not_before = now
    row.changed = now
    return verdict.state


def _row(session: Session, id: int) -> OutboxRow:
    row = session.get(OutboxRow, id)
    if row is None:
        raise StoreError(f"The outbox has no item {id}. Use an id that `due` gave")
    return row


def _item(row: OutboxRow, original_id: str | None = None) -> OutboxItem:
    return OutboxItem(
        id=row.id,
        notification=notification_of(row),
        state=OutboxState(row.state),
        attempts=row.attempts,
        not_before=row.not_before,
        message_id=row.message_id or original_id,
        problem=row.problem,
        repeat=row.repeat,
    )


def notification_of(row: OutboxRow) -> Notification:
    """The notification of a row; which visits it tells stands in a table of its own."""
    return Notification(
        **{name: getattr(row, name) for name in _NOTIFICATION}, buttons=_keyboard(row.buttons)
    )


def _keyboard(rows: list[list[list[str]]] | None) -> Keyboard:
    return tuple(tuple(Button(text=text, press=press) for text, press in row) for row in rows or ())
