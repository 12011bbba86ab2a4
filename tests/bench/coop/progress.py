"""How far a month has been watched, kept at each midnight: a bench that was stopped goes on from there.

A day that was begun and not ended is forgotten: the record is put back as it was at midnight, and the parts
begin anew with it, as after any restart of the daemon.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

_FILE = "progress.json"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A new message: when, and its first line."""

    time: str
    said: str

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.time)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """``days`` of the month are watched to their end, in so many seconds of CPU."""

    days: int = 0
    cpu_s: float = 0.0
    messages: tuple[Told, ...] = field(default=())

    def day_watched(self, cpu_s: float, messages: tuple[Told, ...]) -> Progress:
        return replace(self, days=self.days + 1, cpu_s=self.cpu_s + cpu_s, messages=self.messages + messages)


def going_on(folder: Path) -> Progress:
    """Where a month was left, with the record in ``folder`` as it was then."""
    file = folder / _FILE
    if not file.exists():
        return Progress()
    kept = json.loads(file.read_text())
    kept["messages"] = tuple(Told(**told) for told in kept["messages"])
    progress = Progress(**kept)
    for part in folder.glob("coop.db*"):
        part.unlink()
    (folder / "coop.db").write_bytes(_midnight(folder, progress.days).read_bytes())
    return progress


def keep(folder: Path, progress: Progress) -> None:
    """Keep record and progress of this midnight; a stop at any moment leaves them, or those before."""
    copy = _midnight(folder, progress.days)
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / "coop.db")) as record:
        record.execute("VACUUM INTO ?", (str(copy),))
    part = folder / f"{_FILE}.part"
    part.write_text(json.dumps(asdict(progress), ensure_ascii=False))
    part.replace(folder / _FILE)
    _midnight(folder, progress.days - 1).unlink(missing_ok=True)


def _midnight(folder: Path, days: int) -> Path:
    return folder / f"midnight-{days}.db"
