"""Which model package is at work for each task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from coop.domain.notification import Notification
from coop.errors import StoreError
from coop.store.core import StoreCore
from coop.store.models import ActiveModelRow
from coop.store.outbox import queue_messages

NOTHING = ""
"""No package: a task is left out, or the starter stands in, as before the first model."""


class ActivePackages(StoreCore):
    """A package is named by its folder inside the models folder, so that a restored backup still finds it."""

    def activate(self, task: str, package: str, now: datetime) -> None:
        """Put a package to work; the one before it is remembered for `rollback`."""
        self._write(lambda session: put_to_work(session, task, package, now))

    def active(self, task: str) -> str | None:
        """The package at work for a task; None where none was ever chosen, or none was gone back to."""
        row = self._read(lambda session: session.get(ActiveModelRow, task))
        return None if row is None else row.package or None

    def active_packages(self) -> dict[str, str]:
        """Task to package, for every task that has one."""
        query = select(ActiveModelRow).where(ActiveModelRow.package != NOTHING).order_by(ActiveModelRow.task)
        return self._read(lambda session: {row.task: row.package for row in session.scalars(query)})

    def revocable(self) -> tuple[str, ...]:
        """The tasks whose package has one before it."""
        query = select(ActiveModelRow.task).where(ActiveModelRow.previous.is_not(None))
        return self._read(lambda session: tuple(session.scalars(query.order_by(ActiveModelRow.task))))

    def previous(self, task: str) -> str | None:
        """What a rollback would put to work: NOTHING, where the first model is at work that was promoted."""
        row = self._read(lambda session: session.get(ActiveModelRow, task))
        return None if row is None else row.previous

    def rollback(
        self,
        task: str,
        now: datetime,
        messages: Sequence[Notification] = (),
        *,
        instead_of: str | None = None,
    ) -> str:
        """Put the package before this one back to work and return it; a second rollback undoes the first.

        ``messages`` are put into the outbox in the same transaction. ``instead_of``: only where this package
        is at work. Raises StoreError where there is nothing to go back to.
        """

        def work(session: Session) -> str:
            row = session.get(ActiveModelRow, task)
            if row is None or row.previous is None:
                raise StoreError(f"The task {task!r} has no earlier model package. Nothing was changed")
            if instead_of not in (None, row.package):
                raise StoreError(f"{instead_of} is not at work for {task!r} any more. Nothing was changed")
            row.previous, row.package, row.since = row.package, row.previous, now
            queue_messages(session, messages, now)
            return row.package

        return self._write(work)


def put_to_work(
    session: Session, task: str, package: str, now: datetime, *, instead: str | None = None
) -> None:
    """Put a package to work. ``instead``: what goes, where no package was chosen so far."""
    row = session.get(ActiveModelRow, task)
    if row is None:
        session.add(ActiveModelRow(task=task, package=package, since=now, previous=instead))
    elif row.package != package:
        row.previous, row.package, row.since = row.package, package, now
