"""The store: everything the program remembers, as domain values."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import text
from sqlalchemy.orm import Session

from coop.errors import StoreCorrupt
from coop.store.backup import Backup
from coop.store.browsing import Browsing
from coop.store.catalogue import Catalogue
from coop.store.chats import Chats
from coop.store.clusters import Clusters
from coop.store.corrections import Corrections
from coop.store.datasets import Datasets
from coop.store.eggs import Eggs
from coop.store.engine import open_engine
from coop.store.events import Events
from coop.store.labels import Labels
from coop.store.logins import Logins
from coop.store.media import Media
from coop.store.nests import Nests
from coop.store.outbox import Outbox
from coop.store.packages import ActivePackages
from coop.store.quality import Quality
from coop.store.queue import Queue
from coop.store.record import Recording
from coop.store.retention import Retention
from coop.store.schema import upgrade_engine
from coop.store.status import Status
from coop.store.survey import Survey
from coop.store.tasks import Tasks
from coop.store.tellings import Tellings
from coop.store.thinning import Thinning
from coop.store.trainings import Trainings
from coop.store.visits import Visits


class Store(
    Recording, Visits, Events, Nests, Eggs, Outbox, Tellings, Corrections, Chats, Tasks, Labels, Catalogue,
    Queue, Survey, Quality, Clusters, Datasets, Browsing, Logins, ActivePackages, Trainings, Status,
    Retention, Thinning, Backup,
):  # fmt: skip
    """One opened store; each base class is one noun of it, in a module of its own.

    Any thread may call any method. Reading happens in the calling thread, writing in the one writer thread,
    whose commit the caller waits for. Every method may raise StoreUnavailable (later may work) or
    StoreCorrupt.
    """

    @classmethod
    def open(cls, url: str, media_dir: Path) -> Self:
        """Open a database by its URL (SQLite or PostgreSQL), creating or migrating its tables.

        ``media_dir`` is made with the first picture.
        """
        engine = open_engine(url)
        try:
            upgrade_engine(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, Media(media_dir))

    def check(self) -> None:
        """Read the whole database and raise StoreCorrupt if it is damaged. Takes a second for some 100 MB."""
        if self._engine.dialect.name == "sqlite":
            verdict = self._read(lambda session: session.scalar(text("PRAGMA quick_check(1)")))
            if verdict != "ok":
                raise StoreCorrupt(
                    self.where, f"it is damaged ({verdict})", "Put back the latest backup with `coop restore`"
                )
        self._write(_touch)

    def hurry(self) -> None:
        """The program is about to end: wait no longer than half a second for a locked database."""
        self._writer.hurry()

    def close(self) -> None:
        """Finish what was handed in, and let go of the database. Closing twice is harmless."""
        self._writer.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _touch(session: Session) -> None:
    """Take the write lock and let it go: shows whether the database can be written at all."""
    session.connection()
