"""Every periodic job of the daemon in one table: name, when, what."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

log = logging.getLogger(__name__)

Action = Callable[[], None] | Callable[[], Coroutine[Any, Any, None]]


SET_BACK = timedelta(seconds=2)
"""A clock that goes back by more than this was set back."""
CLOCK_LOOK_S = 1.0


class Every(IntervalTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Every so many seconds, however the clock jumps.

    A clock set forward makes one run, where APScheduler's own trigger would first count every run of, say,
    the fifty years since a small computer's clock stood at its beginning.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds=seconds, timezone=UTC)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """In step with the run before, as long as that is ahead of ``now``."""
        interval: timedelta = self.interval
        if previous_fire_time is not None and previous_fire_time + interval > now:
            return previous_fire_time + interval
        return now + interval


class Duties(Protocol):
    """What the daemon does again and again. Plain methods run in a thread, coroutines in the loop."""

    def watch_cameras(self) -> None: ...

    def refresh_status(self) -> None: ...

    def poll_models(self) -> None: ...

    def watch_flock(self) -> None: ...

    def watch_box(self) -> None: ...

    def keep_within_limits(self) -> None: ...

    def back_up(self) -> None: ...

    def catch_up_backup(self) -> None: ...

    def queue_digest(self) -> None: ...

    def queue_weekly(self) -> None: ...

    def start_training(self) -> None: ...

    def catch_up_training(self) -> None: ...

    def repeat_alarms(self) -> None: ...

    def take_stills(self) -> None: ...

    async def flush_outbox(self) -> None: ...

    async def feed_watchdog(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """``grace_s``: how late a run may still start, after a sleep or a busy minute."""

    name: str
    when: BaseTrigger
    what: Action
    grace_s: int


def table(
    duties: Duties, *, digest: time, weekly: time, backup: time, training: time, zone: tzinfo
) -> tuple[Job, ...]:
    """All jobs of the daemon; the times (``weekly``: on Sundays) are local ones in ``zone``."""

    def daily(at: time) -> BaseTrigger:
        return CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=zone)

    def sundays(at: time) -> BaseTrigger:
        return CronTrigger(day_of_week="sun", hour=at.hour, minute=at.minute, second=at.second, timezone=zone)

    rows = (
        ("watch cameras", Every(1), duties.watch_cameras, 30),
        ("status", Every(1), duties.refresh_status, 30),
        ("outbox", Every(1), duties.flush_outbox, 30),
        ("watchdog", Every(5), duties.feed_watchdog, 30),
        ("models", Every(5), duties.poll_models, 30),
        ("flock", Every(60), duties.watch_flock, 30),
        ("box", Every(5 * 60), duties.watch_box, 60),
        ("retention", Every(15 * 60), duties.keep_within_limits, 300),
        ("digest", daily(digest), duties.queue_digest, 3 * 3600),
        ("weekly digest", sundays(weekly), duties.queue_weekly, 12 * 3600),
        ("alarms", Every(10), duties.repeat_alarms, 30),
        ("stills", Every(20), duties.take_stills, 30),
        ("backup", daily(backup), duties.back_up, 6 * 3600),
        ("missed backup", Every(3600), duties.catch_up_backup, 300),
        ("training", daily(training), duties.start_training, 6 * 3600),
        ("missed training", Every(3600), duties.catch_up_training, 300),
    )
    return tuple(Job(name=n, when=when, what=what, grace_s=grace) for n, when, what, grace in rows)


class Timetable:
    """Runs the jobs in the running event loop. A job never overlaps itself; missed runs are one."""

    def __init__(self, jobs: tuple[Job, ...], zone: tzinfo) -> None:
        self._plan = AsyncIOScheduler(timezone=zone)
        self._running: set[asyncio.Task[None]] = set()
        self._clock_watch: asyncio.Task[None] | None = None
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
        self._clock_watch = asyncio.create_task(self._watch_the_clock(), name="clock")

    async def stop(self, within: float) -> None:
        """Begin no job any more, and give those that run ``within`` seconds to end."""
        if not self._plan.running:
            return
        self._plan.pause()
        if self._clock_watch is not None:
            self._clock_watch.cancel()
        await asyncio.sleep(0)  # a run that was just handed over begins now, and so is waited for too
        if self._running:
            await asyncio.wait(self._running, timeout=within)
        for task in self._running:
            log.error("The job %s did not end in time", task.get_name())
        self._plan.shutdown(wait=False)

    async def _watch_the_clock(self) -> None:
        """Plan anew when the clock is set back; else every job would wait until its old time comes again."""
        last = datetime.now(UTC)
        while True:
            await asyncio.sleep(CLOCK_LOOK_S)
            now = datetime.now(UTC)
            if last - now > SET_BACK:
                log.warning("The clock was set back by %s: the jobs are planned anew", last - now)
                for job in self._plan.get_jobs():
                    job.modify(next_run_time=job.trigger.get_next_fire_time(now, now))
            last = now

    async def _run(self, job: Job) -> None:
        if inspect.iscoroutinefunction(job.what):
            task = asyncio.create_task(job.what(), name=job.name)
        else:
            task = asyncio.create_task(asyncio.to_thread(job.what), name=job.name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # The scheduler cancels what runs when it shuts down, but half a job is none: so the job is shielded,
        # and the scheduler is not told, which would log it as an error.
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
