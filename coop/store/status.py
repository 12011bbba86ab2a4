"""How the daemon is doing, and when its jobs last ran: for the other processes, and for a restart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy.orm import Session

from coop.domain.health import DaemonStatus
from coop.store.core import StoreCore, upsert
from coop.store.models import DaemonStatusRow, JobDoneRow

_STATUS = TypeAdapter(DaemonStatus)


class Status(StoreCore):
    def put_status(self, status: DaemonStatus) -> None:
        """Replace the daemon's row. Cheap enough for each second, since it is not flushed to the disk."""
        values = [{"id": 1, "status": _STATUS.dump_python(status, mode="json")}]

        def work(session: Session) -> None:
            upsert(session, DaemonStatusRow, ["id"], values)

        self._write(work, durable=False)

    def clear_status(self) -> None:
        """The daemon has ended as it should: nobody need wait for its row to grow old."""
        self._write(lambda session: session.execute(delete(DaemonStatusRow)))

    def status(self) -> DaemonStatus | None:
        """The daemon's row; None before its first start."""
        row = self._read(lambda session: session.get(DaemonStatusRow, 1))
        return None if row is None else decoded_status(row.status)

    def last_run(self, job: str) -> datetime | None:
        """When a job last did its work; None if it never did."""
        row = self._read(lambda session: session.get(JobDoneRow, job))
        return None if row is None else row.moment

    def set_last_run(self, job: str, moment: datetime) -> None:
        values = [{"job": job, "moment": moment}]

        def work(session: Session) -> None:
            upsert(session, JobDoneRow, ["job"], values)

        self._write(work)


def decoded_status(status: dict[str, Any]) -> DaemonStatus:
    return _STATUS.validate_python(status)
