"""Labels given twice: to whom a visit goes a second time, and the histories that agreement is read from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from coop.domain.catalogue import QueuedVisit, SheetPicture
from coop.domain.label import Label
from coop.store.catalogue import visit_sheets
from coop.store.core import StoreCore
from coop.store.labels import in_lots, read_label, stacks
from coop.store.models import CatalogueRow, LabelLeaseRow, LabelRow, TaskVisitRow
from coop.store.queue import lease_visits

DOUBLE = "double"
"""The reason of a visit that a second person shall label, and how such a label is given."""


class Quality(StoreCore):
    def next_doubles(
        self,
        task: str,
        who: str,
        now: datetime,
        *,
        count: int,
        lease: timedelta,
        without: Collection[str] = (),
        holder: str | None = None,
    ) -> tuple[QueuedVisit, ...]:
        """Visits chosen for a second judgement that ``who`` never labelled, leased as by `next_visits`.

        ``holder``: under which name they are leased, where that is not ``who``. Their pictures come without
        label and suggestion, so that nobody sees what the first person said.
        """
        theirs = exists().where(
            LabelRow.task == task,
            LabelRow.picture == CatalogueRow.picture,
            CatalogueRow.visit == TaskVisitRow.visit,
            (LabelRow.who == who) | (LabelRow.how == DOUBLE),
        )
        elsewhere = exists().where(
            LabelLeaseRow.task == task,
            LabelLeaseRow.visit == TaskVisitRow.visit,
            LabelLeaseRow.who != (holder or who),
            LabelLeaseRow.until > now,
        )
        query = select(TaskVisitRow).where(
            TaskVisitRow.task == task,
            TaskVisitRow.open == 0,
            TaskVisitRow.reason == DOUBLE,
            TaskVisitRow.pictures > 0,
            ~theirs,
            ~elsewhere,
        )

        def work(session: Session) -> tuple[QueuedVisit, ...]:
            asked = query.where(TaskVisitRow.visit.not_in(list(without))) if without else query
            rows = session.scalars(asked.order_by(TaskVisitRow.began, TaskVisitRow.visit).limit(count)).all()
            lease_visits(session, task, [row.visit for row in rows], holder or who, now + lease)
            pictures = visit_sheets(session, task, [row.visit for row in rows])
            return tuple(
                QueuedVisit(
                    visit=row.visit,
                    reason=DOUBLE,
                    score=0.0,
                    leased_until=now + lease,
                    pictures=tuple(_blind(sheet) for sheet in pictures[row.visit]),
                    blind=True,
                )
                for row in rows
            )

        return self._write(work, durable=False)

    def doubles_waiting(self, task: str, who: str) -> int:
        """How many visits `next_doubles` has for a person, leases apart."""
        theirs = exists().where(
            LabelRow.task == task,
            LabelRow.picture == CatalogueRow.picture,
            CatalogueRow.visit == TaskVisitRow.visit,
            (LabelRow.who == who) | (LabelRow.how == DOUBLE),
        )
        query = select(func.count()).where(
            TaskVisitRow.task == task,
            TaskVisitRow.open == 0,
            TaskVisitRow.reason == DOUBLE,
            TaskVisitRow.pictures > 0,
            ~theirs,
        )
        return self._read(lambda session: session.scalar(query) or 0)

    def histories(self, task: str, hows: Collection[str]) -> dict[str, tuple[Label, ...]]:
        """The judgements that stand, oldest first, of each picture that has one given in one of these ways.

        What was taken back is left out, and so is the taking back.
        """
        having = select(LabelRow.picture).where(LabelRow.task == task, LabelRow.how.in_(list(hows)))
        query = select(LabelRow).where(LabelRow.task == task, LabelRow.picture.in_(having))

        def work(session: Session) -> dict[str, tuple[Label, ...]]:
            logs: dict[str, list[Label]] = {}
            for row in session.scalars(query.order_by(LabelRow.id)):
                logs.setdefault(row.picture, []).append(read_label(row))
            return {picture: standing for picture, log in logs.items() if (standing := _standing(log))}

        return self._read(work)

    def visits_of(self, pictures: Collection[str]) -> dict[str, str]:
        """The visit of each catalogued picture."""
        query = select(CatalogueRow.picture, CatalogueRow.visit)
        return self._read(
            lambda session: {
                row[0]: row[1]
                for some in in_lots(pictures)
                for row in session.execute(query.where(CatalogueRow.picture.in_(some)))
            }
        )


def _blind(sheet: SheetPicture) -> SheetPicture:
    return replace(sheet, value=None, who=None, at=None, suggestion=None)


def _standing(log: list[Label]) -> tuple[Label, ...]:
    """The labels of a picture that nobody took back. One without a batch cannot be taken back."""
    undoes = {label.batch or "": label.undoes for label in log}
    done, _ = stacks([(label.batch or "", label.undoes) for label in log])
    kept = set()
    for batch in done:
        while (before := undoes.get(batch)) is not None:  # a redo stands for what it brought back
            batch = before
        kept.add(batch)
    return tuple(label for label in log if label.undoes is None and (label.batch or "") in kept)
