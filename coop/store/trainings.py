"""Trainings: each is begun, goes on through any number of kills, and ends exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from coop.domain.notification import Notification
from coop.domain.training import Outcome, Training, Verdict
from coop.errors import StoreError
from coop.store.core import StoreCore
from coop.store.models import ActiveModelRow, CurrentLabelRow, LabelRow, TrainingRow
from coop.store.outbox import queue_messages
from coop.store.packages import put_to_work


class Trainings(StoreCore):
    def new_labels(self, task: str) -> int:
        """How many pictures of a task were labelled, or labelled anew, since its last training."""

        def work(session: Session) -> int:
            last = session.scalar(_newest(task).where(TrainingRow.ended.is_not(None)))
            query = select(func.count()).select_from(CurrentLabelRow).where(CurrentLabelRow.task == task)
            since = 0 if last is None else last.newest_label
            return session.scalar(query.where(CurrentLabelRow.label > since)) or 0

        return self._read(work)

    def newest_label_of(self, task: str, until: datetime | None = None) -> int:
        """The number of a task's newest label (of those given until a moment); 0 before the first."""
        query = select(func.max(LabelRow.id)).where(LabelRow.task == task)
        if until is not None:
            query = query.where(LabelRow.at <= until)
        return self._read(lambda session: session.scalar(query)) or 0

    def trainings(self, task: str) -> tuple[Training, ...]:
        """Those of a task, the newest first."""
        return self._read(lambda session: tuple(_training(row) for row in session.scalars(_newest(task))))

    def open_training(self, task: str) -> Training | None:
        """The one that was begun and has not ended; there is at most one."""
        query = _newest(task).where(TrainingRow.ended.is_(None))
        row = self._read(lambda session: session.scalar(query))
        return None if row is None else _training(row)

    def training_of(self, package: str) -> Training | None:
        """The training that made a package."""
        query = select(TrainingRow).where(TrainingRow.package == package).order_by(TrainingRow.id.desc())
        row = self._read(lambda session: session.scalar(query.limit(1)))
        return None if row is None else _training(row)

    def begin_training(
        self, task: str, version: int, package: str, newest_label: int, who: str, now: datetime
    ) -> Training:
        """Begin a training, or go on with the one that is open, whatever its version."""

        def work(session: Session) -> Training:
            row = session.scalar(_newest(task).where(TrainingRow.ended.is_(None)))
            if row is None:
                row = TrainingRow(
                    task=task, version=version, package=package, who=who, newest_label=newest_label,
                    begun=now, attempts=1, instead="", reason="",
                )  # fmt: skip
                session.add(row)
            else:
                row.attempts += 1
            session.flush()
            return _training(row)

        return self._write(work)

    def end_training(
        self,
        id: int,
        outcome: Outcome,
        now: datetime,
        *,
        verdict: Verdict | None = None,
        at_work: str | None = None,
        instead: str | None = None,
        reason: str = "",
        messages: Sequence[Notification] = (),
    ) -> bool:
        """End a training in one transaction: its outcome, the model that goes to work, who is told.

        ``at_work``: the package that the verdict is about as the one at work; ``instead`` what a rollback
        puts back (by default that one). Returns False, and changes nothing, where another package is at work
        meanwhile. Ending twice is refused with StoreError.
        """

        def work(session: Session) -> bool:
            row = session.get(TrainingRow, id)
            if row is None or row.ended is not None:
                raise StoreError(f"Training {id} is not under way")
            active = session.get(ActiveModelRow, row.task)
            if outcome is not Outcome.FAILED and (active.package or None if active else None) != at_work:
                return False
            back = instead if instead is not None else at_work or ""
            row.ended, row.outcome, row.reason, row.instead = now, outcome.value, reason, back
            row.verdict = None if verdict is None else asdict(verdict)
            if outcome is Outcome.PROMOTED:
                put_to_work(session, row.task, row.package, now, instead=back)
            queue_messages(session, messages, now)
            return True

        return self._write(work)


def _newest(task: str) -> Select[TrainingRow]:
    return select(TrainingRow).where(TrainingRow.task == task).order_by(TrainingRow.id.desc())


def _training(row: TrainingRow) -> Training:
    verdict = row.verdict
    return Training(
        id=row.id, task=row.task, version=row.version, newest_label=row.newest_label, package=row.package,
        who=row.who, begun=row.begun, attempts=row.attempts, ended=row.ended,
        outcome=None if row.outcome is None else Outcome(row.outcome), instead=row.instead,
        verdict=None if verdict is None else Verdict(**verdict | {"lacks": tuple(verdict["lacks"])}),
        reason=row.reason,
    )  # fmt: skip
