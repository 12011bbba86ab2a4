"""Every periodic job of the daemon in one table: name, when, what."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import time, tzinfo
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


def scheduler(jobs: tuple[Job, ...], zone: tzinfo) -> AsyncIOScheduler:
    """A scheduler with these jobs, not started yet. A job never overlaps itself; missed runs are one."""
    plan = AsyncIOScheduler(timezone=zone)
    for job in jobs:
        plan.add_job(
            job.what, job.when, id=job.name, misfire_grace_time=job.grace_s, coalesce=True, max_instances=1
        )
    return plan
