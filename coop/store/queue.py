"""The queue of the labelling page: which visit comes next, and to whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session

from coop.domain.catalogue import Progress, QueuedVisit
from coop.store.catalogue import visit_sheets
from coop.store.core import StoreCore, upsert
from coop.store.models import LabelLeaseRow, TaskVisitRow


class Queue(StoreCore):
    def next_visits(
        self,
        task: str,
        who: str,
        now: datetime,
        *,
        count: int,
        lease: timedelta,
        without: Collection[str] = (),
    ) -> tuple[QueuedVisit, ...]:
        """The visits that wait most for a label, leased to ``who``: until then nobody else gets them.

        ``without``: visits that the page has already. Those leased to ``who`` before come again, so a page
        that was closed goes on where it was.
        """

        def work(session: Session) -> tuple[QueuedVisit, ...]:
            session.execute(delete(LabelLeaseRow).where(LabelLeaseRow.until <= now))
            elsewhere = exists().where(
                LabelLeaseRow.task == task,
                LabelLeaseRow.visit == TaskVisitRow.visit,
                LabelLeaseRow.who != who,
            )
            query = select(TaskVisitRow).where(TaskVisitRow.task == task, TaskVisitRow.open > 0, ~elsewhere)
            if without:
                query = query.where(TaskVisitRow.visit.not_in(list(without)))
            query = query.order_by(TaskVisitRow.turn, TaskVisitRow.began, TaskVisitRow.visit)
            rows = session.scalars(query.limit(count)).all()
            lease_visits(session, task, [row.visit for row in rows], who, now + lease)
            pictures = visit_sheets(session, task, [row.visit for row in rows])
            return tuple(
                QueuedVisit(
                    visit=row.visit,
                    reason=row.reason,
                    score=-row.turn,
                    leased_until=now + lease,
                    pictures=pictures[row.visit],
                    blind=row.reason == "audit",
                )
                for row in rows
            )

        return self._write(work, durable=False)

    def renew_leases(
        self, task: str, who: str, visits: Collection[str], now: datetime, lease: timedelta
    ) -> frozenset[str]:
        """Keep visits a while longer; returns those that ``who`` still has."""

        def work(session: Session) -> frozenset[str]:
            mine = set(
                session.scalars(
                    select(LabelLeaseRow.visit).where(
                        LabelLeaseRow.task == task,
                        LabelLeaseRow.who == who,
                        LabelLeaseRow.visit.in_(list(visits)),
                    )
                )
            )
            lease_visits(session, task, mine, who, now + lease)
            return frozenset(mine)

        return self._write(work, durable=False)

    def release(self, task: str, who: str, visits: Collection[str] | None = None) -> None:
        """Let visits go to others; all that ``who`` has where none are named."""

        def work(session: Session) -> None:
            gone = delete(LabelLeaseRow).where(LabelLeaseRow.task == task, LabelLeaseRow.who == who)
            if visits is not None:
                gone = gone.where(LabelLeaseRow.visit.in_(list(visits)))
            session.execute(gone)

        self._write(work, durable=False)

    def score_visits(self, task: str, scores: Mapping[str, tuple[float, str]]) -> None:
        """Set how much each visit waits for a label (the highest first), and why."""

        def work(session: Session) -> None:
            statement = (
                update(TaskVisitRow)
                .where(TaskVisitRow.task == task, TaskVisitRow.visit == bindparam("which"))
                .values(turn=bindparam("turn"), reason=bindparam("reason"))
            )
            values = [
                {"which": visit, "turn": -score, "reason": reason}
                for visit, (score, reason) in scores.items()
            ]
            if values:
                session.connection().execute(statement, values)

        self._write(work, durable=False)

    def progress(self, task: str) -> Progress:
        """How far a task is."""
        query = select(
            func.coalesce(func.sum(TaskVisitRow.pictures), 0),
            func.count(),
            func.coalesce(func.sum(TaskVisitRow.open), 0),
            func.count().filter(TaskVisitRow.open > 0),
        ).where(TaskVisitRow.task == task)
        row = self._read(lambda session: session.execute(query).one())
        return Progress(
            pictures=int(row[0]), visits=int(row[1]), open_pictures=int(row[2]), open_visits=int(row[3])
        )


def lease_visits(session: Session, task: str, visits: Collection[str], who: str, until: datetime) -> None:
    values = [{"task": task, "visit": visit, "who": who, "until": until} for visit in visits]
    upsert(session, LabelLeaseRow, ["task", "visit"], values)
