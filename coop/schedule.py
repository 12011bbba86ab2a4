"""Every periodic job of the daemon in one table: name, when, what."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import time, tzinfo
from functools import partial
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

Action = Callable[[], None] | Callable[[], Coroutine[Any, Any, None]]


class Duties(Protocol):
    """What the daemon does again and again. Plain methods run in a thread, coroutines in the loop."""

    def watch_cameras(self) -> None: ...

    def refresh_status(self) -> None: ...

    def poll_models(self) -> None: ...

    def keep_within_limits(self) -> None: ...

    def back_up(self) -> None: ...

    def queue_digest(self) -> None: ...

    async def flush_outbox(self) -> None: ...

    async def feed_watchdog(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """``grace_s``: how late a run may still start, after a sleep or a busy minute."""

    name: str
    when: BaseTrigger
    what: Action
    grace_s: int


def table(duties: Duties, *, digest: time, backup: time, zone: tzinfo) -> tuple[Job, ...]:
    """All jobs of the daemon; ``digest`` and ``backup`` are local times in ``zone``."""

    def every(seconds: float) -> BaseTrigger:
        return IntervalTrigger(seconds=seconds, timezone=zone)

    def daily(at: time) -> BaseTrigger:
        return CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=zone)

    rows = (
        ("watch cameras", every(1), duties.watch_cameras, 30),
        ("status", every(1), duties.refresh_status, 30),
        ("outbox", every(1), duties.flush_outbox, 30),
        ("watchdog", every(5), duties.feed_watchdog, 30),
        ("models", every(5), duties.poll_models, 30),
        ("retention", every(15 * 60), duties.keep_within_limits, 300),
        ("digest", daily(digest), duties.queue_digest, 3 * 3600),
        ("backup", daily(backup), duties.back_up, 6 * 3600),
    )
    return tuple(Job(name=n, when=when, what=what, grace_s=grace) for n, when, what, grace in rows)


class Timetable:
    """Runs the jobs in the running event loop. A job never overlaps itself; missed runs are one."""

    def __init__(self, jobs: tuple[Job, ...], zone: tzinfo) -> None:
        self._plan = AsyncIOScheduler(timezone=zone)
        self._running: set[asyncio.Task[None]] = set()
        for job in jobs:
            self._plan.add_job(
                partial(self._run, job),
                job.when,
                id=job.name,
                misfire_grace_time=job.grace_s,
                coalesce=True,
                max_instances=1,
            )

    def start(self) -> None:
        self._plan.start()

    async def stop(self, within: float) -> None:
        """Begin no job any more, and give those that run ``within`` seconds to end."""
        self._plan.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=within)
        self._plan.shutdown(wait=False)

    async def _run(self, job: Job) -> None:
        if inspect.iscoroutinefunction(job.what):
            task = asyncio.create_task(job.what(), name=job.name)
        else:
            task = asyncio.create_task(asyncio.to_thread(job.what), name=job.name)
        self._running.add(task)
        try:
            # Shielded: the scheduler cancels what runs when it shuts down, and half a job is none.
            await asyncio.shield(task)
        finally:
            self._running.discard(task)
