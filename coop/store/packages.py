"""Which model package is at work for each task."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from coop.errors import StoreError
from coop.store.core import StoreCore
from coop.store.models import ActiveModelRow


class ActivePackages(StoreCore):
    """A package is named by its folder inside the models folder, so that a restored backup still finds it."""

    def activate(self, task: str, package: str, now: datetime) -> None:
        """Put a package to work; the one before it is remembered for `rollback`."""

        def work(session: Session) -> None:
            row = session.get(ActiveModelRow, task)
            if row is None:
                session.add(ActiveModelRow(task=task, package=package, since=now, previous=None))
            elif row.package != package:
                row.previous, row.package, row.since = row.package, package, now

        self._write(work)

    def active(self, task: str) -> str | None:
        """The package at work for a task; None where none was ever chosen."""
        row = self._read(lambda session: session.get(ActiveModelRow, task))
        return None if row is None else row.package

    def active_packages(self) -> dict[str, str]:
        """Task to package, for every task that has one."""
        query = select(ActiveModelRow).order_by(ActiveModelRow.task)
        return self._read(lambda session: {row.task: row.package for row in session.scalars(query)})

    def revocable(self) -> tuple[str, ...]:
        """The tasks whose package has one before it."""
        query = select(ActiveModelRow.task).where(ActiveModelRow.previous.is_not(None))
        return self._read(lambda session: tuple(session.scalars(query.order_by(ActiveModelRow.task))))

    def rollback(self, task: str, now: datetime) -> str:
        """Put the package before this one back to work and return it; a second rollback undoes the first."""

        def work(session: Session) -> str:
            row = session.get(ActiveModelRow, task)
            if row is None or row.previous is None:
                raise StoreError(f"The task {task!r} has no earlier model package. Nothing was changed")
            row.previous, row.package, row.since = row.package, row.previous, now
            return row.package

        return self._write(work)
