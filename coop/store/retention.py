"""Making room: the oldest pictures go first; labelled, imported and still unsent ones are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from coop.domain.catalogue import DAEMON
from coop.domain.notification import OutboxState
from coop.errors import DiskFull
from coop.store.core import StoreCore
from coop.store.labels import count_open_again
from coop.store.models import CatalogueRow, LabelRow, OutboxRow, PictureRow

_BATCH = 50
"""Pictures per transaction. A crash leaves at most so many files for the sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What retention did: pictures deleted and their bytes, and pictures and bytes that are kept.

    ``short`` is True where a limit is still exceeded, since all that is left is labelled, imported or waits
    to be sent.
    """

    deleted: int
    deleted_bytes: int
    kept: int
    kept_bytes: int
    short: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    key: str
    path: str
    bytes: int
    time: datetime


class Retention(StoreCore):
    def retain(
        self,
        now: datetime,
        *,
        max_age_days: float | None = None,
        max_bytes: int | None = None,
        min_free_bytes: int | None = None,
        free_bytes: Callable[[], int],
    ) -> Retained:
        """Delete the files of the oldest pictures until every limit is kept; None is no limit.

        The rows remain, so the record of what happened does not change. In one run no more is deleted for the
        sake of free space than was missing when it began, whoever else is filling the disk meanwhile.
        """
        oldest = None if max_age_days is None else now - timedelta(days=max_age_days)
        missing = 0 if min_free_bytes is None else max(0, min_free_bytes - free_bytes())
        _, total = self._read(_kept)
        deleted = deleted_bytes = 0

        def excess() -> int:
            """How many bytes have still to go, whatever their age."""
            still_missing = missing - deleted_bytes
            if min_free_bytes is not None and still_missing > 0:
                still_missing = min(still_missing, min_free_bytes - free_bytes())
            over = 0 if max_bytes is None else total - deleted_bytes - max_bytes
            return max(0, still_missing, over)

        while batch := _due_to_go(self._read(_candidates), oldest, excess()):
            self._delete(batch, now)
            deleted += len(batch)
            deleted_bytes += sum(candidate.bytes for candidate in batch)
        kept, kept_bytes = self._read(_kept)
        return Retained(
            deleted=deleted,
            deleted_bytes=deleted_bytes,
            kept=kept,
            kept_bytes=kept_bytes,
            short=excess() > 0,
        )

    def _delete(self, batch: Sequence[_Candidate], now: datetime) -> None:
        """Rows before files: whatever a crash leaves is a file without a row, which the sweep removes."""
        try:
            self._mark_deleted(batch, now)
        except DiskFull:
            # Not even room for the rows. Then files first, or the disk would stay full for ever; a crash
            # between leaves rows whose file is gone, and the next run marks them.
            self._remove_files(batch)
            self._mark_deleted(batch, now)
        else:
            self._remove_files(batch)

    def _mark_deleted(self, batch: Sequence[_Candidate], now: datetime) -> None:
        keys = [candidate.key for candidate in batch]

        def work(session: Session) -> None:
            session.execute(update(PictureRow).where(PictureRow.key.in_(keys)).values(deleted=now))
            count_open_again(session, keys)

        self._write(work)

    def _remove_files(self, batch: Sequence[_Candidate]) -> None:
        for candidate in batch:
            self._media.remove(candidate.path)


def _due_to_go(
    candidates: Sequence[_Candidate], oldest: datetime | None, excess: int
) -> tuple[_Candidate, ...]:
    """Those of the oldest candidates that are too old, or needed to bring ``excess`` bytes down."""
    going = []
    for candidate in candidates:
        too_old = oldest is not None and candidate.time < oldest
        if not too_old and excess <= 0:
            break
        going.append(candidate)
        excess -= candidate.bytes
    return tuple(going)


def _candidates(session: Session) -> tuple[_Candidate, ...]:
    rows = session.scalars(
        select(PictureRow)
        .where(PictureRow.deleted.is_(None), ~_labelled(), ~_imported(), ~_waiting_to_be_sent())
        .order_by(PictureRow.time, PictureRow.key)
        .limit(_BATCH)
    )
    return tuple(_Candidate(row.key, row.path, row.bytes, row.time) for row in rows)


def _labelled() -> ColumnElement[bool]:
    return exists().where(LabelRow.picture == PictureRow.key)


def _imported() -> ColumnElement[bool]:
    """What a person brought in, from years ago perhaps: its age says nothing of its use."""
    return exists().where(CatalogueRow.picture == PictureRow.key, CatalogueRow.source != DAEMON)


def _waiting_to_be_sent() -> ColumnElement[bool]:
    states = [OutboxState.NEW.value, OutboxState.SENDING.value]
    return exists().where(OutboxRow.picture == PictureRow.key, OutboxRow.state.in_(states))


def _kept(session: Session) -> tuple[int, int]:
    """How many pictures have a file, and their bytes."""
    count, total = session.execute(
        select(func.count(), func.coalesce(func.sum(PictureRow.bytes), 0)).where(PictureRow.deleted.is_(None))
    ).one()
    return int(count), int(total)
