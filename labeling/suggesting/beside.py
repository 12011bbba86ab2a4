"""Suggestions kept up to date beside the page, in a process of their own.

Looking at pictures takes a processor and some hundred megabytes; in another process, at low priority, neither
is missed by whoever labels.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from threading import Event

from coop.errors import CoopError
from coop.settings import Settings
from coop.store.store import Store
from labeling.suggesting.head import Learns

log = logging.getLogger(__name__)

AGAIN_S = 60.0
"""Not more often than that, since each time all pictures of the tasks are looked through."""

LABELLING_S = 5.0
"""Somebody labels, if the newest label is not older."""

WORK_S, REST_S = 1.0, 4.0
"""Meanwhile so much work is followed by so much rest: a key must not wait for a processor."""

OpenStore = Callable[[Settings], Store]


class Suggesting:
    """A job of the page's background: whenever something was labelled or came in, suggest again.

    ``open_store`` and ``learn`` go into the other process, so they are functions of modules.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        open_store: OpenStore,
        learn: Learns,
        *,
        again_s: float = AGAIN_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._settings = settings
        self._open_store = open_store
        self._learn = learn
        self._again_s = again_s
        self._monotonic = monotonic
        self._child: BaseProcess | None = None
        self._seen: object = None
        self._not_before = 0.0

    def __call__(self, stop: Event) -> bool:
        if self._child is not None:
            if self._child.is_alive():
                return False
            if self._child.exitcode:
                log.warning("Making suggestions ended with status %s: see above", self._child.exitcode)
            self._child = None
            self._not_before = self._monotonic() + self._again_s
        now = self._state()
        if now == self._seen or self._monotonic() < self._not_before:
            return False
        self._seen = now
        # Not forked: the store's threads and its open database would come along half.
        context = multiprocessing.get_context("spawn")
        self._child = context.Process(
            target=_suggest_all,
            args=(self._settings, self._open_store, self._learn),
            name="labelling-suggestions",
            daemon=True,  # ends with the page; what was suggested so far is kept
        )
        self._child.start()
        return False

    @property
    def is_busy(self) -> bool:
        return self._child is not None and self._child.is_alive()

    def _state(self) -> object:
        """Changes whenever there may be something to suggest."""
        return (
            tuple((task, self._store.progress(task.name)) for task in self._store.tasks()),
            tuple(self._store.active_packages().items()),
        )


class GivingWay:
    """Rests now and then while somebody labels, and never while nobody does."""

    def __init__(
        self,
        newest_label: Callable[[], datetime | None],
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._newest_label = newest_label
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._rested = monotonic()

    def __call__(self) -> None:
        if self._monotonic() - self._rested < WORK_S:
            return
        newest = self._newest_label()
        if newest is not None and self._clock() - newest < timedelta(seconds=LABELLING_S):
            self._sleep(REST_S)
        self._rested = self._monotonic()


def _end_with_the_page() -> None:
    """A page that was killed can stop nothing any more, so this process watches for that itself."""
    page = multiprocessing.parent_process()
    if page is not None:
        page.join()
        os._exit(1)


def _suggest_all(settings: Settings, open_store: OpenStore, learn: Learns) -> None:
    from rich.console import Console

    from labeling.commands.suggesting import run_suggest

    threading.Thread(target=_end_with_the_page, daemon=True).start()
    try:
        with open_store(settings) as store:
            breathe = GivingWay(store.newest_label, clock=lambda: datetime.now(UTC))
            run_suggest(store, (), settings, learn, Console(quiet=True), breathe=breathe)
    except CoopError as error:
        log.warning("No suggestions: %s", error)
        raise SystemExit(1) from None
