"""One thread writes; everybody else hands it work and waits for the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from coop.errors import StoreError
from coop.store.engine import LOCK_WAIT_MS, Begin, beginning
from coop.store.faults import Locked, explained

T = TypeVar("T")

PATIENCE = timedelta(seconds=5)
"""How long a write waits for a database that another process keeps locked."""


class Writer:
    """Runs pieces of work one after the other, each in its own transaction.

    SQLite has one writer at a time anyway: a queue before it is many times quicker than threads that wait for
    its lock. ``where`` names the database in messages.
    """

    def __init__(self, engine: Engine, where: str, *, patience: timedelta = PATIENCE) -> None:
        self._durable = beginning(engine, Begin.WRITE)
        self._relaxed = beginning(engine, Begin.RELAXED)
        self._where = where
        self._attempts = max(1, round(patience / timedelta(milliseconds=LOCK_WAIT_MS)))
        self._closing = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")

    def submit(self, work: Callable[[Session], T], *, durable: bool = True) -> T:
        """Run ``work`` in one transaction and give back its result once that is committed.

        ``durable=False``: a power cut (not a crash) may lose the commit, and it costs no flush to the disk.
        Raises StoreUnavailable (nothing was written; trying again later may work), StoreCorrupt, or what
        ``work`` raises. It must not call `submit` itself.
        """
        try:
            future = self._thread.submit(self._run, work, self._durable if durable else self._relaxed)
        except RuntimeError as error:
            raise StoreError(f"{self._where}: the store is closed. Open it again to write") from error
        return future.result()

    @property
    def hurries(self) -> bool:
        """Whether the program is about to end."""
        return self._closing.is_set()

    def hurry(self) -> None:
        """From now on wait for a locked database no longer than one attempt: the program is about to end."""
        self._closing.set()

    def close(self) -> None:
        """Finish what was handed in, in a hurry."""
        self.hurry()
        self._thread.shutdown()

    def _run(self, work: Callable[[Session], T], engine: Engine) -> T:
        for _ in range(self._attempts - 1):
            try:
                return self._attempt(work, engine)
            except Locked:
                if self._closing.is_set():
                    raise
        return self._attempt(work, engine)

    def _attempt(self, work: Callable[[Session], T], engine: Engine) -> T:
        with explained(self._where), Session(engine) as session, session.begin():
            return work(session)
